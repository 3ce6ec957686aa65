using Parley.Server.Sockets;

namespace Parley.Server.Clustering;

/// <summary>The other nodes of the cluster, to each of which every append is told once. Empty on a server that is none.</summary>
internal sealed class Peers
{
    private volatile Peer[] _peers = [];

    public bool IsEmpty => _peers.Length == 0;

    public void Publish(Publication publication)
    {
        foreach (Peer peer in _peers)
            peer.Add(publication);
    }

    public void Set(Peer[] peers) => _peers = peers;
}

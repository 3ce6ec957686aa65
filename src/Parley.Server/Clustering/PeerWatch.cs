namespace Parley.Server.Clustering;

/// <summary>
/// Follows who is in the cluster. A node that left may have appended something without telling anybody, so this one looks into the
/// store: nothing can follow, because the store takes no write of a node that was declared dead.
/// </summary>
internal sealed class PeerWatch(
    ClusterNode node, NodeFate fate, IClusterMembershipService membership, ILocalSiloDetails self, NodeServiceClient nodes, Peers peers, Reconciliation reconciliation, TimeProvider clock, ILogger<Peer> logger)
    : BackgroundService
{
    private readonly Dictionary<SiloAddress, Peer> _byAddress = [];

    /// <summary>Starts once the node is in the cluster: from here on the store refuses its writes when it no longer is.</summary>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        node.Database.Fence(self.SiloAddress.ToParsableString(), fate.End);
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (ClusterMembershipSnapshot snapshot in membership.MembershipUpdates.WithCancellation(stoppingToken))
                await ApplyAsync(snapshot);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node stops.
        }

        peers.Set([]);
        foreach (Peer peer in _byAddress.Values)
            await peer.DisposeAsync();
    }

    private async Task ApplyAsync(ClusterMembershipSnapshot snapshot)
    {
        var present = snapshot.Members.Values.Where(IsServing).Select(member => member.SiloAddress).ToHashSet();
        present.Remove(self.SiloAddress);
        foreach (SiloAddress added in present.Where(address => !_byAddress.ContainsKey(address)))
            _byAddress.Add(added, new Peer(nodes.At(added), clock, logger));
        List<SiloAddress> gone = [.. _byAddress.Keys.Where(address => !present.Contains(address))];
        List<Peer> left = [.. gone.Select(address => _byAddress[address])];
        gone.ForEach(address => _byAddress.Remove(address));
        peers.Set([.. _byAddress.Values]);
        foreach (Peer peer in left)
            await peer.DisposeAsync();
        if (left.Count > 0)
            reconciliation.Request();
    }

    private static bool IsServing(ClusterMember member) => member.Status is SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Stopping;
}

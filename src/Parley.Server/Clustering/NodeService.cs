using System.Collections.Immutable;
using Orleans.Runtime.Services;
using Orleans.Services;
using Parley.Server.Sockets;

namespace Parley.Server.Clustering;

/// <summary>How one node tells another what was appended.</summary>
internal interface INodeService : IGrainService
{
    /// <summary>Takes what the calling node has published since its last call.</summary>
    Task ReceiveAsync(Delivery delivery);
}

/// <summary>What one node tells another at once.</summary>
/// <param name="Publications">Entries that are durable, in the order they were published.</param>
/// <param name="MayHaveMissed">Whether the receiver may not have been told of some before these.</param>
[GenerateSerializer]
[Orleans.Immutable]
internal sealed record Delivery(ImmutableArray<Publication> Publications, bool MayHaveMissed);

/// <summary>
/// The receiving side, one on each node: hands on to the node's own subscribers. Off the thread that Orleans gives to it, so that what one
/// node tells does not wait for what another does; each keeps its own order, as it tells no more before it is answered.
/// </summary>
internal sealed class NodeService(GrainId id, Silo silo, ILoggerFactory loggers, Subscribers subscribers, Reconciliation reconciliation)
    : GrainService(id, silo, loggers), INodeService
{
    public Task ReceiveAsync(Delivery delivery) => Task.Run(() =>
    {
        foreach (Publication publication in delivery.Publications)
            subscribers.Publish(publication);
        if (delivery.MayHaveMissed)
            reconciliation.Request();
    });
}

/// <summary>The calling side.</summary>
internal sealed class NodeServiceClient(IServiceProvider services) : GrainServiceClient<INodeService>(services)
{
    public INodeService At(SiloAddress node) => GetGrainService(node);
}

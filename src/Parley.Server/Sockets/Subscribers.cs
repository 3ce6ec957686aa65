using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using Parley.Contracts.Identity;
using Parley.Server.Log;
using Parley.Server.Sequencing;
using Parley.Server.Telemetry;

namespace Parley.Server.Sockets;

/// <summary>
/// Who listens to which log on this node. Publishing is an optimisation: a subscription that misses an event, or cannot take it, reads
/// it from the store.
/// </summary>
internal sealed class Subscribers
{
    private const int LogsPerRead = 1000;

    private readonly ConcurrentDictionary<string, ImmutableArray<Subscription>> _byLog = new(StringComparer.Ordinal);

    public void Add(Subscription subscription) =>
        _byLog.AddOrUpdate(subscription.Log.Key, static (_, added) => [added], static (_, present, added) => present.Add(added), subscription);

    public void Remove(Subscription subscription)
    {
        string key = subscription.Log.Key;
        while (_byLog.TryGetValue(key, out ImmutableArray<Subscription> present))
        {
            ImmutableArray<Subscription> rest = present.Remove(subscription);
            bool replaced = rest.IsEmpty ? _byLog.TryRemove(new(key, present)) : _byLog.TryUpdate(key, rest, present);
            if (replaced)
                return;
        }
    }

    public bool HasAny(string log) => _byLog.ContainsKey(log);

    /// <summary>Offers a durable entry to all who listen. Entries of one log come in order from one sequencer; any other order costs a read.</summary>
    public void Publish(Publication publication)
    {
        if (!_byLog.TryGetValue(publication.Log, out ImmutableArray<Subscription> present))
            return;
        if (publication.Frame.Length == 0)
        {
            foreach (Subscription subscription in present)
                subscription.Wake();
            return;
        }

        using Activity? span = ServerMetrics.Traces.StartActivity("fan_out");
        ImmutableArray<DeviceId> removed = DeviceIds.Unpack(publication.Removed);
        int delivered = 0;
        foreach (Subscription subscription in present)
        {
            if (subscription.Offer(publication.Sequence, publication.Frame, isLast: removed.Contains(subscription.Device)))
                delivered++;
        }

        span?.SetTag("deliveries", delivered);
        ServerMetrics.DeliveredLive(delivered);
    }

    /// <summary>Compares with the store how far everybody is, and lets those read who have missed something.</summary>
    public async Task ReconcileAsync(ILogStore store)
    {
        foreach (ImmutableArray<Subscription>[] logs in _byLog.Values.Where(static present => LogIdOf(present) != 0).Chunk(LogsPerRead))
        {
            Dictionary<long, ImmutableArray<Subscription>> byId = logs.ToDictionary(LogIdOf);
            foreach ((long logId, ulong head) in await store.ReadHeadsAsync([.. byId.Keys]))
            {
                foreach (Subscription subscription in byId[logId])
                    subscription.Reach(head);
            }
        }
    }

    /// <summary>0 while none of them has begun: they will read what there is.</summary>
    private static long LogIdOf(ImmutableArray<Subscription> present) => present.Select(static subscription => subscription.LogId).FirstOrDefault(static id => id != 0);
}

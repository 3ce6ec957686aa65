using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using Parley.Contracts.Identity;
using Parley.Server.Log;
using Parley.Server.Telemetry;

namespace Parley.Server.Sockets;

/// <summary>
/// Who listens to which log on this node. Publishing is an optimisation: a subscription that misses an event, or cannot take it, reads
/// it from the store.
/// </summary>
internal sealed class Subscribers
{
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

    /// <summary>Offers a durable entry to all who listen. Entries of one log come in order.</summary>
    public void Publish(LogName log, StoredEntry entry, ImmutableArray<DeviceId> removed)
    {
        if (!_byLog.TryGetValue(log.Key, out ImmutableArray<Subscription> present))
            return;
        using Activity? span = ServerMetrics.Traces.StartActivity("fan_out");
        byte[] frame = Frames.Events(log, [entry]);
        int delivered = 0;
        foreach (Subscription subscription in present)
        {
            if (subscription.Offer(entry.Sequence, frame, isLast: removed.Contains(subscription.Device)))
                delivered++;
        }

        span?.SetTag("deliveries", delivered);
        ServerMetrics.DeliveredLive(delivered);
    }

    /// <summary>Says that a log has grown, to be read from the store.</summary>
    public void Wake(LogName log)
    {
        if (!_byLog.TryGetValue(log.Key, out ImmutableArray<Subscription> present))
            return;
        foreach (Subscription subscription in present)
            subscription.Wake();
    }
}

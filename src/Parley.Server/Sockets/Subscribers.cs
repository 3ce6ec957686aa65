using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using Parley.Contracts.Identity;
using Parley.Server.Log;
using Parley.Server.Sequencing;
using Parley.Server.Telemetry;

namespace Parley.Server.Sockets;

/// <summary>
/// Who is connected to this node, and who listens to which log. Publishing is an optimisation: a subscription that misses an event, or
/// cannot take it, reads it from the store.
/// </summary>
internal sealed class Subscribers
{
    private const int RowsPerRead = 1000;

    private readonly ConcurrentDictionary<string, ImmutableArray<Subscription>> _byLog = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<DeviceId, ImmutableArray<SubscriptionSet>> _byDevice = new();
    private long _revocations;

    /// <summary>
    /// Grows whenever a device is taken out of its account. Whoever signs in reads it first and again when it has been added here: if it
    /// has grown, the revocation may have come too early to find the connection, and the session been found too early to be gone.
    /// </summary>
    public long Revocations => Interlocked.Read(ref _revocations);

    public void Add(Subscription subscription) => Add(_byLog, subscription.Log.Key, subscription);

    public void Remove(Subscription subscription) => Remove(_byLog, subscription.Log.Key, subscription);

    /// <summary>Adds a connection that has signed in.</summary>
    public void Add(SubscriptionSet connection) => Add(_byDevice, connection.Device, connection);

    public void Remove(SubscriptionSet connection) => Remove(_byDevice, connection.Device, connection);

    public bool HasAny(string log) => _byLog.ContainsKey(log);

    /// <summary>Offers a durable entry to all who listen. Entries of one log come in order from one sequencer; any other order costs a read.</summary>
    public void Publish(Publication publication)
    {
        if (publication.Log.Length == 0)
        {
            Revoke(DeviceIds.Unpack(publication.Removed));
            return;
        }

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

    /// <summary>
    /// Compares with the store how far everybody is, and lets those read who have missed something; and ends the connections of devices that
    /// were taken out of their accounts.
    /// </summary>
    public async Task ReconcileAsync(ILogStore store)
    {
        foreach (DeviceId[] devices in _byDevice.Keys.Chunk(RowsPerRead))
            Revoke(await store.FindUnknownAsync(devices));
        foreach (ImmutableArray<Subscription>[] logs in _byLog.Values.Where(static present => LogIdOf(present) != 0).Chunk(RowsPerRead))
        {
            Dictionary<long, ImmutableArray<Subscription>> byId = logs.ToDictionary(LogIdOf);
            foreach ((long logId, ulong head) in await store.ReadHeadsAsync([.. byId.Keys]))
            {
                foreach (Subscription subscription in byId[logId])
                    subscription.Reach(head);
            }
        }
    }

    private void Revoke(IReadOnlyList<DeviceId> devices)
    {
        if (devices.Count > 0)
            Interlocked.Increment(ref _revocations);
        foreach (DeviceId device in devices)
        {
            if (!_byDevice.TryGetValue(device, out ImmutableArray<SubscriptionSet> connections))
                continue;
            foreach (SubscriptionSet connection in connections)
                connection.Revoke();
        }
    }

    private static void Add<TKey, T>(ConcurrentDictionary<TKey, ImmutableArray<T>> all, TKey key, T one)
        where TKey : notnull =>
        all.AddOrUpdate(key, static (_, added) => [added], static (_, present, added) => present.Add(added), one);

    private static void Remove<TKey, T>(ConcurrentDictionary<TKey, ImmutableArray<T>> all, TKey key, T one)
        where TKey : notnull
    {
        while (all.TryGetValue(key, out ImmutableArray<T> present))
        {
            ImmutableArray<T> rest = present.Remove(one);
            bool replaced = rest.IsEmpty ? all.TryRemove(new(key, present)) : all.TryUpdate(key, rest, present);
            if (replaced)
                return;
        }
    }

    /// <summary>0 while none of them has begun: they will read what there is.</summary>
    private static long LogIdOf(ImmutableArray<Subscription> present) => present.Select(static subscription => subscription.LogId).FirstOrDefault(static id => id != 0);
}

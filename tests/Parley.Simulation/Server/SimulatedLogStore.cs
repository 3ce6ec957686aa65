using Parley.Contracts.Identity;
using Parley.Server.Log;
using Parley.Server.Storage;
using Parley.Server.Tests.Storage;

namespace Parley.Simulation.Server;

/// <summary>
/// The server's disk: takes appends as they come and writes them in batches a little later, as the server's queue of writes does, so that
/// the sequencer has several under way and a crash finds some that are not written and some that are written and not acknowledged.
/// </summary>
internal sealed class SimulatedLogStore(MemoryStore disk, Action flushSoon, Action<NewEntry> stored) : ILogStore
{
    private List<(NewEntry Entry, TaskCompletionSource<AppendResult> Done)> _waiting = [];

    /// <summary>Whether it acknowledges what it has not written yet: a bug to be planted.</summary>
    public bool AcknowledgesTooEarly { get; init; }

    public bool HasWaiting => _waiting.Count > 0;

    public int WaitingCount => _waiting.Count;

    public Task<AppendResult> AppendAsync(NewEntry entry)
    {
        var done = new TaskCompletionSource<AppendResult>();
        _waiting.Add((entry, done));
        flushSoon();
        return AcknowledgesTooEarly ? Task.FromResult<AppendResult>(AppendResult.Stored.Instance) : done.Task;
    }

    /// <summary>Writes the first of what waits, all by default. Nobody is told before all of it is on the disk, and nobody at all if the machine then dies.</summary>
    public void Flush(int? first = null, bool dies = false)
    {
        List<(NewEntry Entry, TaskCompletionSource<AppendResult> Done)> batch = _waiting;
        _waiting = [];
        var results = new List<AppendResult>();
        foreach ((NewEntry entry, _) in batch.Take(first ?? batch.Count))
        {
            AppendResult result = disk.AppendAsync(entry).Result;
            if (result is AppendResult.Stored)
                stored(entry);
            results.Add(result);
        }

        if (dies)
            return;
        for (int i = 0; i < results.Count; i++)
            batch[i].Done.SetResult(results[i]);
    }

    /// <summary>The disk refuses all that waits; nothing of it was written.</summary>
    public void Refuse()
    {
        List<(NewEntry Entry, TaskCompletionSource<AppendResult> Done)> batch = _waiting;
        _waiting = [];
        var failure = new StoreUnavailableException("The simulated disk is full.", new IOException());
        foreach ((NewEntry entry, _) in batch)
            entry.Lease.Break(failure);
        foreach ((_, TaskCompletionSource<AppendResult> done) in batch)
            done.SetException(failure);
    }

    public Task<bool> CreateGroupAsync(LogName group, DeviceId creator) => disk.CreateGroupAsync(group, creator);

    public ValueTask<LogSnapshot?> LoadAsync(LogName log) => disk.LoadAsync(log);

    public ValueTask<LogAccess?> FindAccessAsync(LogName log, DeviceId device, ulong after) => disk.FindAccessAsync(log, device, after);

    public ValueTask<StoredEntry?> FindEntryAsync(long logId, MessageId messageId) => disk.FindEntryAsync(logId, messageId);

    public ValueTask<IReadOnlyList<StoredEntry>> ReadAsync(long logId, DeviceId reader, ulong after, int bytesMax) => disk.ReadAsync(logId, reader, after, bytesMax);

    public ValueTask<IReadOnlyList<(long LogId, ulong Head)>> ReadHeadsAsync(IReadOnlyList<long> logIds) => disk.ReadHeadsAsync(logIds);

    public ValueTask<IReadOnlyList<DeviceId>> FindUnknownAsync(IReadOnlyList<DeviceId> devices) => disk.FindUnknownAsync(devices);

    public Task ProbeAsync() => disk.ProbeAsync();

    public Task AcknowledgeAsync(long logId, DeviceId device, ulong cursor) => disk.AcknowledgeAsync(logId, device, cursor);
}

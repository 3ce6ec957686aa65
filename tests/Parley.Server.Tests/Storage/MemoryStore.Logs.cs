using Parley.Contracts.Identity;
using Parley.Server.Log;

namespace Parley.Server.Tests.Storage;

internal sealed partial class MemoryStore
{
    private readonly List<Log> _logs = [];

    public Task<bool> CreateGroupAsync(LogName group, DeviceId creator)
    {
        lock (_gate)
        {
            if (Find(group) is { } log)
                return Task.FromResult(log.Creator == creator);
            AddLog(group, creator);
            return Task.FromResult(true);
        }
    }

    public ValueTask<LogSnapshot?> LoadAsync(LogName log)
    {
        lock (_gate)
        {
            return new(Find(log) is { } found
                ? new LogSnapshot(found.Id, found.Head, found.Epoch, found.LastCommit, found.Stretches.Where(stretch => stretch.Through is null).Select(stretch => stretch.Device).ToHashSet())
                : null);
        }
    }

    public ValueTask<LogAccess?> FindAccessAsync(LogName log, DeviceId device, ulong after)
    {
        lock (_gate)
            return new(Find(log) is { } found && found.StretchOf(device, after) is { } stretch ? new LogAccess(found.Id, found.Head, stretch.After, stretch.Through, found.Epoch) : null);
    }

    public ValueTask<IReadOnlyList<(long LogId, ulong Head)>> ReadHeadsAsync(IReadOnlyList<long> logIds)
    {
        lock (_gate)
            return new([.. logIds.Select(id => (id, _logs[(int)id].Head))]);
    }

    public ValueTask<StoredEntry?> FindEntryAsync(long logId, MessageId messageId)
    {
        lock (_gate)
            return new(_logs[(int)logId].ById.TryGetValue(messageId, out StoredEntry entry) ? entry : null);
    }

    public ValueTask<IReadOnlyList<StoredEntry>> ReadAsync(long logId, DeviceId reader, ulong after, int bytesMax)
    {
        lock (_gate)
        {
            Log log = _logs[(int)logId];
            var page = new List<StoredEntry>();
            if (log.StretchOf(reader, after) is not { } stretch)
                return new(page);
            foreach (StoredEntry entry in log.Entries.Where(entry => entry.Sequence > Math.Max(after, stretch.After) && entry.Sequence <= (stretch.Through ?? ulong.MaxValue)))
            {
                if (page.Count > 0 && page.Sum(taken => taken.Envelope.Length) + entry.Envelope.Length > bytesMax)
                    break;
                page.Add(entry);
            }

            return new(page);
        }
    }

    public ValueTask<IReadOnlyList<DeviceId>> FindUnknownAsync(IReadOnlyList<DeviceId> devices)
    {
        lock (_gate)
            return new([.. devices.Where(device => !_devices.ContainsKey(device))]);
    }

    public Task<AppendResult> AppendAsync(NewEntry entry)
    {
        lock (_gate)
            return Task.FromResult(Append(entry));
    }

    public Task ProbeAsync() => Task.CompletedTask;

    public Task AcknowledgeAsync(long logId, DeviceId device, ulong cursor) => Task.CompletedTask;

    private AppendResult Append(NewEntry entry)
    {
        if (entry.Lease.IsBroken)
            return AppendResult.Stale.Instance;
        Log log = _logs[(int)entry.Lease.LogId];
        if (log.ById.TryGetValue(entry.MessageId, out StoredEntry first))
        {
            entry.Lease.Break();
            return new AppendResult.Repeated(first);
        }

        if (entry.Sequence != log.Head + 1)
        {
            entry.Lease.Break();
            return AppendResult.Stale.Instance;
        }

        var stored = new StoredEntry(entry.Sequence, entry.Envelope);
        log.Entries.Add(stored);
        log.ById.Add(entry.MessageId, stored);
        if (entry.Commit is { } commit)
            ApplyCommit(log, entry, commit);
        return AppendResult.Stored.Instance;
    }

    private void ApplyCommit(Log log, NewEntry entry, CommitEffects commit)
    {
        log.Epoch = commit.NextEpoch;
        log.LastCommit = entry.Sequence;
        for (int i = 0; i < log.Stretches.Count; i++)
        {
            if (log.Stretches[i].Through is null && commit.Removed.Contains(log.Stretches[i].Device))
                log.Stretches[i] = log.Stretches[i] with { Through = entry.Sequence };
        }

        foreach (DeviceId device in commit.Added)
        {
            if (!log.Stretches.Exists(stretch => stretch.Device == device && stretch.Through is null))
                log.Stretches.Add(new Stretch(device, entry.Sequence, Through: null));
            Log inbox = Find(LogName.Inbox(device))!; // Checked before the append.
            byte[] envelope = EnvelopeCodec.InboxWelcome(inbox.Head + 1, entry.MessageId, entry.Sequence, commit);
            inbox.Entries.Add(new StoredEntry(inbox.Head + 1, EnvelopeCodec.WithWelcome(envelope, commit.Welcome)));
        }
    }

    private Log? Find(LogName name) => _logs.Find(log => log.Name == name);

    private void AddLog(LogName name, DeviceId creator)
    {
        var log = new Log(_logs.Count, name, creator);
        log.Stretches.Add(new Stretch(creator, After: 0, Through: null));
        _logs.Add(log);
    }

    private sealed record Log(long Id, LogName Name, DeviceId Creator)
    {
        public List<StoredEntry> Entries { get; } = [];

        public Dictionary<MessageId, StoredEntry> ById { get; } = [];

        public List<Stretch> Stretches { get; } = [];

        public ulong Epoch { get; set; }

        public ulong LastCommit { get; set; }

        public ulong Head => (ulong)Entries.Count;

        public Stretch? StretchOf(DeviceId device, ulong after) => Stretches.Find(stretch => stretch.Device == device && (stretch.Through is null || stretch.Through > after));
    }

    private sealed record Stretch(DeviceId Device, ulong After, ulong? Through);
}

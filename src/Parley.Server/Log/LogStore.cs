using System.Runtime.InteropServices;
using Parley.Contracts.Identity;
using Parley.Server.Storage;

namespace Parley.Server.Log;

/// <summary>Logs, in the database.</summary>
internal sealed class LogStore(IDatabase database) : ILogStore
{
    private const string FindLog = "SELECT id FROM logs WHERE kind = $1 AND name = $2";

    // No envelope of a message is shorter, so a page of bytes has at most this many rows.
    private const int EnvelopeBytesMin = 64;

    public Task<bool> CreateGroupAsync(LogName group, DeviceId creator) => database.WriteAsync(session =>
    {
        byte[] device = creator.ToArray();
        byte[] name = group.ToBytes();
        long made = session.Find(
            "INSERT INTO logs (kind, name, creator, epoch) VALUES ($1, $2, $3, 0) ON CONFLICT DO NOTHING RETURNING id", row => row.GetInt64(0), (long)group.Kind, name, device);
        if (made != 0)
        {
            session.Execute("INSERT INTO members (log, device, after_sequence) VALUES ($1, $2, 0)", made, device);
            return true;
        }

        return session.Find("SELECT 1 FROM logs WHERE kind = $1 AND name = $2 AND creator = $3", _ => true, (long)group.Kind, name, device);
    });

    public ValueTask<LogSnapshot?> LoadAsync(LogName log) => database.ReadAsync(session =>
    {
        // One statement, so that head, epoch and members are of one moment.
        LogSnapshot? snapshot = null;
        var members = new HashSet<DeviceId>();
        session.Scan(
            """
            SELECT logs.id, (SELECT coalesce(max(sequence), 0) FROM entries WHERE log = logs.id), logs.epoch, coalesce(logs.last_commit, 0), members.device
            FROM logs LEFT JOIN members ON members.log = logs.id AND members.through_sequence IS NULL
            WHERE logs.kind = $1 AND logs.name = $2
            """,
            row =>
            {
                snapshot ??= new LogSnapshot(row.GetInt64(0), (ulong)row.GetInt64(1), (ulong)row.GetInt64(2), (ulong)row.GetInt64(3), members);
                if (!row.IsDBNull(4) && DeviceId.TryParse(row.GetFieldValue<byte[]>(4), out DeviceId device))
                    members.Add(device);
                return true;
            },
            (long)log.Kind, log.ToBytes());
        return snapshot;
    });

    public ValueTask<LogAccess?> FindAccessAsync(LogName log, DeviceId device, ulong after) => database.ReadAsync<LogAccess?>(session =>
    {
        LogAccess? newest = session.Find<LogAccess?>(
            """
            SELECT logs.id, (SELECT coalesce(max(sequence), 0) FROM entries WHERE log = logs.id), members.after_sequence, members.through_sequence, logs.epoch
            FROM logs JOIN members ON members.log = logs.id
            WHERE logs.kind = $1 AND logs.name = $2 AND members.device = $3
            """,
            row => new LogAccess(row.GetInt64(0), (ulong)row.GetInt64(1), (ulong)row.GetInt64(2), row.IsDBNull(3) ? null : (ulong)row.GetInt64(3), (ulong)row.GetInt64(4)),
            (long)log.Kind, log.ToBytes(), device.ToArray());

        // Nearly all are asked for what they stand in: only who was away when it was removed and added again reads in a former stretch, which never changes.
        LogAccess? access = newest is not null && after < newest.After
            ? session.Find<LogAccess?>(
                "SELECT after_sequence, through_sequence FROM former_members WHERE log = $1 AND device = $2 AND through_sequence > $3 ORDER BY after_sequence LIMIT 1",
                row => newest with { After = (ulong)row.GetInt64(0), Through = (ulong)row.GetInt64(1) },
                newest.LogId, device.ToArray(), (long)after) ?? newest
            : newest;
        return after >= access?.Through ? null : access;
    });

    public ValueTask<StoredEntry?> FindEntryAsync(long logId, MessageId messageId) => database.ReadAsync(session => FindEntry(session, logId, messageId.ToArray()));

    public ValueTask<IReadOnlyList<StoredEntry>> ReadAsync(long logId, DeviceId reader, ulong after, int bytesMax) => database.ReadAsync<IReadOnlyList<StoredEntry>>(session =>
    {
        var entries = new List<StoredEntry>();
        int bytes = 0;
        session.Scan(
            """
            WITH stretches AS (
                SELECT after_sequence, through_sequence FROM former_members WHERE log = $1 AND device = $2
                UNION ALL SELECT after_sequence, coalesce(through_sequence, 9223372036854775807) FROM members WHERE log = $1 AND device = $2),
            stretch AS (SELECT after_sequence, through_sequence FROM stretches WHERE through_sequence > $3 ORDER BY after_sequence LIMIT 1)
            SELECT entries.sequence, entries.envelope, welcomes.content
            FROM entries LEFT JOIN welcomes ON welcomes.id = entries.welcome
            WHERE entries.log = $1 AND entries.sequence > $3
                AND entries.sequence > (SELECT after_sequence FROM stretch) AND entries.sequence <= (SELECT through_sequence FROM stretch)
            ORDER BY entries.sequence LIMIT $4
            """,
            row =>
            {
                byte[] envelope = row.GetFieldValue<byte[]>(1);
                if (!row.IsDBNull(2))
                    envelope = EnvelopeCodec.WithWelcome(envelope, row.GetFieldValue<byte[]>(2));
                if (entries.Count > 0 && envelope.Length > bytesMax - bytes)
                    return false;
                entries.Add(new StoredEntry((ulong)row.GetInt64(0), envelope));
                bytes += envelope.Length;
                return bytes < bytesMax;
            },
            logId, reader.ToArray(), (long)after, Math.Max(1L, bytesMax / EnvelopeBytesMin));
        return entries;
    });

    public ValueTask<IReadOnlyList<(long LogId, ulong Head)>> ReadHeadsAsync(IReadOnlyList<long> logIds) => database.ReadAsync(session => session.ReadHeads(logIds));

    public ValueTask<IReadOnlyList<DeviceId>> FindUnknownAsync(IReadOnlyList<DeviceId> devices) => database.ReadAsync<IReadOnlyList<DeviceId>>(session =>
    {
        HashSet<DeviceId> known = session.ReadDevices(devices);
        return [.. devices.Where(device => !known.Contains(device))];
    });

    public Task<AppendResult> AppendAsync(NewEntry entry) =>
        database.WriteTogetherAsync<NewEntry, AppendResult>(entry, Append, entry.Envelope.Length + (entry.Commit?.Welcome.Length ?? 0) + 256, entry.Lease.Break);

    public Task AcknowledgeAsync(long logId, DeviceId device, ulong cursor) => database.WriteAsync(session => session.Execute(
        """
        INSERT INTO cursors (log, device, sequence) VALUES ($1, $2, $3)
        ON CONFLICT (log, device) DO UPDATE SET sequence = excluded.sequence WHERE cursors.sequence < excluded.sequence
        """,
        logId, device.ToArray(), (long)cursor));

    public Task ProbeAsync() => database.WriteAsync(session => session.Execute(
        "INSERT INTO settings (name, value) VALUES ('probe', '') ON CONFLICT (name) DO UPDATE SET value = excluded.value"));

    /// <summary>Appends in order. Entries without effects are inserted together, as far as no Commit stands between them.</summary>
    private static void Append(StoreSession session, ReadOnlySpan<NewEntry> entries, Span<AppendResult> results)
    {
        int begin = 0;
        for (int i = 0; i < entries.Length; i++)
        {
            if (entries[i].Commit is null)
                continue;
            Insert(session, entries[begin..(i + 1)], results[begin..(i + 1)]);
            if (results[i] is AppendResult.Stored)
                ApplyCommit(session, entries[i].Lease.LogId, entries[i], entries[i].Commit!); // Not null: seen above.
            begin = i + 1;
        }

        Insert(session, entries[begin..], results[begin..]);
    }

    /// <summary>
    /// Inserts what leases that hold have numbered. An entry that the store does not take breaks its lease; what was inserted behind it
    /// on the same lease is taken back, so that no number is skipped.
    /// </summary>
    private static void Insert(StoreSession session, ReadOnlySpan<NewEntry> entries, Span<AppendResult> results)
    {
        var offered = new List<NewEntry>(entries.Length);
        foreach (NewEntry entry in entries)
        {
            if (entry.Lease.Failure is { } failure)
                throw new StoreUnavailableException("A write of this log has failed.", failure);
            if (!entry.Lease.IsBroken)
                offered.Add(entry);
        }

        var inserted = new bool[offered.Count];
        if (inserted.Length > 0)
            session.InsertEntries(CollectionsMarshal.AsSpan(offered), inserted);
        int next = 0;
        for (int i = 0; i < entries.Length; i++)
        {
            bool wasOffered = next < inserted.Length && ReferenceEquals(offered[next], entries[i]);
            results[i] = Settle(session, entries[i], wasOffered && inserted[next]);
            if (wasOffered)
                next++;
        }
    }

    private static AppendResult Settle(StoreSession session, NewEntry entry, bool inserted)
    {
        LogLease lease = entry.Lease;
        if (!lease.IsBroken && inserted)
            return AppendResult.Stored.Instance;
        if (inserted)
            session.Execute("DELETE FROM entries WHERE log = $1 AND sequence = $2", lease.LogId, (long)entry.Sequence);
        if (lease.IsBroken)
            return AppendResult.Stale.Instance;
        if (FindEntry(session, lease.LogId, entry.MessageId.ToArray()) is { } first)
        {
            lease.Break();
            return new AppendResult.Repeated(first);
        }

        lease.Overtake();
        return AppendResult.Stale.Instance;
    }

    private static void ApplyCommit(StoreSession session, long logId, NewEntry entry, CommitEffects commit)
    {
        long sequence = (long)entry.Sequence;
        session.Execute("UPDATE logs SET epoch = $2, last_commit = $3 WHERE id = $1", logId, (long)commit.NextEpoch, sequence);
        foreach (DeviceId device in commit.Removed)
            session.Execute("UPDATE members SET through_sequence = $3 WHERE log = $1 AND device = $2 AND through_sequence IS NULL", logId, device.ToArray(), sequence);
        if (commit.Added.IsEmpty)
            return;

        long welcome = session.Find("INSERT INTO welcomes (content) VALUES ($1) RETURNING id", row => row.GetInt64(0), commit.Welcome);
        foreach (DeviceId device in commit.Added)
        {
            // A device that is a member already keeps what it may read; one that was removed keeps what it could read before.
            session.Execute(
                """
                INSERT INTO former_members (log, device, after_sequence, through_sequence)
                SELECT log, device, after_sequence, through_sequence FROM members WHERE log = $1 AND device = $2 AND through_sequence IS NOT NULL
                """,
                logId, device.ToArray());
            session.Execute(
                """
                INSERT INTO members (log, device, after_sequence) VALUES ($1, $2, $3)
                ON CONFLICT (log, device) DO UPDATE SET after_sequence = excluded.after_sequence, through_sequence = NULL WHERE members.through_sequence IS NOT NULL
                """,
                logId, device.ToArray(), sequence);
            AppendToInbox(session, device, welcome, entry, commit);
        }
    }

    private static void AppendToInbox(StoreSession session, DeviceId device, long welcome, NewEntry entry, CommitEffects commit)
    {
        long inbox = session.Find(FindLog, row => row.GetInt64(0), (long)LogKind.Inbox, device.ToArray());
        long sequence = session.Find("SELECT coalesce(max(sequence), 0) + 1 FROM entries WHERE log = $1", row => row.GetInt64(0), inbox);
        byte[] envelope = EnvelopeCodec.InboxWelcome((ulong)sequence, entry.MessageId, entry.Sequence, commit);
        session.Execute("INSERT INTO entries (log, sequence, welcome, envelope) VALUES ($1, $2, $3, $4)", inbox, sequence, welcome, envelope);
    }

    private static StoredEntry? FindEntry(StoreSession session, long logId, byte[] messageId) => session.Find<StoredEntry?>(
        "SELECT sequence, envelope FROM entries WHERE log = $1 AND message_id = $2", row => new StoredEntry((ulong)row.GetInt64(0), row.GetFieldValue<byte[]>(1)), logId, messageId);
}

using System.Collections.Immutable;
using Parley.Contracts.Identity;
using Parley.Server.Storage;

namespace Parley.Server.Log;

/// <summary>Logs in SQLite.</summary>
internal sealed class SqliteLogStore(SqliteDatabase database) : ILogStore
{
    private const string FindLog = "SELECT id FROM logs WHERE kind = $1 AND name = $2";

    public Task<bool> CreateGroupAsync(LogName group, DeviceId creator) => database.WriteAsync(session =>
    {
        byte[] device = creator.ToArray();
        byte[] name = group.ToBytes();
        if (session.Execute("INSERT OR IGNORE INTO logs (kind, name, creator, epoch) VALUES ($1, $2, $3, 0)", (long)group.Kind, name, device) == 1)
        {
            session.Execute("INSERT INTO members (log, device, after_sequence) VALUES (last_insert_rowid(), $1, 0)", device);
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
            SELECT logs.id, (SELECT coalesce(max(sequence), 0) FROM entries WHERE log = logs.id), logs.epoch, members.device
            FROM logs LEFT JOIN members ON members.log = logs.id AND members.through_sequence IS NULL
            WHERE logs.kind = $1 AND logs.name = $2
            """,
            row =>
            {
                snapshot ??= new LogSnapshot(row.GetInt64(0), (ulong)row.GetInt64(1), (ulong)row.GetInt64(2), members);
                if (!row.IsDBNull(3) && DeviceId.TryParse(row.GetFieldValue<byte[]>(3), out DeviceId device))
                    members.Add(device);
                return true;
            },
            (long)log.Kind, log.ToBytes());
        return snapshot;
    });

    public ValueTask<LogAccess?> FindAccessAsync(LogName log, DeviceId device) => database.ReadAsync(session => session.Find(
        """
        SELECT logs.id, (SELECT coalesce(max(sequence), 0) FROM entries WHERE log = logs.id), members.after_sequence, members.through_sequence
        FROM logs JOIN members ON members.log = logs.id
        WHERE logs.kind = $1 AND logs.name = $2 AND members.device = $3
        """,
        row => new LogAccess(row.GetInt64(0), (ulong)row.GetInt64(1), (ulong)row.GetInt64(2), row.IsDBNull(3) ? null : (ulong)row.GetInt64(3)),
        (long)log.Kind, log.ToBytes(), device.ToArray()));

    public ValueTask<StoredEntry?> FindEntryAsync(long logId, MessageId messageId) => database.ReadAsync(session => FindEntry(session, logId, messageId.ToArray()));

    public ValueTask<IReadOnlyList<StoredEntry>> ReadAsync(long logId, DeviceId reader, ulong after, int bytesMax) => database.ReadAsync<IReadOnlyList<StoredEntry>>(session =>
    {
        var entries = new List<StoredEntry>();
        int bytes = 0;
        session.Scan(
            """
            SELECT entries.sequence, entries.envelope, welcomes.content
            FROM members CROSS JOIN entries ON entries.log = members.log LEFT JOIN welcomes ON welcomes.id = entries.welcome
            WHERE members.log = $1 AND members.device = $2 AND entries.sequence > max($3, members.after_sequence)
                AND entries.sequence <= coalesce(members.through_sequence, 9223372036854775807)
            ORDER BY entries.sequence
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
            logId, reader.ToArray(), (long)after);
        return entries;
    });

    public ValueTask<bool> AllExistAsync(ImmutableArray<DeviceId> devices) => database.ReadAsync(session =>
        devices.All(device => session.Find("SELECT 1 FROM devices WHERE id = $1", _ => true, device.ToArray())));

    public Task<AppendResult> AppendAsync(NewEntry entry) =>
        database.WriteAsync(session => Append(session, entry), entry.Envelope.Length + (entry.Commit?.Welcome.Length ?? 0) + 256, entry.Lease.Break);

    public Task AcknowledgeAsync(long logId, DeviceId device, ulong cursor) => database.WriteAsync(session => session.Execute(
        """
        INSERT INTO cursors (log, device, sequence) VALUES ($1, $2, $3)
        ON CONFLICT (log, device) DO UPDATE SET sequence = max(sequence, excluded.sequence)
        """,
        logId, device.ToArray(), (long)cursor));

    public Task ProbeAsync() => database.WriteAsync(session => session.Execute(
        "INSERT INTO settings (name, value) VALUES ('probe', '0') ON CONFLICT (name) DO UPDATE SET value = 1 - value"));

    private static AppendResult Append(SqliteSession session, NewEntry entry)
    {
        if (entry.Lease.IsBroken)
            return entry.Lease.Failure is { } failure ? throw new StoreUnavailableException("A write of this log has failed.", failure) : AppendResult.Stale.Instance;
        long logId = entry.Lease.LogId;
        byte[] messageId = entry.MessageId.ToArray();
        int inserted = session.Execute(
            "INSERT OR IGNORE INTO entries (log, sequence, message_id, envelope) VALUES ($1, $2, $3, $4)", logId, (long)entry.Sequence, messageId, entry.Envelope);
        if (inserted == 0)
        {
            entry.Lease.Break();
            return FindEntry(session, logId, messageId) is { } first ? new AppendResult.Repeated(first) : AppendResult.Stale.Instance;
        }

        if (entry.Commit is { } commit)
            ApplyCommit(session, logId, entry, commit);
        return AppendResult.Stored.Instance;
    }

    private static void ApplyCommit(SqliteSession session, long logId, NewEntry entry, CommitEffects commit)
    {
        long sequence = (long)entry.Sequence;
        session.Execute("UPDATE logs SET epoch = $2 WHERE id = $1", logId, (long)commit.NextEpoch);
        foreach (DeviceId device in commit.Removed)
            session.Execute("UPDATE members SET through_sequence = $3 WHERE log = $1 AND device = $2 AND through_sequence IS NULL", logId, device.ToArray(), sequence);
        if (commit.Added.IsEmpty)
            return;

        session.Execute("INSERT INTO welcomes (content) VALUES ($1)", commit.Welcome);
        long welcome = session.Find("SELECT last_insert_rowid()", row => row.GetInt64(0));
        foreach (DeviceId device in commit.Added)
        {
            // A device that is a member already keeps what it may read.
            session.Execute(
                """
                INSERT INTO members (log, device, after_sequence) VALUES ($1, $2, $3)
                ON CONFLICT (log, device) DO UPDATE SET after_sequence = excluded.after_sequence, through_sequence = NULL WHERE through_sequence IS NOT NULL
                """,
                logId, device.ToArray(), sequence);
            AppendToInbox(session, device, welcome, entry, commit);
        }
    }

    private static void AppendToInbox(SqliteSession session, DeviceId device, long welcome, NewEntry entry, CommitEffects commit)
    {
        long inbox = session.Find(FindLog, row => row.GetInt64(0), (long)LogKind.Inbox, device.ToArray());
        long sequence = session.Find("SELECT coalesce(max(sequence), 0) + 1 FROM entries WHERE log = $1", row => row.GetInt64(0), inbox);
        byte[] envelope = EnvelopeCodec.InboxWelcome((ulong)sequence, entry.MessageId, entry.Sequence, commit);
        session.Execute("INSERT INTO entries (log, sequence, welcome, envelope) VALUES ($1, $2, $3, $4)", inbox, sequence, welcome, envelope);
    }

    private static StoredEntry? FindEntry(SqliteSession session, long logId, byte[] messageId) => session.Find<StoredEntry?>(
        "SELECT sequence, envelope FROM entries WHERE log = $1 AND message_id = $2", row => new StoredEntry((ulong)row.GetInt64(0), row.GetFieldValue<byte[]>(1)), logId, messageId);
}

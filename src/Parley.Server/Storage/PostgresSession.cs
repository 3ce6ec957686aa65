using System.Data;
using System.Data.Common;
using System.Net.Sockets;
using Npgsql;
using Parley.Contracts.Identity;
using Parley.Server.Log;

namespace Parley.Server.Storage;

/// <summary>
/// A connection to PostgreSQL. Its transactions are serializable, so what is written once for SQLite, which has one writer, is right
/// beside other nodes too: of two transactions that cannot both be as if alone, one fails and is tried again.
/// </summary>
internal sealed class PostgresSession(NpgsqlConnection connection) : StoreSession(connection)
{
    private const string BeginSerializable = "BEGIN ISOLATION LEVEL SERIALIZABLE";

    private volatile Fencing? _fence;
    private volatile string? _claim;

    /// <summary>Takes a lock that lasts as long as the connection, and again whenever there is a new one. False if somebody else has it now.</summary>
    public bool TryClaim(string statement)
    {
        _claim = statement;
        return Find(statement, row => row.GetBoolean(0));
    }

    /// <summary>
    /// From now on every transaction locks the row of this node among the cluster's members, and is refused once the node is dead. So
    /// when others see it dead, nothing of it is under way any more and nothing can follow.
    /// </summary>
    /// <param name="address">The node, in a form without quotes.</param>
    /// <param name="refused">Runs when a transaction was refused.</param>
    public void Fence(string address, Action refused) => _fence =
        new Fencing($"{BeginSerializable}; SELECT status FROM cluster_members WHERE address = '{address}' FOR SHARE", refused);

    /// <summary>Opens the connection again if it was lost.</summary>
    public override void Begin()
    {
        if (Connection.State != ConnectionState.Open)
        {
            ForgetPrepared();
            Connection.Close();
            Connection.Open();
            if (_claim is { } claim)
                Find(claim, row => row.GetBoolean(0)); // Without the result: it may be our own lost connection that still has it.
        }

        if (_fence is not { } fence)
        {
            Execute(BeginSerializable);
        }
        else if (Find(fence.Begin, row => (SiloStatus)row.GetInt64(0)) is SiloStatus.None or SiloStatus.Dead)
        {
            RollBack();
            fence.Refused();
            throw new FencedException();
        }
    }

    public override StoreFailure Classify(DbException failure) => failure switch
    {
        PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected } => StoreFailure.Conflict,
        FencedException => StoreFailure.Unreachable,
        // Idle in a transaction: this process stood still in the middle of one, and PostgreSQL has ended it and the connection.
        PostgresException { SqlState: "25P03" } => StoreFailure.Unreachable,
        // Class 53: disk full, out of memory, too many connections. Class 57: the administrator shuts down. Class 25: a standby takes no writes.
        PostgresException { SqlState: [('5'), ('7'), ..] or "25006" } => StoreFailure.Unreachable,
        PostgresException { SqlState: [('5'), ('3'), ..] or [('5'), ('8'), ..] } => StoreFailure.Refused,
        PostgresException => StoreFailure.Write,
        NpgsqlException or { InnerException: SocketException or IOException or TimeoutException } => StoreFailure.Unreachable,
        _ => StoreFailure.Write,
    };

    public override int ReadVersion() =>
        Find("SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'schema_version'", _ => true)
            ? Find("SELECT version FROM schema_version", row => row.GetInt32(0))
            : 0;

    public override void WriteVersion(int version) => Execute("UPDATE schema_version SET version = $1", version);

    /// <summary>One statement for all of them: a round trip for each would cost more than everything else.</summary>
    public override void InsertEntries(ReadOnlySpan<NewEntry> entries, Span<bool> inserted)
    {
        var (logs, sequences, messageIds, envelopes) = (new long[entries.Length], new long[entries.Length], new byte[entries.Length][], new byte[entries.Length][]);
        var places = new Dictionary<(long Log, long Sequence), int>(entries.Length);
        for (int i = 0; i < entries.Length; i++)
        {
            NewEntry entry = entries[i];
            (logs[i], sequences[i], messageIds[i], envelopes[i]) = (entry.Lease.LogId, (long)entry.Sequence, entry.MessageId.ToArray(), entry.Envelope);
            places.TryAdd((logs[i], sequences[i]), i);
        }

        inserted.Clear();
        DbCommand insert = Prepare(
            """
            INSERT INTO entries (log, sequence, message_id, envelope)
            SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[])
            ON CONFLICT DO NOTHING RETURNING log, sequence
            """,
            [logs, sequences, messageIds, envelopes]);
        using DbDataReader taken = insert.ExecuteReader();
        while (taken.Read())
            inserted[places[(taken.GetInt64(0), taken.GetInt64(1))]] = true;
    }

    public override IReadOnlyList<(long LogId, ulong Head)> ReadHeads(IReadOnlyList<long> logIds) => Query(
        "SELECT log, (SELECT coalesce(max(sequence), 0) FROM entries WHERE entries.log = asked.log) FROM unnest($1::bigint[]) AS asked (log)",
        row => (row.GetInt64(0), (ulong)row.GetInt64(1)),
        logIds.ToArray());

    public override HashSet<DeviceId> ReadDevices(IReadOnlyList<DeviceId> devices) => [.. Query(
        "SELECT id FROM devices WHERE id = ANY($1) AND revoked_at IS NULL",
        row => DeviceId.TryParse(row.GetFieldValue<byte[]>(0), out DeviceId device) ? device : throw new InvalidOperationException("The store has given other bytes than those it was asked for."),
        [devices.Select(device => device.ToArray()).ToArray()])];

    protected override DbParameter CreateParameter(int position) => new NpgsqlParameter();

    private sealed record Fencing(string Begin, Action Refused);
}

/// <summary>The other nodes have declared this one dead, so the database takes nothing from it.</summary>
internal sealed class FencedException() : DbException("The other nodes of the cluster have declared this one dead.");

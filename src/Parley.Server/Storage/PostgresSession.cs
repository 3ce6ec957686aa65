using System.Data;
using System.Data.Common;
using System.Net.Sockets;
using Npgsql;
using Parley.Server.Log;

namespace Parley.Server.Storage;

/// <summary>
/// A connection to PostgreSQL. Its transactions are serializable, so what is written once for SQLite, which has one writer, is right
/// beside other nodes too: of two transactions that cannot both be as if alone, one fails and is tried again.
/// </summary>
internal sealed class PostgresSession(NpgsqlConnection connection) : StoreSession(connection)
{
    /// <summary>Opens the connection again if it was lost.</summary>
    public override void Begin()
    {
        if (Connection.State != ConnectionState.Open)
        {
            ForgetPrepared();
            Connection.Close();
            Connection.Open();
        }

        Execute("BEGIN ISOLATION LEVEL SERIALIZABLE");
    }

    public override StoreFailure Classify(DbException failure) => failure switch
    {
        PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected } => StoreFailure.Conflict,
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

    protected override DbParameter CreateParameter(int position) => new NpgsqlParameter();
}

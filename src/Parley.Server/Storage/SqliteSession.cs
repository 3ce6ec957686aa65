using System.Data.Common;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Parley.Server.Log;

namespace Parley.Server.Storage;

/// <summary>A connection to the SQLite file.</summary>
internal sealed class SqliteSession(SqliteConnection connection) : StoreSession(connection)
{
    public override void Begin() => Execute("BEGIN IMMEDIATE");

    /// <summary>SQLITE_BUSY, NOMEM, READONLY, IOERR, FULL, CANTOPEN: the store's state, not the statement, is at fault.</summary>
    public override StoreFailure Classify(DbException failure) =>
        failure is SqliteException { SqliteErrorCode: 5 or 7 or 8 or 10 or 13 or 14 } ? StoreFailure.Refused : StoreFailure.Write;

    public override int ReadVersion() => Find("PRAGMA user_version", row => row.GetInt32(0));

    public override void WriteVersion(int version) => Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {version}"));

    public override void InsertEntries(ReadOnlySpan<NewEntry> entries, Span<bool> inserted)
    {
        for (int i = 0; i < entries.Length; i++)
        {
            NewEntry entry = entries[i];
            inserted[i] = Execute(
                "INSERT INTO entries (log, sequence, message_id, envelope) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                entry.Lease.LogId, (long)entry.Sequence, entry.MessageId.ToArray(), entry.Envelope) == 1;
        }
    }

    protected override DbParameter CreateParameter(int position) => new SqliteParameter { ParameterName = "$" + position };
}

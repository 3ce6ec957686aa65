using System.Data.Common;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Parley.Server.Log;
using SQLitePCL;

namespace Parley.Server.Storage;

/// <summary>A connection to the SQLite file.</summary>
internal sealed class SqliteSession(SqliteConnection connection) : StoreSession(connection)
{
    private sqlite3_stmt? _insertEntry;

    /// <summary>Runs after each COMMIT, with the number of pages it has written.</summary>
    public Action<SqliteSession, int>? Committed { get; set; }

    public override void Begin() => Execute("BEGIN IMMEDIATE");

    public override void Commit()
    {
        base.Commit();
        if (Committed is null)
            return;
        raw.sqlite3_db_status(connection.Handle, raw.SQLITE_DBSTATUS_CACHE_WRITE, out int pages, out _, resetFlg: 1);
        Committed(this, pages);
    }

    /// <summary>SQLITE_BUSY, NOMEM, READONLY, IOERR, FULL, CANTOPEN: the store's state, not the statement, is at fault.</summary>
    public override StoreFailure Classify(DbException failure) =>
        failure is SqliteException { SqliteErrorCode: 5 or 7 or 8 or 10 or 13 or 14 } ? StoreFailure.Refused : StoreFailure.Write;

    public override int ReadVersion() => Find("PRAGMA user_version", row => row.GetInt32(0));

    public override void WriteVersion(int version) => Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {version}"));

    /// <summary>By SQLite's own calls: a command of ADO.NET costs as much as the insertion.</summary>
    public override void InsertEntries(ReadOnlySpan<NewEntry> entries, Span<bool> inserted)
    {
        sqlite3 database = connection.Handle!; // Not null: it is open.
        if (_insertEntry is null)
        {
            Check(raw.sqlite3_prepare_v3(
                database, "INSERT INTO entries (log, sequence, message_id, envelope) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", raw.SQLITE_PREPARE_PERSISTENT, out _insertEntry));
        }

        for (int i = 0; i < entries.Length; i++)
        {
            NewEntry entry = entries[i];
            Check(raw.sqlite3_bind_int64(_insertEntry, 1, entry.Lease.LogId));
            Check(raw.sqlite3_bind_int64(_insertEntry, 2, (long)entry.Sequence));
            Check(raw.sqlite3_bind_blob(_insertEntry, 3, entry.MessageId.ToArray()));
            Check(raw.sqlite3_bind_blob(_insertEntry, 4, entry.Envelope)); // Without memory it would be NULL.
            int result = raw.sqlite3_step(_insertEntry);
            inserted[i] = raw.sqlite3_changes(database) == 1;
            raw.sqlite3_reset(_insertEntry);
            if (result != raw.SQLITE_DONE)
                Check(result);
        }
    }

    public override void Dispose()
    {
        _insertEntry?.Dispose();
        base.Dispose();
    }

    protected override DbParameter CreateParameter(int position) => new SqliteParameter { ParameterName = "$" + position };

    private void Check(int result)
    {
        if (result != raw.SQLITE_OK)
            throw new SqliteException(raw.sqlite3_errmsg(connection.Handle).utf8_to_string(), result & 0xff, result);
    }
}

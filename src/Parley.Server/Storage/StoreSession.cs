using System.Data.Common;
using Parley.Contracts.Identity;
using Parley.Server.Log;

namespace Parley.Server.Storage;

/// <summary>
/// One connection to the store and the statements prepared on it, which are kept for its life: preparing costs more than running.
/// Statements name their values <c>$1</c>, <c>$2</c> and so on, and are written in the SQL that SQLite and PostgreSQL share. Used by
/// one thread at a time.
/// </summary>
internal abstract class StoreSession(DbConnection connection) : IDisposable
{
    private readonly Dictionary<string, DbCommand> _prepared = new(StringComparer.Ordinal);

    protected DbConnection Connection { get; } = connection;

    /// <summary>Begins a transaction that sees nothing of those beside it.</summary>
    public abstract void Begin();

    /// <summary>Makes all since <see cref="Begin"/> durable.</summary>
    public virtual void Commit() => Execute("COMMIT");

    /// <summary>Undoes all since <see cref="Begin"/>.</summary>
    public void RollBack() => Execute("ROLLBACK");

    /// <summary>What a failure of the store means for the write that met it.</summary>
    public abstract StoreFailure Classify(DbException failure);

    /// <summary>The version its migrations have brought the database to; 0 if it is empty.</summary>
    public abstract int ReadVersion();

    /// <summary>Notes the version, within the transaction of the migration.</summary>
    public abstract void WriteVersion(int version);

    /// <summary>Inserts entries whose number and message id are free in their logs, and says of each whether it was.</summary>
    public abstract void InsertEntries(ReadOnlySpan<NewEntry> entries, Span<bool> inserted);

    /// <summary>How far each of the logs is.</summary>
    public virtual IReadOnlyList<(long LogId, ulong Head)> ReadHeads(IReadOnlyList<long> logIds) =>
        [.. logIds.Select(id => (id, Find("SELECT coalesce(max(sequence), 0) FROM entries WHERE log = $1", row => (ulong)row.GetInt64(0), id)))];

    /// <summary>Those of the devices that there are, and that were not taken out of their accounts.</summary>
    public virtual HashSet<DeviceId> ReadDevices(IReadOnlyList<DeviceId> devices) =>
        [.. devices.Where(device => Find("SELECT 1 FROM devices WHERE id = $1 AND revoked_at IS NULL", _ => true, device.ToArray()))];

    /// <summary>Runs a statement and returns the number of rows it changed.</summary>
    public int Execute(string sql, params ReadOnlySpan<object?> values) => Prepare(sql, values).ExecuteNonQuery();

    /// <summary>The first row, or the type's default if there is none.</summary>
    public T? Find<T>(string sql, Func<DbDataReader, T> map, params ReadOnlySpan<object?> values)
    {
        using DbDataReader reader = Prepare(sql, values).ExecuteReader();
        return reader.Read() ? map(reader) : default;
    }

    /// <summary>All rows.</summary>
    public List<T> Query<T>(string sql, Func<DbDataReader, T> map, params ReadOnlySpan<object?> values)
    {
        var rows = new List<T>();
        using DbDataReader reader = Prepare(sql, values).ExecuteReader();
        while (reader.Read())
            rows.Add(map(reader));
        return rows;
    }

    /// <summary>Rows for as long as <paramref name="take"/> says true. The rest may be read and dropped, so the statement has a LIMIT.</summary>
    public void Scan(string sql, Func<DbDataReader, bool> take, params ReadOnlySpan<object?> values)
    {
        using DbDataReader reader = Prepare(sql, values).ExecuteReader();
        while (reader.Read() && take(reader))
        {
        }
    }

    public virtual void Dispose()
    {
        ForgetPrepared();
        Connection.Dispose();
    }

    /// <summary>Names the value at a position of a statement's list.</summary>
    protected abstract DbParameter CreateParameter(int position);

    protected void ForgetPrepared()
    {
        foreach (DbCommand command in _prepared.Values)
            command.Dispose();
        _prepared.Clear();
    }

    protected DbCommand Prepare(string sql, ReadOnlySpan<object?> values)
    {
        if (!_prepared.TryGetValue(sql, out DbCommand? command))
        {
            command = CreateCommand(sql, values.Length);
            _prepared.Add(sql, command);
        }

        for (int i = 0; i < values.Length; i++)
            command.Parameters[i].Value = values[i] ?? DBNull.Value;
        return command;
    }

    private DbCommand CreateCommand(string sql, int valueCount)
    {
        DbCommand command = Connection.CreateCommand();
#pragma warning disable CA2100 // Every caller passes a constant; values travel as parameters only.
        command.CommandText = sql;
#pragma warning restore CA2100
        for (int i = 1; i <= valueCount; i++)
            command.Parameters.Add(CreateParameter(i));
        return command;
    }
}

/// <summary>What a failure of the store means for the write that met it.</summary>
internal enum StoreFailure
{
    /// <summary>The write is at fault: it fails alone.</summary>
    Write,

    /// <summary>It met a transaction of another node, and may well succeed if it is tried again.</summary>
    Conflict,

    /// <summary>The store cannot take this write now: the disk may be full, and a smaller one may still fit.</summary>
    Refused,

    /// <summary>The store cannot be reached: no write will succeed now.</summary>
    Unreachable,
}

using Microsoft.Data.Sqlite;
using Parley.Client.Store;

namespace Parley.Client.Sqlite;

/// <summary>
/// The client's store in one SQLite file: write-ahead log, <c>synchronous=FULL</c>, so that a batch is on the disk when <see cref="Write"/>
/// returns. The database is opened in SQLite's exclusive locking mode: a second process, or a second store, on the same file is refused at
/// once, and a killed process leaves nothing to clean up. Values are stored as they are; <see cref="ProfileStore"/> encrypts them.
/// </summary>
public sealed class SqliteClientStore : IClientStore
{
    // The shortest there is: a wait helps nobody, since the other keeps its lock for as long as it runs. 0 would wait for ever.
    private const int LockWaitSeconds = 1;
    private const int SqliteBusy = 5;
    private const int SqliteCorrupt = 11;
    private const int SqliteNotADatabase = 26;

    // Guards the connection: the contract lets any thread read, and exclusive locking allows one connection only.
    private readonly Lock _gate = new();
    private readonly SqliteConnection _connection;

    private SqliteClientStore(SqliteConnection connection) => _connection = connection;

    /// <summary>Opens the file, or makes it. Refused if another has it open, if a newer version has written it, or if it is no database.</summary>
    public static ClientResult<SqliteClientStore> Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        // Without pooling, disposing the store closes the file.
        string address = new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = LockWaitSeconds }.ToString();
        var connection = new SqliteConnection(address);
        try
        {
            connection.Open();
            Execute(connection, "PRAGMA locking_mode = EXCLUSIVE");
            Execute(connection, "PRAGMA journal_mode = WAL");
            Execute(connection, "PRAGMA synchronous = FULL");
            // What is deleted, such as a message's key, is overwritten and not left in a free page.
            Execute(connection, "PRAGMA secure_delete = ON");
            // The lock is taken by the first write and then kept.
            Execute(connection, "BEGIN EXCLUSIVE; COMMIT");
            if (!ClientMigrations.TryApply(connection))
            {
                connection.Dispose();
                return ClientResult.Refuse<SqliteClientStore>(ClientErrorCode.ProfileTooNew);
            }

            return ClientResult.Of(new SqliteClientStore(connection));
        }
        catch (SqliteException e)
        {
            connection.Dispose();
            return ClientResult.Refuse<SqliteClientStore>(e.SqliteErrorCode switch
            {
                SqliteBusy => ClientErrorCode.ProfileInUse,
                SqliteCorrupt or SqliteNotADatabase => ClientErrorCode.ProfileDamaged,
                _ => ClientErrorCode.StoreFailed,
            });
        }
    }

    /// <inheritdoc/>
    public byte[]? Get(ReadOnlySpan<byte> key)
    {
        byte[] wanted = key.ToArray();
        return Guarded(connection =>
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "SELECT value FROM entries WHERE key = $key";
            command.Parameters.AddWithValue("$key", wanted);
            return (byte[]?)command.ExecuteScalar();
        });
    }

    /// <inheritdoc/>
    public IReadOnlyList<StoreEntry> Read(StoreRange range)
    {
        ArgumentNullException.ThrowIfNull(range);
        return Guarded(connection =>
        {
            using SqliteCommand command = connection.CreateCommand();
            BuildQuery(command, "key, value", range);
            using SqliteDataReader rows = command.ExecuteReader();
            var found = new List<StoreEntry>();
            while (rows.Read())
                found.Add(new StoreEntry(rows.GetFieldValue<byte[]>(0), rows.GetFieldValue<byte[]>(1)));
            return found;
        });
    }

    /// <inheritdoc/>
    public IReadOnlyList<byte[]> ReadKeys(StoreRange range)
    {
        ArgumentNullException.ThrowIfNull(range);
        return Guarded(connection =>
        {
            using SqliteCommand command = connection.CreateCommand();
            BuildQuery(command, "key", range);
            using SqliteDataReader rows = command.ExecuteReader();
            var found = new List<byte[]>();
            while (rows.Read())
                found.Add(rows.GetFieldValue<byte[]>(0));
            return found;
        });
    }

    /// <inheritdoc/>
    public void Write(StoreBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        Guarded(connection =>
        {
            using SqliteTransaction transaction = connection.BeginTransaction();
            using SqliteCommand put = connection.CreateCommand();
            put.CommandText = "INSERT INTO entries (key, value) VALUES ($key, $value) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
            SqliteParameter putKey = put.Parameters.Add("$key", SqliteType.Blob);
            SqliteParameter putValue = put.Parameters.Add("$value", SqliteType.Blob);
            using SqliteCommand delete = connection.CreateCommand();
            delete.CommandText = "DELETE FROM entries WHERE key = $key";
            SqliteParameter deleteKey = delete.Parameters.Add("$key", SqliteType.Blob);
            foreach ((byte[] key, byte[]? value) in batch.Writes)
            {
                if (value is null)
                {
                    deleteKey.Value = key;
                    delete.ExecuteNonQuery();
                }
                else
                {
                    putKey.Value = key;
                    putValue.Value = value;
                    put.ExecuteNonQuery();
                }
            }

            transaction.Commit();
            return true;
        });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
            _connection.Dispose();
    }

    private static void BuildQuery(SqliteCommand command, string columns, StoreRange range)
    {
        var conditions = new List<string> { "key >= $prefix" };
        command.Parameters.AddWithValue("$prefix", range.Prefix.ToArray());
        if (StoreKey.After(range.Prefix.Span) is { } end)
        {
            conditions.Add("key < $end");
            command.Parameters.AddWithValue("$end", end);
        }

        if (range.Start is { } start)
        {
            conditions.Add(range.Descending ? "key < $start" : "key > $start");
            command.Parameters.AddWithValue("$start", start.ToArray());
        }

        command.Parameters.AddWithValue("$limit", range.Limit);
        string direction = range.Descending ? "DESC" : "ASC";
#pragma warning disable CA2100 // Built from the constants above; every value is a parameter.
        command.CommandText = $"SELECT {columns} FROM entries WHERE {string.Join(" AND ", conditions)} ORDER BY key {direction} LIMIT $limit";
#pragma warning restore CA2100
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // Constants of this file.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    private T Guarded<T>(Func<SqliteConnection, T> work)
    {
        lock (_gate)
        {
            try
            {
                return work(_connection);
            }
            catch (SqliteException e)
            {
                bool isDamaged = e.SqliteErrorCode is SqliteCorrupt or SqliteNotADatabase;
                throw new ClientStoreException($"SQLite error {e.SqliteExtendedErrorCode}.", e) { Code = isDamaged ? ClientErrorCode.ProfileDamaged : ClientErrorCode.StoreFailed };
            }
        }
    }
}

using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Parley.Server.Storage;

/// <summary>
/// The database file: one connection that writes, behind the <see cref="WriteQueue"/>, and a few that read. In write-ahead-log mode
/// readers never wait for the writer, and <c>synchronous=FULL</c> syncs the disk at every COMMIT.
/// </summary>
internal sealed class SqliteDatabase : IDatabase
{
    private const int ReadersMax = 4;
    private const int BusySeconds = 5;

    // The indexes are written all over: 16 MB of them stay in memory, and pages changed again and again are copied from the
    // write-ahead log into the file every 32 MB and not every 4.
    private const string WriterCache = "PRAGMA cache_size = -16384";
    private const string CheckpointRarely = "PRAGMA wal_autocheckpoint = 8000";

    private readonly string _path;
    private readonly WriteQueue _writes;
    private readonly ConcurrentBag<SqliteSession> _readers = [];
    private readonly SemaphoreSlim _readerSlots = new(ReadersMax);

    private SqliteDatabase(string path, WriteQueue writes)
    {
        _path = path;
        _writes = writes;
    }

    /// <summary>Opens or makes the database and brings it to this version.</summary>
    /// <exception cref="DatabaseVersionException">A newer version of Parley has written it. It is left as it is.</exception>
    /// <exception cref="SqliteException">It cannot be opened, or is not a database.</exception>
    public static SqliteDatabase Open(string path, ILogger logger, Action<StoreSession>? configureWriter = null)
    {
        SqliteSession writer = OpenSession(path, SqliteOpenMode.ReadWriteCreate);
        try
        {
            // Before anything that writes: a database from a newer version is not touched, not even its journal mode.
            Migrations.Sqlite.RefuseNewer(writer);
            writer.Find("PRAGMA journal_mode = WAL", row => row.GetString(0));
            writer.Execute("PRAGMA synchronous = FULL");
            writer.Execute("PRAGMA foreign_keys = ON");
            writer.Execute(WriterCache);
            writer.Find(CheckpointRarely, row => row.GetInt64(0));
            Migrations.Sqlite.Apply(writer);
            configureWriter?.Invoke(writer);
        }
        catch
        {
            writer.Dispose();
            throw;
        }

        return new SqliteDatabase(path, new WriteQueue(writer, logger));
    }

    public string Description => Path.GetDirectoryName(_path)!; // The file is in a folder.

    public Task<T> WriteAsync<T>(Func<StoreSession, T> apply, int bytes = 1024, Action<Exception>? failed = null) => _writes.WriteAsync(apply, bytes, failed);

    public Task<TResult> WriteTogetherAsync<TItem, TResult>(TItem item, ApplyTogether<TItem, TResult> apply, int bytes, Action<Exception>? failed) =>
        _writes.WriteTogetherAsync(item, apply, bytes, failed);

    public async ValueTask<T> ReadAsync<T>(Func<StoreSession, T> read)
    {
        await _readerSlots.WaitAsync();
        try
        {
            if (!_readers.TryTake(out SqliteSession? session))
                session = OpenSession(_path, SqliteOpenMode.ReadOnly);
            try
            {
                return read(session);
            }
            finally
            {
                _readers.Add(session);
            }
        }
        catch (SqliteException e)
        {
            throw new StoreUnavailableException("The store cannot read.", e);
        }
        finally
        {
            _readerSlots.Release();
        }
    }

    /// <summary>Waits for the writes under way, then closes the file. Readers must have stopped.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (SqliteSession reader in _readers)
            reader.Dispose();
        await _writes.DisposeAsync();
        _readerSlots.Dispose();
    }

    private static SqliteSession OpenSession(string path, SqliteOpenMode mode)
    {
        var settings = new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false, DefaultTimeout = BusySeconds };
        var connection = new SqliteConnection(settings.ToString());
        try
        {
            connection.Open();
            return new SqliteSession(connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}

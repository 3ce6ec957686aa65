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

    // The index by log is written all over: 16 MB of it stay in memory.
    private const string WriterCache = "PRAGMA cache_size = -16384";
    private const string NoCheckpointAtCommit = "PRAGMA wal_autocheckpoint = 0";

    private readonly string _path;
    private readonly WriteQueue _writes;
    private readonly SqliteCheckpoints _checkpoints;
    private readonly ConcurrentBag<SqliteSession> _readers = [];
    private readonly SemaphoreSlim _readerSlots = new(ReadersMax);

    private SqliteDatabase(string path, WriteQueue writes, SqliteCheckpoints checkpoints)
    {
        _path = path;
        _writes = writes;
        _checkpoints = checkpoints;
    }

    /// <summary>Opens or makes the database and brings it to this version.</summary>
    /// <exception cref="DatabaseVersionException">A newer version of Parley has written it. It is left as it is.</exception>
    /// <exception cref="SqliteException">It cannot be opened, or is not a database.</exception>
    public static SqliteDatabase Open(string path, ILogger logger, Action<StoreSession>? configureWriter = null)
    {
        SqliteSession writer = OpenSession(path, SqliteOpenMode.ReadWriteCreate);
        SqliteSession? copier = null;
        try
        {
            // Before anything that writes: a database from a newer version is not touched, not even its journal mode.
            Migrations.Sqlite.RefuseNewer(writer);
            writer.Find("PRAGMA journal_mode = WAL", row => row.GetString(0));
            writer.Execute("PRAGMA synchronous = FULL");
            writer.Execute("PRAGMA foreign_keys = ON");
            writer.Execute(WriterCache);
            writer.Find(NoCheckpointAtCommit, row => row.GetInt64(0));
            Migrations.Sqlite.Apply(writer);
            configureWriter?.Invoke(writer);
            copier = OpenSession(path, SqliteOpenMode.ReadWrite);
            copier.Execute("PRAGMA synchronous = FULL");
            var checkpoints = new SqliteCheckpoints(copier);
            writer.Committed = checkpoints.Committed;
            return new SqliteDatabase(path, new WriteQueue(writer, logger), checkpoints);
        }
        catch
        {
            copier?.Dispose();
            writer.Dispose();
            throw;
        }
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
        _checkpoints.Dispose();
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

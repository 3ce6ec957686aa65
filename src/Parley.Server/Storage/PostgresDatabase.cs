using System.Collections.Concurrent;
using System.Data.Common;
using Npgsql;

namespace Parley.Server.Storage;

/// <summary>
/// A PostgreSQL database, for several nodes or where one is kept anyway. Each node has one connection that writes, behind a
/// <see cref="WriteQueue"/> of its own, and some that read. A COMMIT is answered when it is on PostgreSQL's disk
/// (<c>synchronous_commit=on</c>), whatever the server's own setting.
/// </summary>
internal sealed class PostgresDatabase : IDatabase
{
    private const int ReadersMax = 16;
    private const int TimeoutSeconds = 10;

    // Any number will do, as long as nobody else in this database takes it: nodes that start together migrate one after the other.
    private const long MigrationLock = 0x5061726C6579;
    private const long ServerLock = MigrationLock + 1;

    // A transaction whose process stands still must not keep others waiting for the rows it has locked.
    private const string SessionOptions = "-c synchronous_commit=on -c idle_in_transaction_session_timeout=5s";

    private readonly NpgsqlDataSource _source;
    private readonly PostgresSession _writer;
    private readonly WriteQueue _writes;
    private readonly ConcurrentBag<PostgresSession> _readers = [];
    private readonly SemaphoreSlim _readerSlots = new(ReadersMax);

    private PostgresDatabase(NpgsqlDataSource source, PostgresSession writer, ILogger logger, string description)
    {
        _source = source;
        _writer = writer;
        _writes = new WriteQueue(writer, logger);
        Description = description;
    }

    public string Description { get; }

    /// <summary>Connects and brings the database to this version.</summary>
    /// <exception cref="DatabaseVersionException">A newer version of Parley has written it. It is left as it is.</exception>
    /// <exception cref="NpgsqlException">It cannot be reached, or refuses us.</exception>
    public static PostgresDatabase Open(NpgsqlConnectionStringBuilder settings, ILogger logger)
    {
        NpgsqlDataSource source = NpgsqlDataSource.Create(Complete(settings));
        PostgresSession? writer = null;
        try
        {
            writer = OpenSession(source);
            Migrations.Postgres.RefuseNewer(writer);
            Migrations.Postgres.Apply(writer, static session => session.Find("SELECT pg_advisory_xact_lock($1)", _ => true, MigrationLock));
            return new PostgresDatabase(source, writer, logger, Describe(settings));
        }
        catch
        {
            writer?.Dispose();
            source.Dispose();
            throw;
        }
    }

    /// <summary>What people call it, without the password.</summary>
    public static string Describe(NpgsqlConnectionStringBuilder settings) => $"PostgreSQL database {settings.Database} on {settings.Host}";

    /// <summary>Whether no other server uses the database, or none but nodes of the same cluster. None can from then on, until the connection ends.</summary>
    public Task<bool> TryClaimAsync(bool isNode) => WriteAsync(_ => _writer.TryClaim($"SELECT pg_try_advisory_lock{(isNode ? "_shared" : "")}({ServerLock})"));

    /// <inheritdoc cref="PostgresSession.Fence"/>
    public void Fence(string address, Action refused) => _writer.Fence(address, refused);

    public Task<T> WriteAsync<T>(Func<StoreSession, T> apply, int bytes = 1024, Action<Exception>? failed = null) => _writes.WriteAsync(apply, bytes, failed);

    public Task<TResult> WriteTogetherAsync<TItem, TResult>(TItem item, ApplyTogether<TItem, TResult> apply, int bytes, Action<Exception>? failed) =>
        _writes.WriteTogetherAsync(item, apply, bytes, failed);

    public async ValueTask<T> ReadAsync<T>(Func<StoreSession, T> read)
    {
        await _readerSlots.WaitAsync();
        try
        {
            // A connection that was kept may have been cut since it was last used. That costs a new connection, and nobody an answer.
            if (_readers.TryTake(out PostgresSession? kept))
            {
                try
                {
                    return Read(kept, read);
                }
                catch (DbException e) when (e.InnerException is not TimeoutException)
                {
                    // Read again below.
                }
            }

            return Read(OpenSession(_source), read);
        }
        catch (DbException e)
        {
            throw new StoreUnavailableException("The store cannot read.", e);
        }
        finally
        {
            _readerSlots.Release();
        }
    }

    /// <summary>Waits for the writes under way, then disconnects. Readers must have stopped.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (PostgresSession reader in _readers)
            reader.Dispose();
        await _writes.DisposeAsync();
        await _source.DisposeAsync();
        _readerSlots.Dispose();
    }

    /// <summary>Reads, and keeps the connection for the next reader unless it may be lost or in the middle of an answer.</summary>
    private T Read<T>(PostgresSession session, Func<StoreSession, T> read)
    {
        try
        {
            T result = read(session);
            _readers.Add(session);
            return result;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    private static string Complete(NpgsqlConnectionStringBuilder settings) => new NpgsqlConnectionStringBuilder(settings.ConnectionString)
    {
        ApplicationName = settings.ApplicationName ?? "parley",
        Timeout = TimeoutSeconds,
        CommandTimeout = TimeoutSeconds,
        KeepAlive = TimeoutSeconds,
        MaxPoolSize = ReadersMax + 1,
        MaxAutoPrepare = 64,
        AutoPrepareMinUsages = 2,
        Options = SessionOptions,
        Enlist = false,
        // Of several hosts, the one that takes writes, and soon after it is another.
        TargetSessionAttributes = settings.Host?.Contains(',', StringComparison.Ordinal) == true ? "primary" : null,
        HostRecheckSeconds = 1,
    }.ConnectionString;

    private static PostgresSession OpenSession(NpgsqlDataSource source)
    {
        NpgsqlConnection connection = source.CreateConnection();
        try
        {
            connection.Open();
            return new PostgresSession(connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}

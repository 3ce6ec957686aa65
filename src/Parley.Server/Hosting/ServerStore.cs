using System.Net;
using System.Net.Sockets;
using Microsoft.Data.Sqlite;
using Npgsql;
using Parley.Server.Storage;

namespace Parley.Server.Hosting;

/// <summary>Where a server keeps everything.</summary>
/// <param name="DataDirectory">The folder of the SQLite database, if there is no other.</param>
/// <param name="Postgres">The PostgreSQL database, if there is one.</param>
internal sealed record StoreSettings(string DataDirectory, NpgsqlConnectionStringBuilder? Postgres);

/// <summary>The opened database, and what else is held while it is used. One server at a time uses it.</summary>
internal sealed class ServerStore : IAsyncDisposable
{
    private const string DatabaseFile = "parley.db";
    private const string LockFile = "parley.lock";

    private readonly FileStream? _lock;

    private ServerStore(IDatabase database, FileStream? held)
    {
        Database = database;
        _lock = held;
    }

    public IDatabase Database { get; }

    /// <summary>Opens the store for a server, and makes it if there is none.</summary>
    /// <exception cref="StartupException">It cannot be used; the message says why.</exception>
    public static async Task<ServerStore> OpenForServerAsync(StoreSettings settings, bool isNode, ILoggerFactory loggers)
    {
        if (settings.Postgres is null)
        {
            return isNode
                ? throw new StartupException(ExitCode.WrongSetting, "The nodes of a cluster share a PostgreSQL database. Name it with --database, or leave --cluster-listen out.")
                : OpenFolderForServer(settings.DataDirectory, loggers);
        }

        PostgresDatabase database = OpenPostgres(settings.Postgres, loggers);
        if (await database.TryClaimAsync(isNode))
            return new ServerStore(database, held: null);
        await database.DisposeAsync();
        throw new StartupException(
            ExitCode.CannotStart, $"Another server is using the {database.Description}.{(isNode ? " It is no node of a cluster: that takes --cluster-listen on all of them." : " If it is a node of a cluster, so must this one be.")}");
    }

    /// <summary>Opens the store beside a server that may be running.</summary>
    /// <exception cref="StartupException">There is no database, or it cannot be used.</exception>
    public static ServerStore OpenExisting(StoreSettings settings, ILoggerFactory loggers)
    {
        if (settings.Postgres is not null)
            return new ServerStore(OpenPostgres(settings.Postgres, loggers), held: null);
        string path = settings.DataDirectory;
        return File.Exists(Path.Combine(path, DatabaseFile))
            ? new ServerStore(OpenSqlite(path, loggers), held: null)
            : throw new StartupException(ExitCode.WrongSetting, $"There is no Parley server in {path}. Start one with: parley-server run --data {path}");
    }

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        if (_lock is not null)
            await _lock.DisposeAsync();
    }

    private static ServerStore OpenFolderForServer(string path, ILoggerFactory loggers)
    {
        FileStream held;
        try
        {
            CreatePrivate(path);
            held = new FileStream(Path.Combine(path, LockFile), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            bool busy = e is IOException and not DirectoryNotFoundException && File.Exists(Path.Combine(path, LockFile));
            throw new StartupException(ExitCode.CannotStart, busy ? $"Another server is using the data folder {path}." : $"The data folder {path} cannot be written to: {e.Message}");
        }

        try
        {
            return new ServerStore(OpenSqlite(path, loggers), held);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private static SqliteDatabase OpenSqlite(string path, ILoggerFactory loggers)
    {
        string file = Path.Combine(path, DatabaseFile);
        try
        {
            return SqliteDatabase.Open(file, loggers.CreateLogger<SqliteDatabase>());
        }
        catch (DatabaseVersionException e)
        {
            throw TooNew($"database {file}", e);
        }
        catch (SqliteException e)
        {
            throw new StartupException(ExitCode.CannotStart, $"The database {file} cannot be used: {e.Message}");
        }
    }

    private static PostgresDatabase OpenPostgres(NpgsqlConnectionStringBuilder settings, ILoggerFactory loggers)
    {
        string name = PostgresDatabase.Describe(settings);
        try
        {
            return PostgresDatabase.Open(settings, loggers.CreateLogger<PostgresDatabase>());
        }
        catch (DatabaseVersionException e)
        {
            throw TooNew(name, e);
        }
        catch (NpgsqlException e)
        {
            throw new StartupException(ExitCode.CannotStart, $"The {name} cannot be used: {(e.InnerException ?? e).Message}");
        }
    }

    private static StartupException TooNew(string name, DatabaseVersionException e) => new(
        ExitCode.CannotStart,
        $"The {name} was written by a newer version of Parley (version {e.Found}, this server knows up to {e.Known}). It was left as it is; use the newer server.");

    /// <summary>Nobody but the server's own user has business in there.</summary>
    private static void CreatePrivate(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}

/// <summary>Finds out early whether an address can be listened on, before anything is made.</summary>
internal static class ListenAddress
{
    /// <exception cref="StartupException">It cannot; the message says why.</exception>
    public static void Probe(IPEndPoint endpoint)
    {
        try
        {
            using var listener = new TcpListener(endpoint);
            listener.Start();
        }
        catch (SocketException e)
        {
            string why = e.SocketErrorCode == SocketError.AddressAlreadyInUse ? "another program is listening there" : e.Message;
            throw new StartupException(ExitCode.CannotStart, $"The server cannot listen on {endpoint}: {why}. Choose another address with --listen.");
        }
    }
}

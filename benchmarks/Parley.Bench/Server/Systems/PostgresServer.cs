using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Parley.Bench.Server.Measuring;

namespace Parley.Bench.Server.Systems;

/// <summary>A PostgreSQL server as it is out of the box, on loopback and on the server's core, in a folder that is thrown away.</summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    private const string User = "postgres";
    private const string Database = "postgres";
    private const string Ready = "database system is ready to accept connections";

    private readonly Process _process;
    private readonly DirectoryInfo _folder;

    private PostgresServer(Process process, DirectoryInfo folder, int port)
    {
        _process = process;
        _folder = folder;
        Port = port;
    }

    public int Port { get; }

    public int Id => _process.Id;

    /// <summary>The address of an empty database.</summary>
    public string Address => string.Create(CultureInfo.InvariantCulture, $"postgresql://{User}@127.0.0.1:{Port}/{Database}");

    public static async Task<PostgresServer> StartAsync(CancellationToken cancellationToken)
    {
        string programs = FindPrograms();
        DirectoryInfo folder = Directory.CreateTempSubdirectory("parley-bench-postgres-");
        if (Environment.IsPrivilegedProcess)
            await Tool.RunAsync("chown", [User, folder.FullName], cancellationToken);
        string[] initdb = [.. AsUser(Path.Combine(programs, "initdb")), "-D", folder.FullName, "-U", User, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
        await Tool.RunAsync(initdb[0], initdb[1..], cancellationToken);
        int port = LoopbackPorts.Free();
        string[] program = [.. AsUser(Path.Combine(programs, "postgres")), "-D", folder.FullName, "-h", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture), "-k", "", "-c", "max_connections=200"];
        ProcessStartInfo start = CorePinning.OnServerCore(program[0], program[1..]);
        start.RedirectStandardError = true;
        Process process = Process.Start(start)!; // A program that cannot be started throws.
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is null)
                ready.TrySetException(new InvalidOperationException("PostgreSQL does not start."));
            else if (line.Data.Contains(Ready, StringComparison.Ordinal))
                ready.TrySetResult();
        };
        process.BeginErrorReadLine();
        var server = new PostgresServer(process, folder, port);
        try
        {
            await ready.Task.WaitAsync(cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a statement, and returns the first value of its answer.</summary>
    public async Task<object?> ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        var settings = new NpgsqlConnectionStringBuilder { Host = "127.0.0.1", Port = Port, Username = User, Database = Database, Pooling = false };
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync(cancellationToken);
#pragma warning disable CA2100 // This program's own statements.
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync(cancellationToken);
    }

    /// <summary>Bytes of the tables and indexes on disk.</summary>
    public async Task<long> BytesAsync(CancellationToken cancellationToken) =>
        (long)(await ExecuteAsync($"SELECT pg_database_size('{Database}')", cancellationToken))!; // It is never null.

    public async ValueTask DisposeAsync()
    {
        // An immediate shutdown, so that its own processes end with it.
        if (!_process.HasExited)
            await Tool.RunAsync("kill", ["-QUIT", _process.Id.ToString(CultureInfo.InvariantCulture)], CancellationToken.None);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    /// <summary>PostgreSQL refuses to run as root.</summary>
    private static string[] AsUser(string program) => Environment.IsPrivilegedProcess ? ["setpriv", "--reuid", User, "--regid", User, "--clear-groups", program] : [program];

    /// <summary>The newest that is installed: Debian keeps the server's programs out of the search path.</summary>
    private static string FindPrograms()
    {
        const string Debian = "/usr/lib/postgresql";
        IEnumerable<string> folders = Directory.Exists(Debian) ? Directory.GetDirectories(Debian).OrderDescending(StringComparer.Ordinal).Select(folder => Path.Combine(folder, "bin")) : [];
        IEnumerable<string> path = Environment.GetEnvironmentVariable("PATH")?.Split(Path.PathSeparator) ?? [];
        return folders.Concat(path).FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres")))
            ?? throw new InvalidOperationException("PostgreSQL is not installed. On Debian: apt-get install postgresql");
    }
}

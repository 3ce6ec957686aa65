using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;

[assembly: AssemblyFixture(typeof(Parley.Server.Tests.Storage.SharedPostgres))]

namespace Parley.Server.Tests.Storage;

/// <summary>
/// A PostgreSQL server of the tests' own, on loopback. The shared one starts when the first test needs it; each test has a database of
/// its own there. Where PostgreSQL is not installed, those tests are skipped.
/// </summary>
internal sealed class PostgresCluster : IAsyncDisposable
{
    public const string Host = "127.0.0.1";

    private const string User = "postgres";
    private const string Ready = "database system is ready to accept ";
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly Lazy<Task<PostgresCluster>> SharedCluster = new(() => StartAsync(isDurable: false));
    private static int _databases;

    private readonly string _programs;
    private readonly DirectoryInfo _folder;
    private readonly string _listen;
    private readonly bool _isDurable;
    private TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Process _process;

    private PostgresCluster(string programs, DirectoryInfo folder, string listen, bool isDurable)
    {
        _isDurable = isDurable;
        _programs = programs;
        _folder = folder;
        _listen = listen;
        _process = StartProcess();
    }

    public int Port { get; } = FreePort();

    /// <summary>The one that tests share which do not harm it.</summary>
    public static async Task<PostgresCluster> SharedAsync()
    {
        if (FindPrograms() is null)
            Assert.Skip("PostgreSQL is not installed. On Debian: apt-get install postgresql");
        return await SharedCluster.Value;
    }

    /// <summary>One for a test that stops or harms it.</summary>
    /// <param name="isDurable">Whether it syncs the disk, which only a test that crashes it needs.</param>
    /// <param name="address">Where it listens, if not on loopback alone.</param>
    public static async Task<PostgresCluster> StartAsync(bool isDurable, string? address = null)
    {
        if (FindPrograms() is not { } programs)
        {
            Assert.Skip("PostgreSQL is not installed. On Debian: apt-get install postgresql");
            throw new InvalidOperationException("Skipped above.");
        }

        DirectoryInfo folder = await CreateFolderAsync();
        await RunAsync(AsUser(Path.Combine(programs, "initdb")), ["-D", folder.FullName, "-U", User, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
        if (address is not null)
            await File.AppendAllTextAsync(Path.Combine(folder.FullName, "pg_hba.conf"), $"host all all {address}/24 trust\n");
        var cluster = new PostgresCluster(programs, folder, address is null ? Host : $"{Host},{address}", isDurable);
        await cluster._ready.Task.WaitAsync(StartLimit);
        return cluster;
    }

    /// <summary>
    /// A copy that follows this one, which from now on acknowledges nothing that the copy does not have on its disk.
    /// </summary>
    public async Task<PostgresCluster> StartStandbyAsync()
    {
        DirectoryInfo folder = await CreateFolderAsync();
        await RunAsync(AsUser(Path.Combine(_programs, "pg_basebackup")), ["-D", folder.FullName, "-h", Host, "-p", Port.ToString(CultureInfo.InvariantCulture), "-U", User, "-R", "--no-sync"]);
        var standby = new PostgresCluster(_programs, folder, Host, _isDurable);
        await standby._ready.Task.WaitAsync(StartLimit);
        await ExecuteAsync("ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()");
        return standby;
    }

    /// <summary>Makes a standby the one that takes writes.</summary>
    public Task PromoteAsync() => ExecuteAsync("SELECT pg_promote()");

    /// <summary>Stops the shared one, when all tests have run.</summary>
    public static async ValueTask StopSharedAsync()
    {
        if (SharedCluster.IsValueCreated && SharedCluster.Value.IsCompletedSuccessfully)
            await (await SharedCluster.Value).DisposeAsync();
    }

    /// <summary>Makes an empty database.</summary>
    public async Task<NpgsqlConnectionStringBuilder> CreateDatabaseAsync()
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"parley{Interlocked.Increment(ref _databases)}");
        await ExecuteAsync($"CREATE DATABASE {name}");
        return Settings(name);
    }

    /// <summary>Ends the server at once, without a checkpoint, as a crash does, and starts it again.</summary>
    public async Task CrashAndRestartAsync()
    {
        await CrashAsync();
        _process.Dispose();
        _ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _process = StartProcess();
        await _ready.Task.WaitAsync(StartLimit);
    }

    /// <summary>Ends the server at once, without a checkpoint, as a crash does.</summary>
    public async Task CrashAsync()
    {
        await SignalAsync("-QUIT", [_process.Id]);
        await _process.WaitForExitAsync();
    }

    /// <summary>Ends all connections to a database but the one that says so.</summary>
    public static async Task CutAsync(NpgsqlConnectionStringBuilder settings)
    {
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
        await using var cut = new NpgsqlCommand("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()", connection);
        await cut.ExecuteNonQueryAsync();
    }

    /// <summary>Stops all of its processes where they are.</summary>
    public async Task PauseAsync() => await SignalAsync("-STOP", await ProcessesAsync());

    /// <summary>Lets them go on.</summary>
    public async Task ContinueAsync() => await SignalAsync("-CONT", await ProcessesAsync());

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await SignalAsync("-QUIT", [_process.Id]);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task ExecuteAsync(params string[] statements)
    {
        await using var connection = new NpgsqlConnection(Settings("postgres").ConnectionString);
        await connection.OpenAsync();
        foreach (string statement in statements)
        {
#pragma warning disable CA2100 // Statements of this class alone.
            await using var command = new NpgsqlCommand(statement, connection);
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync();
        }
    }

    private static async Task<DirectoryInfo> CreateFolderAsync()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("parley-postgres-");
        if (Environment.IsPrivilegedProcess)
            await RunAsync("chown", [User, folder.FullName]);
        return folder;
    }

    private NpgsqlConnectionStringBuilder Settings(string database) =>
        new() { Host = Host, Port = Port, Username = User, Database = database, Pooling = database != "postgres" };

    private Process StartProcess()
    {
        string[] program = AsUser(Path.Combine(_programs, "postgres"));
        var start = new ProcessStartInfo(program[0], [.. program[1..], "-D", _folder.FullName, "-h", _listen, "-p", Port.ToString(CultureInfo.InvariantCulture), "-k", "", "-c", _isDurable ? "fsync=on" : "fsync=off"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        Process process = Process.Start(start)!; // A program that cannot be started throws.
        TaskCompletionSource ready = _ready;
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data?.Contains(Ready, StringComparison.Ordinal) == true)
                ready.TrySetResult();
        };
        process.OutputDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        return process;
    }

    private async Task<IReadOnlyList<int>> ProcessesAsync()
    {
        string children = await RunAsync("ps", ["-o", "pid=", "--ppid", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        return [.. children.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(id => int.Parse(id, CultureInfo.InvariantCulture)), _process.Id];
    }

    private static Task<string> SignalAsync(string signal, IReadOnlyList<int> processes) =>
        RunAsync("kill", [signal, .. processes.Select(id => id.ToString(CultureInfo.InvariantCulture))]);

    /// <summary>PostgreSQL refuses to run as root.</summary>
    private static string[] AsUser(string program) => Environment.IsPrivilegedProcess ? ["setpriv", "--reuid", User, "--regid", User, "--clear-groups", program] : [program];

    private static Task<string> RunAsync(string[] program, IEnumerable<string> arguments) => RunAsync(program[0], program[1..].Concat(arguments));

    private static async Task<string> RunAsync(string program, IEnumerable<string> arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? await output : throw new InvalidOperationException($"{program} failed: {error}");
    }

    /// <summary>The newest that is installed: Debian keeps the server's programs out of the search path.</summary>
    private static string? FindPrograms()
    {
        const string Debian = "/usr/lib/postgresql";
        IEnumerable<string> folders = Directory.Exists(Debian) ? Directory.GetDirectories(Debian).OrderDescending(StringComparer.Ordinal).Select(folder => Path.Combine(folder, "bin")) : [];
        IEnumerable<string> path = Environment.GetEnvironmentVariable("PATH")?.Split(Path.PathSeparator) ?? [];
        return folders.Concat(path).FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres")));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>Lives as long as the tests run.</summary>
public sealed class SharedPostgres : IAsyncDisposable
{
    public ValueTask DisposeAsync() => PostgresCluster.StopSharedAsync();
}

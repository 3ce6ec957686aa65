using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Data.Sqlite;
using Parley.Bench.Server.Clients;
using Parley.Bench.Server.Measuring;
using Parley.Bench.Server.Systems;

namespace Parley.Bench.Server.Xmpp;

/// <summary>
/// Debian's ejabberd on the server's core, started by this program alone: its own configuration, its own folder, loopback only, and an
/// Erlang node without a name, which talks to no other. It archives each message by SQL before it delivers it.
/// </summary>
internal sealed class EjabberdSystem : ISystemUnderLoad
{
    private const int SignUpsAtOnce = 8;
    private const string Room = "load";

    // Of the works that are measured on it.
    private const int InFlightMax = 64;

    private readonly DirectoryInfo _folder;
    private readonly PostgresServer? _postgres;
    private readonly BenchSizes _sizes;
    private readonly Uri _clients = LoopbackPorts.FreeAddress();
    private readonly Uri _api = LoopbackPorts.FreeAddress();
    private Process? _process;
    private int _rooms;
    private int _pairedTalks;
    private long _sentToRooms;
    private long _sentToPeers;

    private EjabberdSystem(DirectoryInfo folder, PostgresServer? postgres, BenchSizes sizes)
    {
        _folder = folder;
        _postgres = postgres;
        _sizes = sizes;
    }

    public string Name => "ejabberd";

    public string Database => _postgres is null ? "sqlite" : "postgres";

    public IReadOnlyList<int> Processes => _postgres is null ? [RunningProcess.Id] : [RunningProcess.Id, _postgres.Id];

    private Process RunningProcess => _process ?? throw new InvalidOperationException("ejabberd was not started.");

    private string SqliteFile => Path.Combine(_folder.FullName, "ejabberd.db");

    public static async Task<EjabberdSystem> StartAsync(bool usesPostgres, int users, BenchSizes sizes, CancellationToken cancellationToken)
    {
        DirectoryInfo program = await EjabberdPackage.EnsureAsync(cancellationToken);
        var system = new EjabberdSystem(Directory.CreateTempSubdirectory("parley-bench-ejabberd-"), usesPostgres ? await PostgresServer.StartAsync(cancellationToken) : null, sizes);
        try
        {
            if (system._postgres is not null)
                await system._postgres.ExecuteAsync(await File.ReadAllTextAsync(EjabberdPackage.PostgresTables, cancellationToken), cancellationToken);
            await system.StartAsync(program, cancellationToken);
            Console.Error.WriteLine($"{program.Name}: signing up {users} users ...");
            var parallel = new ParallelOptions { MaxDegreeOfParallelism = SignUpsAtOnce, CancellationToken = cancellationToken };
            await Parallel.ForAsync(0, users, parallel, async (user, token) => await system.RegisterAsync(user, token));
            return system;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
    }

    public async Task<Load> FanOutAsync(int inFlight, double perSecond, CancellationToken cancellationToken)
    {
        string room = string.Create(CultureInfo.InvariantCulture, $"{Room}{++_rooms}");
        var members = new List<XmppClient>();
        for (int user = 0; user < _sizes.GroupMembers; user++)
        {
            members.Add(await XmppClient.SignInAsync(_clients, NameOf(user), cancellationToken));
            await members[user].EnterAsync(room, NameOf(user), cancellationToken);
        }

        Func<int, byte[]> messages = XmppClient.Messages(room, user: null, BenchSizes.PayloadBytes);
        return new FanOut(members, CountingMessages, inFlight, perSecond);

        byte[] CountingMessages(int count)
        {
            Interlocked.Add(ref _sentToRooms, count);
            return messages(count);
        }
    }

    public async Task<Load> PairsAsync(double perSecond, CancellationToken cancellationToken)
    {
        var pairs = new List<TalkingPair>();
        for (int user = 0; user < _sizes.Pairs * 2; user += 2)
        {
            (string one, string other) = (NameOf(user), NameOf(user + 1));
            XmppClient first = await XmppClient.SignInAsync(_clients, one, cancellationToken);
            XmppClient second = await XmppClient.SignInAsync(_clients, other, cancellationToken);

            pairs.Add(new TalkingPair(first, second, MessagesTo(other), MessagesTo(one)));
        }

        _pairedTalks++;
        return new PairedTalk(pairs, perSecond, echoes: false);

        Func<int, byte[]> MessagesTo(string user)
        {
            Func<int, byte[]> messages = XmppClient.Messages("", user, BenchSizes.PayloadBytes);
            return count =>
            {
                Interlocked.Add(ref _sentToPeers, count);
                return messages(count);
            };
        }
    }

    public Task<Load> SignInsAsync(CancellationToken cancellationToken) =>
        Task.FromResult<Load>(new SignIns(async (user, token) => await XmppClient.SignInAsync(_clients, NameOf(user), token), _sizes.Pairs * 2, _sizes.SignInsAtOnce));

    /// <summary>Compares the archive with what was sent, and says what it holds. Only what was under way at the end of each work may be missing.</summary>
    public async Task<(bool IsComplete, string Found)> CheckArchiveAsync(CancellationToken cancellationToken)
    {
        long inRooms = await CountAsync("groupchat", cancellationToken);
        long betweenTwo = await CountAsync("chat", cancellationToken);
        string found = string.Create(
            CultureInfo.InvariantCulture,
            $"ejabberd's archive holds {inRooms:N0} of {_sentToRooms:N0} messages that were sent to rooms, and {betweenTwo:N0} entries for {_sentToPeers:N0} messages between two");

        // A message between two stands in the archives of both.
        bool isComplete = inRooms >= _sentToRooms - (_rooms * InFlightMax) && betweenTwo >= 2 * (_sentToPeers - (_pairedTalks * _sizes.Pairs));
        return (isComplete, found);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            if (!_process.HasExited)
                _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        if (_postgres is not null)
            await _postgres.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private async Task<long> CountAsync(string kind, CancellationToken cancellationToken)
    {
        string count = $"SELECT count(*) FROM archive WHERE kind = '{kind}'";
        if (_postgres is not null)
            return (long)(await _postgres.ExecuteAsync(count, cancellationToken))!; // A count is never null.
        await using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = SqliteFile, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString());
        await connection.OpenAsync(cancellationToken);
        await using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // This program's own statement.
        command.CommandText = count;
#pragma warning restore CA2100
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!; // A count is never null.
    }

    private static string NameOf(int user) => string.Create(CultureInfo.InvariantCulture, $"load{user}");

    private async Task StartAsync(DirectoryInfo program, CancellationToken cancellationToken)
    {
        string configuration = Path.Combine(_folder.FullName, "ejabberd.yml");
        string store = _postgres is null
            ? $"sql_type: sqlite\nsql_database: \"{SqliteFile}\""
            : string.Create(CultureInfo.InvariantCulture, $"sql_type: pgsql\nsql_server: 127.0.0.1\nsql_port: {_postgres.Port}\nsql_database: postgres\nsql_username: postgres\nsql_password: \"\"");
        await File.WriteAllTextAsync(configuration, EjabberdPackage.Configuration(_clients.Port, _api.Port, store), cancellationToken);
        ProcessStartInfo start = CorePinning.OnServerCore("/usr/bin/erl", ["-noinput", "-mnesia", "dir", $"\"{Path.Combine(_folder.FullName, "mnesia")}\"", "-s", "ejabberd"]);
        start.RedirectStandardOutput = true;
        start.Environment["EJABBERD_CONFIG_PATH"] = configuration;
        start.Environment["EJABBERD_LOG_PATH"] = Path.Combine(_folder.FullName, "ejabberd.log");
        start.Environment["ERL_CRASH_DUMP"] = Path.Combine(_folder.FullName, "crash.dump");
        start.Environment["ERL_LIBS"] = program.Parent!.FullName; // A package's folder stands in another.
        start.Environment["HOME"] = _folder.FullName;
        _process = Process.Start(start)!; // A program that cannot be started throws.
        var said = new StringBuilder();
        _process.OutputDataReceived += (_, line) => said.AppendLine(line.Data);
        _process.BeginOutputReadLine();
        while (!_process.HasExited)
        {
            try
            {
                using LoadStream stream = await LoadStream.ConnectAsync(_clients, cancellationToken);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
            }
        }

        throw new InvalidOperationException($"ejabberd does not start: {said}");
    }

    private async Task RegisterAsync(int user, CancellationToken cancellationToken)
    {
        string account = $$"""{"user": "{{NameOf(user)}}", "host": "{{XmppClient.Domain}}", "password": "{{XmppClient.Password}}"}""";
        using LoadStream stream = await LoadStream.ConnectAsync(_api, cancellationToken);
        await stream.RequestAsync("POST", "/api/register", null, Encoding.UTF8.GetBytes(account), cancellationToken);
    }
}

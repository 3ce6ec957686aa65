using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Parley.Server.Clustering;
using Parley.Server.Hosting;
using Parley.Server.Invites;
using Parley.Server.Limiting;
using Parley.Server.Sessions;
using Parley.Server.Storage;
using Parley.Server.Tests.Hosting;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests;

/// <summary>A whole server in this process, on a real port of the loopback interface.</summary>
internal sealed class TestServer : RemoteServer
{
    public const string Name = "chat.test";

    /// <summary>No limits, for tests that are about something else.</summary>
    public static readonly ServerLimits Unlimited = new()
    {
        RequestsPerSecond = Many,
        SignUpsPerHour = Many,
        SignInsPerMinute = Many,
        SessionsPerMinute = Many,
        InvitesPerHour = Many,
        KeyPackagesPerHour = Many,
        ClaimsPerHour = Many,
        ClaimsPerPersonPerHour = Many,
        LinksPerHour = Many,
        LinkReadsPerMinute = Many,
        LinkAnswersPerHour = Many,
        GroupsPerHour = Many,
        AppendsPerSecond = Many,
        AppendKilobytesPerSecond = Many,
        GroupAppendsPerSecond = Many,
        GroupKilobytesPerSecond = Many,
        FramesPerSecond = Many,
        Connections = Many,
        ConnectionsPerAddress = Many,
        ConnectionsPerAccount = Many,
        AnonymousConnections = Many,
    };

    private const int Many = 100_000_000;

    private readonly WebApplication _app;
    private readonly IDatabase? _database;
    private bool _isDisposed;

    private TestServer(WebApplication app, IDatabase? database)
        : base(new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()))
    {
        _app = app;
        _database = database;
    }

    /// <summary>Starts on stores in memory.</summary>
    public static Task<TestServer> StartAsync(TimeProvider? clock = null, ServerLimits? limits = null, IReadOnlyList<System.Net.IPNetwork>? proxies = null)
    {
        var store = new MemoryStore();
        return StartAsync(services =>
        {
            services.AddSingleton<Server.Accounts.IAccountStore>(store);
            services.AddSingleton<IInviteStore>(store);
            services.AddSingleton<Server.Linking.ILinkStore>(store);
            services.AddSingleton<Server.KeyPackages.IKeyPackageStore>(store);
            services.AddSingleton<Server.Log.ILogStore>(store);
            if (clock is not null)
                services.AddSingleton(clock);
        }, database: null, limits, proxies);
    }

    /// <summary>Starts on SQLite.</summary>
    public static Task<TestServer> StartOnSqliteAsync(
        string path, Action<StoreSession>? configureWriter = null, ServerLimits? limits = null, Action<IServiceCollection>? configure = null)
    {
        var database = SqliteDatabase.Open(path, NullLogger.Instance, configureWriter);
        return StartAsync(services =>
        {
            services.AddStores(database);
            configure?.Invoke(services);
        }, database, limits);
    }

    /// <summary>Starts on PostgreSQL.</summary>
    /// <param name="settings">The database.</param>
    /// <param name="isNode">Whether it joins the cluster on the database.</param>
    /// <param name="clock">What it goes by, if not the machine's clock.</param>
    /// <param name="logs">What takes its logs, if they matter.</param>
    public static async Task<TestServer> StartOnPostgresAsync(Npgsql.NpgsqlConnectionStringBuilder settings, bool isNode = false, TimeProvider? clock = null, CapturedLogs? logs = null)
    {
        var database = PostgresDatabase.Open(settings, logs?.CreateLogger("Parley.Server.Storage") ?? NullLogger.Instance);
        ClusterNode? node = null;
        var ended = new TaskCompletionSource<int>();
        if (isNode)
        {
            var address = IPEndPoint.Parse(new Uri(ServerProcess.FreeAddress()).Authority);
            node = new ClusterNode(new ClusterSettings(address, address), database, await ClusterCertificate.SettleAsync(database)) { Exit = code => ended.TrySetResult(code) };
        }

        TestServer server = await StartAsync(services =>
        {
            services.AddStores(database).AddSingleton(clock ?? TimeProvider.System);
            logs?.AddTo(services);
        }, database, node: node);
        server.Ended = ended.Task;
        return server;
    }

    /// <summary>No limits, for a server in a process of its own.</summary>
    public static Dictionary<string, string> UnlimitedEnvironment()
    {
        var standard = new ServerLimits();
        return typeof(ServerLimits).GetProperties().Where(property => property.PropertyType == typeof(int) && !Equals(property.GetValue(Unlimited), property.GetValue(standard)))
            .ToDictionary(property => "PARLEY_" + JsonNamingPolicy.SnakeCaseUpper.ConvertName(property.Name), property => Convert.ToString(property.GetValue(Unlimited), CultureInfo.InvariantCulture)!);
    }

    /// <summary>With what code a node would have ended its process.</summary>
    public Task<int> Ended { get; private set; } = Task.FromResult(0);

    public T Get<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    /// <summary>A new invite's code.</summary>
    public async Task<string> InviteAsync(int uses = 1, TimeSpan? valid = null)
    {
        var code = InviteCode.Create(Get<RandomNumberGenerator>());
        await Get<IInviteStore>().AddAsync(code.Hash, uses, Get<TimeProvider>().GetUtcNow() + (valid ?? TimeSpan.FromHours(1)));
        return code.Text;
    }

    /// <summary>Invites, registers and signs in a new account.</summary>
    public async Task<TestClient> JoinAsync(string handle) => await JoinAsync(handle, await InviteAsync(), Get<TimeProvider>().GetUtcNow());

    public override async ValueTask DisposeAsync()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        await base.DisposeAsync();
        await _app.StopAsync();
        await _app.DisposeAsync();
        if (_database is not null)
            await _database.DisposeAsync();
    }

    private static async Task<TestServer> StartAsync(
        Action<IServiceCollection> addStores, IDatabase? database, ServerLimits? limits = null, IReadOnlyList<System.Net.IPNetwork>? proxies = null, ClusterNode? node = null)
    {
        var options = new ServerOptions(new IPEndPoint(IPAddress.Loopback, 0), new StoreSettings("", null), "http://" + Name, Name)
        {
            Limits = limits ?? Unlimited,
            LogLevel = LogLevel.Trace,
            TrustedProxies = proxies ?? [],
        };
        using var random = RandomNumberGenerator.Create();
        TokenKey tokenKey = database is PostgresDatabase ? await TokenKey.SettleAsync(database, random) : TokenKey.Create(random);
        WebApplication app = ParleyServer.Build(options, new ServerIdentity(Name, "http://" + Name), tokenKey, services =>
        {
            services.AddLogging(logging => logging.ClearProviders());
            addStores(services);
        }, node);
        await app.StartAsync();
        return new TestServer(app, database);
    }
}

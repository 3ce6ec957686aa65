using System.Net;
using System.Security.Cryptography;
using Parley.Server.Clustering;
using Parley.Server.Invites;
using Parley.Server.Sessions;
using Parley.Server.Storage;

namespace Parley.Server.Hosting;

/// <summary>Starting up, with a sentence and an exit code for everything that can go wrong, and what the person at the terminal reads.</summary>
internal static class Startup
{
    public const int DefaultInviteUses = 10;
    public const int DefaultInviteHours = 168;

    public static Task<int> RunAsync(Func<ServerOptions> parseOptions, bool printInvite, CancellationToken cancellationToken) => GuardAsync(async loggers =>
    {
        ServerOptions options = parseOptions();
        using TlsCertificate? certificate = options.Tls is null ? null : new TlsCertificate(options.Tls, TimeProvider.System, loggers.CreateLogger<TlsCertificate>());
        ListenAddress.Probe(options.Listen);
        await using ServerStore store = await ServerStore.OpenForServerAsync(options.Store, isNode: options.Cluster is not null, loggers);
        ServerIdentity identity = await ServerIdentity.SettleAsync(store.Database, options);
        using var random = RandomNumberGenerator.Create();
        TokenKey tokenKey = options.Cluster is null ? TokenKey.Create(random) : await TokenKey.SettleAsync(store.Database, random);
        await using WebApplication app = ParleyServer.Build(options, identity, tokenKey, services => services.AddStores(store.Database), await PrepareNodeAsync(options.Cluster, store.Database));
        await StartAsync(app, cancellationToken);
        await GreetAsync(options, identity, store.Database.Description);
        if (printInvite)
            await PrintInviteAsync(store, identity, DefaultInviteUses, DefaultInviteHours);
        await app.WaitForShutdownAsync(cancellationToken);
    });

    public static Task<int> InviteAsync(Func<StoreSettings> parseStore, int uses, int validHours) => GuardAsync(async loggers =>
    {
        await using ServerStore store = ServerStore.OpenExisting(parseStore(), loggers);
        ServerIdentity identity = await ServerIdentity.FindAsync(store.Database)
            ?? throw new StartupException(ExitCode.WrongSetting, $"The server in {store.Database.Description} was never started. Start it with: parley-server run");
        await PrintInviteAsync(store, identity, uses, validHours);
    });

    private static async Task<ClusterNode?> PrepareNodeAsync(ClusterSettings? settings, IDatabase database) =>
        settings is null ? null : new ClusterNode(settings, (PostgresDatabase)database, await ClusterCertificate.SettleAsync(database)); // The store is no other.

    private static async Task StartAsync(WebApplication app, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (OrleansException e)
        {
            throw new StartupException(ExitCode.CannotStart, $"The server cannot join the cluster: {e.Message}");
        }
    }

    /// <summary>The process's boundary: what cannot work is one sentence on the error output.</summary>
    private static async Task<int> GuardAsync(Func<ILoggerFactory, Task> action)
    {
        using ILoggerFactory loggers = LoggerFactory.Create(logging => logging.AddSimpleConsole());
        try
        {
            await action(loggers);
            return ExitCode.Success;
        }
        catch (StartupException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return e.ExitCode;
        }
        catch (StoreUnavailableException e)
        {
            await Console.Error.WriteLineAsync($"The store cannot be written to: {e.InnerException?.Message ?? e.Message}");
            return ExitCode.CannotStart;
        }
        catch (IOException e)
        {
            // Somebody took the port between the probe and the start.
            await Console.Error.WriteLineAsync($"The server cannot start: {e.Message}");
            return ExitCode.CannotStart;
        }
    }

    private static async Task GreetAsync(ServerOptions options, ServerIdentity identity, string store)
    {
        TextWriter output = Console.Out;
        await output.WriteLineAsync($"Parley server {identity.Name}");
        await output.WriteLineAsync($"  listening on  {(options.IsHttps ? "https" : "http")}://{options.Listen}");
        await output.WriteLineAsync($"  reached by    {identity.PublicUrl}");
        await output.WriteLineAsync($"  data in       {store}");
        if (!options.IsHttps && !IPAddress.IsLoopback(options.Listen.Address) && identity.PublicUrl.StartsWith("http:", StringComparison.Ordinal))
        {
            await output.WriteLineAsync(
                """

                Warning: this listens beyond the machine without TLS. Messages stay encrypted, but anybody on the way sees who talks when
                and can take over sessions. Listen on https:// with --tls-certificate and --tls-key, or put a TLS proxy in front and give its address
                as --public-url https://...
                """);
        }

        await output.FlushAsync();
    }

    private static async Task PrintInviteAsync(ServerStore store, ServerIdentity identity, int uses, int validHours)
    {
        using var random = RandomNumberGenerator.Create();
        var code = InviteCode.Create(random);
        await new InviteStore(store.Database).AddAsync(code.Hash, uses, TimeProvider.System.GetUtcNow().AddHours(validHours));
        await Console.Out.WriteLineAsync(
            $"""

            Invite link, for {(uses == 1 ? "one person" : $"up to {uses} people")} and {validHours} hours:
              {identity.InviteLink(code)}
            They join by typing:
              ./parley join {identity.InviteLink(code)}
            """);
        await Console.Out.FlushAsync();
    }
}

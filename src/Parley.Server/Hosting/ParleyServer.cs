using System.Security.Cryptography;
using Microsoft.AspNetCore.HttpOverrides;
using Parley.Contracts;
using Parley.Contracts.Resources;
using Parley.Server.Accounts;
using Parley.Server.Clustering;
using Parley.Server.Groups;
using Parley.Server.Http;
using Parley.Server.Invites;
using Parley.Server.KeyPackages;
using Parley.Server.Log;
using Parley.Server.Sequencing;
using Parley.Server.Sessions;
using Parley.Server.Sockets;
using Parley.Server.Storage;
using Parley.Server.Telemetry;

namespace Parley.Server.Hosting;

/// <summary>The server, put together from its features.</summary>
internal static class ParleyServer
{
    private const int ConnectionsMax = 20_000;

    /// <summary>Builds a server that is ready to be started.</summary>
    /// <param name="options">How to run it.</param>
    /// <param name="identity">Who it is.</param>
    /// <param name="challengeKey">What sign-in challenges are made with.</param>
    /// <param name="addStores">Adds the stores; the server does not own what they stand on.</param>
    /// <param name="node">What makes it a node of a cluster, if it is one.</param>
    public static WebApplication Build(ServerOptions options, ServerIdentity identity, ChallengeKey challengeKey, Action<IServiceCollection> addStores, ClusterNode? node = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(options.Listen);
            if (options.MetricsListen is not null)
                kestrel.Listen(options.MetricsListen);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = Limits.RequestBodyBytesMax;
            kestrel.Limits.MaxConcurrentConnections = ConnectionsMax;
            kestrel.Limits.MaxConcurrentUpgradedConnections = ConnectionsMax;
        });
        builder.Logging.SetMinimumLevel(LogLevel.Warning).AddFilter("Orleans", LogLevel.Error).AddFilter("Parley", LogLevel.Information).AddFilter(typeof(SessionAuthentication).FullName, LogLevel.Warning);
        if (node is null)
            builder.UseSequencer();
        else
            builder.UseCluster(node);

        IServiceCollection services = builder.Services;
        services.AddSingleton(identity);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(_ => RandomNumberGenerator.Create());
        services.AddSingleton(challengeKey);
        services.AddSingleton<Challenges>();
        services.AddSingleton<SessionTokens>();
        services.AddSingleton<Peers>();
        services.AddSockets();
        services.AddRequestLimits(options);
        services.AddTelemetry(options);
        services.AddSessionAuthentication();
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, ResourcesJson.Default);
            json.SerializerOptions.RespectNullableAnnotations = true;
            json.SerializerOptions.RespectRequiredConstructorParameters = true;
        });
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.Configure<ForwardedHeadersOptions>(headers => headers.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto);
        services.AddOpenApi();
        addStores(services);

        WebApplication app = builder.Build();
        app.UseTelemetry(options);
        app.UseForwardedHeaders();
        app.UseMiddleware<RefusalMiddleware>();
        app.UseRateLimiter();
        app.UseSockets();
        app.UseAuthentication();
        app.UseAuthorization();
        MapResources(app);
        return app;
    }

    /// <summary>The stores.</summary>
    public static IServiceCollection AddStores(this IServiceCollection services, IDatabase database)
    {
        services.AddSingleton(database);
        services.AddSingleton<IAccountStore, AccountStore>();
        services.AddSingleton<IInviteStore, InviteStore>();
        services.AddSingleton<ISessionStore, SessionStore>();
        services.AddSingleton<IKeyPackageStore, KeyPackageStore>();
        return services.AddSingleton<ILogStore, LogStore>();
    }

    private static void MapResources(WebApplication app)
    {
        RouteGroupBuilder open = app.MapGroup("");
        RouteGroupBuilder signedIn = app.MapGroup("").RequireAuthorization();
        open.MapServer();
        open.MapAccounts(signedIn);
        open.MapInvites(signedIn);
        open.MapSessions();
        signedIn.MapKeyPackages();
        signedIn.MapGroups();
        open.MapSocket();
        open.MapOpenApi();
    }
}

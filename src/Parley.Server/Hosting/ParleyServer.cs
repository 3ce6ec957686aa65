using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Parley.Contracts;
using Parley.Contracts.Resources;
using Parley.Server.Accounts;
using Parley.Server.Clustering;
using Parley.Server.Groups;
using Parley.Server.Http;
using Parley.Server.Invites;
using Parley.Server.KeyPackages;
using Parley.Server.Limiting;
using Parley.Server.Linking;
using Parley.Server.Log;
using Parley.Server.Sequencing;
using Parley.Server.Sessions;
using Parley.Server.Sockets;
using Parley.Server.Storage;
using Parley.Server.Telemetry;
using IPNetwork = System.Net.IPNetwork;

namespace Parley.Server.Hosting;

/// <summary>The server, put together from its features.</summary>
internal static class ParleyServer
{
    private const int HeaderBytesMax = 16 * 1024;
    private const int HeadersMax = 64;

    // With a round trip of a tenth of a second, 2.5 MB a second for each connection.
    private const int SendBufferBytes = 128 * 1024;

    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Builds a server that is ready to be started.</summary>
    /// <param name="options">How to run it.</param>
    /// <param name="identity">Who it is.</param>
    /// <param name="tokenKey">What access tokens are made with.</param>
    /// <param name="addStores">Adds the stores; the server does not own what they stand on.</param>
    /// <param name="node">What makes it a node of a cluster, if it is one.</param>
    public static WebApplication Build(ServerOptions options, ServerIdentity identity, TokenKey tokenKey, Action<IServiceCollection> addStores, ClusterNode? node = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, options));
        builder.Services.Configure<SocketTransportOptions>(static transport =>
        {
            transport.CreateBoundListenSocket = Listen;

            // A frame is read, and a buffer sent, on the thread that learned that it can be: nothing of ours blocks there for long.
            transport.UnsafePreferInlineScheduling = true;
        });
        builder.Services.AddPrivateLogs(options.LogLevel);
        if (node is null)
            builder.UseSequencer();
        else
            builder.UseCluster(node);

        IServiceCollection services = builder.Services;
        services.AddSingleton(identity);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(_ => RandomNumberGenerator.Create());
        services.AddSingleton(tokenKey);
        services.AddSingleton<AccessTokens>();
        services.AddSingleton<SignIns>();
        services.AddSingleton<Peers>();
        services.AddSingleton<Readiness>();
        services.AddSingleton<SequencerServices>();
        services.AddSingleton<Sequencers>();
        services.AddSockets();
        services.AddSingleton(options);
        services.AddSingleton(options.Limits);
        services.AddSingleton<RateLimits>();
        services.AddSingleton<ConnectionCounts>();
        services.AddTelemetry(options);
        services.AddTls(options.Tls);
        services.AddTokenAuthentication();
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, ResourcesJson.Default);
            json.SerializerOptions.RespectNullableAnnotations = true;
            json.SerializerOptions.RespectRequiredConstructorParameters = true;
        });
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.Configure<ForwardedHeadersOptions>(headers =>
        {
            headers.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;

            // Otherwise everybody on the machine itself would be believed.
            headers.KnownProxies.Clear();
            headers.KnownIPNetworks.Clear();
            foreach (IPNetwork proxy in options.TrustedProxies)
                headers.KnownIPNetworks.Add(proxy);
        });
        services.AddOpenApi();
        addStores(services);

        WebApplication app = builder.Build();
        app.UseTelemetry(options);
        if (options.TrustedProxies.Count > 0)
            app.UseForwardedHeaders();
        app.UseMiddleware<RefusalMiddleware>();
        app.UseRequestLimits();
        app.UseSockets(options.Limits);
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
        services.AddSingleton<ILinkStore, LinkStore>();
        services.AddSingleton<IKeyPackageStore, KeyPackageStore>();
        return services.AddSingleton<ILogStore, LogStore>();
    }

    private static void Configure(KestrelServerOptions kestrel, ServerOptions options)
    {
        kestrel.ConfigureEndpointDefaults(static listen => listen.Protocols = HttpProtocols.Http1);
        kestrel.Listen(options.Listen, listen =>
        {
            listen.UseConnectionLimits();
            if (options.Tls is not null)
                UseTls(listen, options.Limits);
        });
        if (options.MetricsListen is not null)
            kestrel.Listen(options.MetricsListen);
        kestrel.AddServerHeader = false;

        // A body must come at 240 bytes a second, which is Kestrel's own limit.
        kestrel.Limits.MaxRequestBodySize = Limits.RequestBodyBytesMax;
        kestrel.Limits.MaxRequestHeadersTotalSize = HeaderBytesMax;
        kestrel.Limits.MaxRequestHeaderCount = HeadersMax;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(options.Limits.HelloSeconds);
        kestrel.Limits.KeepAliveTimeout = IdleTimeout;
        kestrel.Limits.MaxConcurrentConnections = options.Limits.Connections;
        kestrel.Limits.MaxConcurrentUpgradedConnections = options.Limits.Connections;
    }

    private static void AddTls(this IServiceCollection services, TlsSettings? tls)
    {
        if (tls is null)
            return;
        services.AddSingleton(tls);
        services.AddSingleton<TlsCertificate>();
        services.AddHostedService(static provider => provider.GetRequiredService<TlsCertificate>());
    }

    private static void UseTls(ListenOptions listen, ServerLimits limits)
    {
        TlsCertificate certificate = listen.ApplicationServices.GetRequiredService<TlsCertificate>();
        listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = _ => ValueTask.FromResult(certificate.Current),
            HandshakeTimeout = TimeSpan.FromSeconds(limits.HelloSeconds),
        });
        listen.Use(static next => connection =>
        {
            if (connection.Features.Get<ISslStreamFeature>() is { SslStream: { } tls })
                TlsBuffers.TryReleaseWhenIdle(tls);
            return next(connection);
        });
    }

    /// <summary>What a peer does not read waits in the system, too, which would give each up to 4 MB.</summary>
    private static Socket Listen(EndPoint endpoint)
    {
        Socket socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        socket.SendBufferSize = SendBufferBytes;
        return socket;
    }

    private static void MapResources(WebApplication app)
    {
        RouteGroupBuilder open = app.MapGroup("");
        RouteGroupBuilder signedIn = app.MapGroup("").RequireAuthorization();
        open.MapServer();
        open.MapAccounts(signedIn);
        open.MapInvites(signedIn);
        open.MapLinks(signedIn);
        signedIn.MapKeyPackages();
        signedIn.MapGroups();
        open.MapOpenApi();
    }
}

using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Parley.Contracts;
using Parley.Server.Http;
using Parley.Server.Limiting;

namespace Parley.Server.Sockets;

/// <summary>
/// Where the WebSocket begins. Its first frames sign in, so nothing is checked here, and what serves the other routes, such
/// as the authentication of a request, is not asked: a connection would hold what it needs for its whole life.
/// </summary>
internal static class SocketEndpoint
{
    public static void AddSockets(this IServiceCollection services)
    {
        services.AddSingleton<Subscribers>();
        services.AddSingleton<SocketServices>();
        services.AddSingleton<MemoryBudget>();
        services.AddHostedService(static provider => provider.GetRequiredService<MemoryBudget>());
    }

    public static void UseSockets(this IApplicationBuilder app, ServerLimits limits)
    {
        SocketServices services = app.ApplicationServices.GetRequiredService<SocketServices>();
        IHostApplicationLifetime lifetime = app.ApplicationServices.GetRequiredService<IHostApplicationLifetime>();

        // Before the WebSocket middleware, which takes the feature as it finds it.
        app.Use((context, next) =>
        {
            if (context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } upgrade)
            {
                PipeWriter output = context.Features.GetRequiredFeature<IConnectionTransportFeature>().Transport.Output;
                context.Features.Set<IHttpUpgradeFeature>(new CoalescingUpgrade(upgrade, output, context.Abort, services));
            }

            return next(context);
        });

        // A peer that has gone without a word is noticed by its silence. Compression is never offered: it is a way to make much out of little.
        var ping = TimeSpan.FromSeconds(limits.PingSeconds);
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = ping, KeepAliveTimeout = ping });
        app.MapWhen(static context => context.Request.Path == Routes.Socket, socket => socket.Run(context => ServeAsync(context, services, lifetime)));
    }

    private static async Task ServeAsync(HttpContext context, SocketServices services, IHostApplicationLifetime lifetime)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            await new Refused(ErrorCode.Malformed).ExecuteAsync(context);
            return;
        }

        ConnectionTicket ticket = context.Features.Get<ConnectionTicket>() ?? throw new InvalidOperationException("The connection was not counted.");
        using IDisposable? place = ticket.IsProxied ? services.Counts.TryOpenForwarded(context.Connection.RemoteIpAddress) : null;
        if (ticket.IsProxied && place is null)
        {
            await new Refused(ErrorCode.TooManyConnections).ExecuteAsync(context);
            return;
        }

        using System.Net.WebSockets.WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
        if (context.Features.Get<IHttpUpgradeFeature>() is not CoalescingUpgrade { Stream: { } stream })
            throw new InvalidOperationException("The connection was upgraded past us.");
        using var connection = new SocketConnection(socket, stream.Outbound, ticket, services);
        await connection.RunAsync(ConnectionCounts.NetworkOf(context.Connection.RemoteIpAddress), lifetime.ApplicationStopping);
    }
}

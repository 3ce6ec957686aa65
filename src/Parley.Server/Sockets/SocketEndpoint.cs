using Microsoft.AspNetCore.Http.Features;
using Parley.Contracts;
using Parley.Server.Http;

namespace Parley.Server.Sockets;

/// <summary>Where the WebSocket begins. The session is named in its first frame, so nothing is checked here.</summary>
internal static class SocketEndpoint
{
    private static readonly TimeSpan KeepAliveInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan KeepAliveTimeout = TimeSpan.FromSeconds(30);

    public static void AddSockets(this IServiceCollection services)
    {
        services.AddSingleton<Subscribers>();
        services.AddSingleton<SocketServices>();
    }

    public static void UseSockets(this IApplicationBuilder app)
    {
        // Before the WebSocket middleware, which takes the feature as it finds it.
        app.Use((context, next) =>
        {
            if (context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } upgrade)
                context.Features.Set<IHttpUpgradeFeature>(new CoalescingUpgrade(upgrade, context.Abort));
            return next(context);
        });
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = KeepAliveInterval, KeepAliveTimeout = KeepAliveTimeout });
    }

    public static void MapSocket(this IEndpointRouteBuilder open) => open.Map(Routes.Socket, ServeAsync).ExcludeFromDescription();

    private static async Task ServeAsync(HttpContext context, SocketServices services, IHostApplicationLifetime lifetime)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            await new Refused(ErrorCode.Malformed).ExecuteAsync(context);
            return;
        }

        using System.Net.WebSockets.WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
        if (context.Features.Get<IHttpUpgradeFeature>() is not CoalescingUpgrade { Stream: { } stream })
            throw new InvalidOperationException("The connection was upgraded past us.");
        using var connection = new SocketConnection(socket, stream.Outbound, services);
        await connection.RunAsync(lifetime.ApplicationStopping);
    }
}

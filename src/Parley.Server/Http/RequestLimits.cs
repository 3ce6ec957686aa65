using Parley.Server.Limiting;
using Parley.Server.Sessions;

namespace Parley.Server.Http;

/// <summary>
/// What is refused of an HTTP request before anybody looks at it, and the limits of single routes. What goes over the WebSocket is
/// limited by its connection.
/// </summary>
internal static class RequestLimits
{
    private const string Plain = "identity";

    /// <summary>To be used first, behind the forwarded headers that tell the address.</summary>
    public static void UseRequestLimits(this IApplicationBuilder app)
    {
        RateLimit requests = app.ApplicationServices.GetRequiredService<RateLimits>().Requests;
        app.Use((context, next) => Refuse(context, requests) is { } refused ? refused.ExecuteAsync(context) : next(context));
    }

    /// <summary>Limits how often each address may ask for this.</summary>
    public static RouteHandlerBuilder LimitAddress(this RouteHandlerBuilder route, Func<RateLimits, RateLimit> limit) =>
        Limit(route, limit, static context => ConnectionCounts.NetworkOf(context.Connection.RemoteIpAddress));

    /// <summary>Limits how often each account may ask for this.</summary>
    public static RouteHandlerBuilder LimitAccount(this RouteHandlerBuilder route, Func<RateLimits, RateLimit> limit) =>
        Limit(route, limit, static context => context.User.Account());

    private static RouteHandlerBuilder Limit<TKey>(RouteHandlerBuilder route, Func<RateLimits, RateLimit> limit, Func<HttpContext, TKey> key) =>
        route.AddEndpointFilter(async (invocation, next) =>
        {
            HttpContext context = invocation.HttpContext;
            TimeSpan? retryAfter = limit(context.RequestServices.GetRequiredService<RateLimits>()).Take(key(context));
            return retryAfter is null ? await next(invocation) : new Refused(ErrorCode.RateLimited, retryAfter);
        });

    private static Refused? Refuse(HttpContext context, RateLimit requests)
    {
        if (context.Features.Get<ConnectionTicket>() is { IsOneTooMany: true })
        {
            context.Response.Headers.Connection = "close";
            return new Refused(ErrorCode.TooManyConnections);
        }

        if (requests.Take(ConnectionCounts.NetworkOf(context.Connection.RemoteIpAddress)) is { } retryAfter)
            return new Refused(ErrorCode.RateLimited, retryAfter);

        // Nothing that is sent to us is unpacked: a few bytes could become gigabytes.
        bool isPlain = context.Request.Headers.ContentEncoding is not [_, ..] encodings || encodings.ToString().Equals(Plain, StringComparison.OrdinalIgnoreCase);
        return isPlain ? null : new Refused(ErrorCode.Malformed);
    }
}

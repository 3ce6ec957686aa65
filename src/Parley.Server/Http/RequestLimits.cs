using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Parley.Server.Hosting;

namespace Parley.Server.Http;

/// <summary>
/// How many HTTP requests one address may make. It keeps one client from crowding out the others and makes guessing slow; it is no
/// defence against many addresses. What goes over the WebSocket is limited by its connection.
/// </summary>
internal static class RequestLimits
{
    private const int BurstSeconds = 4;

    public static void AddRequestLimits(this IServiceCollection services, ServerOptions options) => services.AddRateLimiter(limiter =>
    {
        limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        limiter.OnRejected = (context, _) =>
        {
            int? retryAfterMs = context.Lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan retryAfter) ? (int)retryAfter.TotalMilliseconds : null;
            return new ValueTask(new Refused(ErrorCode.RateLimited, retryAfterMs).ExecuteAsync(context.HttpContext));
        };
        limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, IPAddress>(context => RateLimitPartition.GetTokenBucketLimiter(
            Network(context.Connection.RemoteIpAddress ?? IPAddress.None),
            _ => new TokenBucketRateLimiterOptions
            {
                TokenLimit = options.RequestsPerSecond * BurstSeconds,
                TokensPerPeriod = options.RequestsPerSecond,
                ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            }));
    });

    /// <summary>An IPv6 customer has at least 2^64 addresses, so those count as one.</summary>
    private static IPAddress Network(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6 || address.AddressFamily != AddressFamily.InterNetworkV6)
            return address;
        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }
}

using System.Reflection;
using Microsoft.AspNetCore.Http.HttpResults;
using Parley.Contracts;
using Parley.Contracts.Resources;
using Parley.Server.Http;
using Parley.Server.Log;
using Parley.Server.Storage;

namespace Parley.Server.Hosting;

/// <summary>What the server says about itself, to clients and to whoever watches over it.</summary>
internal static class ServerEndpoints
{
    private static readonly string Version = typeof(ServerEndpoints).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    public static void MapServer(this IEndpointRouteBuilder open)
    {
        open.MapGet(Routes.Server, (ServerIdentity identity) => TypedResults.Ok(new ServerInfo(identity.Name, Version, [Limits.ProtocolVersion], Limits.PastEpochsMax)));
        open.MapGet(Routes.HealthLive, () => TypedResults.Ok());
        open.MapGet(Routes.HealthReady, CheckReadyAsync);
    }

    private static async Task<Results<Ok, Refused>> CheckReadyAsync(Readiness readiness)
    {
        try
        {
            await readiness.CheckAsync();
            return TypedResults.Ok();
        }
        catch (StoreUnavailableException)
        {
            return new Refused(ErrorCode.StoreUnavailable);
        }
    }
}

/// <summary>
/// Ready means that a message would be stored now, so something is stored to find out; ten times a second at most, however many ask, as
/// anybody may.
/// </summary>
internal sealed class Readiness(ILogStore logs, TimeProvider clock)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    // Protects the two below.
    private readonly Lock _gate = new();
    private Task? _probe;
    private long _probedAt;

    /// <exception cref="StoreUnavailableException">It would not be stored.</exception>
    public Task CheckAsync()
    {
        lock (_gate)
        {
            if (_probe is null || (_probe.IsCompleted && clock.GetElapsedTime(_probedAt) >= Interval))
                (_probe, _probedAt) = (logs.ProbeAsync(), clock.GetTimestamp());
            return _probe;
        }
    }
}

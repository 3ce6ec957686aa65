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

    /// <summary>Ready means that a message would be stored now, so it stores something.</summary>
    private static async Task<Results<Ok, Refused>> CheckReadyAsync(ILogStore logs)
    {
        try
        {
            await logs.ProbeAsync();
            return TypedResults.Ok();
        }
        catch (StoreUnavailableException)
        {
            return new Refused(ErrorCode.StoreUnavailable);
        }
    }
}

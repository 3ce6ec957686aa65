using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Parley.Contracts;
using Parley.Server.Http;
using Parley.Server.Log;
using Parley.Server.Sessions;

namespace Parley.Server.Groups;

/// <summary>Making a group's log. Everything else about a group happens in the log.</summary>
internal static class GroupEndpoints
{
    public static void MapGroups(this IEndpointRouteBuilder signedIn) => signedIn.MapPut(Routes.GroupById, CreateAsync).LimitAccount(static limits => limits.Groups);

    private static async Task<Results<NoContent, Refused>> CreateAsync(string group, ClaimsPrincipal user, ILogStore logs)
    {
        byte[] groupId = new byte[group.Length / 2];
        if (group.Length > Limits.GroupIdBytesMax * 2 || Convert.FromHexString(group, groupId, out _, out _) != System.Buffers.OperationStatus.Done)
            return new Refused(ErrorCode.Malformed);
        if (!LogName.TryParseGroup(groupId, out LogName? log))
            return new Refused(ErrorCode.Malformed);
        return await logs.CreateGroupAsync(log, user.Device()) ? TypedResults.NoContent() : new Refused(ErrorCode.GroupExists);
    }
}

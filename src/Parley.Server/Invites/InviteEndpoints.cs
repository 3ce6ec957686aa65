using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.HttpResults;
using Parley.Contracts;
using Parley.Contracts.Resources;
using Parley.Server.Hosting;
using Parley.Server.Http;

namespace Parley.Server.Invites;

/// <summary>Invites: any account may make one, anybody may look at the one whose code they hold.</summary>
internal static class InviteEndpoints
{
    private const int UsesMax = 1000;
    private const int ValidHoursMax = 8760;

    public static void MapInvites(this IEndpointRouteBuilder open, IEndpointRouteBuilder signedIn)
    {
        signedIn.MapPost(Routes.Invites, CreateAsync).LimitAccount(static limits => limits.Invites);
        open.MapGet(Routes.InviteByCode, FindAsync);
        open.MapGet(Routes.InvitePage, ShowPageAsync).ExcludeFromDescription();
    }

    private static async Task<Results<Ok<Invite>, Refused>> CreateAsync(NewInvite request, IInviteStore invites, ServerIdentity server, RandomNumberGenerator random, TimeProvider clock)
    {
        if (request.Uses is < 1 or > UsesMax || request.ValidHours is < 1 or > ValidHoursMax)
            return new Refused(ErrorCode.Malformed);
        var code = InviteCode.Create(random);
        DateTimeOffset expiresAt = clock.GetUtcNow().AddHours(request.ValidHours);
        await invites.AddAsync(code.Hash, request.Uses, expiresAt);
        return TypedResults.Ok(new Invite(code.Text, server.InviteLink(code), request.Uses, expiresAt));
    }

    private static async Task<Results<Ok<InviteState>, Refused>> FindAsync(string code, IInviteStore invites, ServerIdentity server, TimeProvider clock)
    {
        ErrorCode state = await CheckAsync(code, invites, clock);
        return state == ErrorCode.InviteUnknown ? new Refused(state) : TypedResults.Ok(new InviteState(server.Name, state.Name()));
    }

    private static async Task<InvitePage> ShowPageAsync(string code, IInviteStore invites, ServerIdentity server, TimeProvider clock) =>
        new(server.Name, await CheckAsync(code, invites, clock) == ErrorCode.None && InviteCode.TryParse(code, out InviteCode? usable) ? server.InviteLink(usable) : null);

    private static async ValueTask<ErrorCode> CheckAsync(string text, IInviteStore invites, TimeProvider clock) =>
        InviteCode.TryParse(text, out InviteCode? code) ? await invites.CheckAsync(code.Hash, clock.GetUtcNow()) : ErrorCode.InviteUnknown;
}

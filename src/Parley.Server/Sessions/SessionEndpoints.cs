using Microsoft.AspNetCore.Http.HttpResults;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Resources;
using Parley.Server.Accounts;
using Parley.Server.Hosting;
using Parley.Server.Http;
using Parley.Server.Limiting;
using Parley.Sodium;

namespace Parley.Server.Sessions;

/// <summary>Signing in: a challenge, signed by the device's key, gives a session.</summary>
internal static class SessionEndpoints
{
    public static void MapSessions(this IEndpointRouteBuilder open)
    {
        open.MapPost(Routes.Challenges, CreateChallenge).LimitAddress(static limits => limits.SignIns);
        open.MapPost(Routes.Sessions, CreateSessionAsync).LimitAddress(static limits => limits.SignIns);
    }

    private static Results<Ok<Challenge>, Refused> CreateChallenge(NewChallenge request, Challenges challenges)
    {
        if (!DeviceId.TryParse(request.Device, out DeviceId device))
            return new Refused(ErrorCode.Malformed);
        (byte[] challenge, DateTimeOffset expiresAt) = challenges.Issue(device);
        return TypedResults.Ok(new Challenge(challenge, expiresAt));
    }

    /// <summary>An unknown device, a wrong signature and a used challenge are one answer, so that nothing can be learnt from it.</summary>
    private static async Task<Results<Ok<Session>, Refused>> CreateSessionAsync(
        NewSession request, Challenges challenges, IAccountStore accounts, SessionTokens tokens, ServerIdentity server, RateLimits limits)
    {
        if (!DeviceId.TryParse(request.Device, out DeviceId device))
            return new Refused(ErrorCode.Malformed);
        if (!challenges.IsOpen(device, request.Challenge) || await accounts.FindDeviceAsync(device) is not { } certificate)
            return new Refused(ErrorCode.ChallengeFailed);
        byte[] content = SignedContent.SignIn(server.Name, device, request.Challenge);
        if (!Ed25519.Verify(certificate.DeviceKey.Span, content, request.Signature))
            return new Refused(ErrorCode.ChallengeFailed);
        if (limits.Sessions.Take(device) is { } retryAfter)
            return new Refused(ErrorCode.RateLimited, retryAfter);
        return await tokens.IssueAsync(device, request.Challenge) is { } session
            ? TypedResults.Ok(new Session(session.Token, session.ExpiresAt))
            : new Refused(ErrorCode.ChallengeFailed);
    }
}

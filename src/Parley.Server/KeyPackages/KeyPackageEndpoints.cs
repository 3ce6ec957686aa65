using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Resources;
using Parley.Mls.Messages;
using Parley.Server.Accounts;
using Parley.Server.Http;
using Parley.Server.Limiting;
using Parley.Server.Sessions;

namespace Parley.Server.KeyPackages;

/// <summary>The KeyPackage directory: devices keep it stocked, peers take from it to add them to groups.</summary>
internal static class KeyPackageEndpoints
{
    public static void MapKeyPackages(this IEndpointRouteBuilder signedIn)
    {
        signedIn.MapPost(Routes.KeyPackages, AddAsync);
        signedIn.MapGet(Routes.KeyPackages, CountAsync);
        signedIn.MapPost(Routes.AccountKeyPackages, ClaimAsync).LimitAccount(static limits => limits.Claims);
    }

    private static async Task<Results<NoContent, Refused>> AddAsync(
        NewKeyPackages request, ClaimsPrincipal user, IAccountStore accounts, IKeyPackageStore keyPackages, RateLimits limits, TimeProvider clock)
    {
        DateTimeOffset now = clock.GetUtcNow();
        if (request.KeyPackages.Count > Limits.KeyPackagesPerUploadMax)
            return new Refused(ErrorCode.TooLarge);
        if (limits.KeyPackages.Take(user.Account(), Math.Max(1, request.KeyPackages.Count)) is { } retryAfter)
            return new Refused(ErrorCode.RateLimited, retryAfter);
        if (await accounts.FindDeviceAsync(user.Device()) is not { Certificate: var certificate })
            return new Refused(ErrorCode.DeviceUnknown);
        var accepted = new List<CheckedKeyPackage>();
        foreach (byte[] encoded in request.KeyPackages)
        {
            if (!KeyPackageCheck.TryCheck(encoded, certificate, now, out CheckedKeyPackage? keyPackage))
                return new Refused(ErrorCode.KeyPackageInvalid);
            accepted.Add(keyPackage);
        }

        ErrorCode refusal = await keyPackages.AddAsync(certificate.DeviceId, accepted, now);
        return refusal == ErrorCode.None ? TypedResults.NoContent() : new Refused(refusal);
    }

    private static async Task<Ok<KeyPackageStock>> CountAsync(ushort suite, ClaimsPrincipal user, IKeyPackageStore keyPackages, TimeProvider clock) =>
        TypedResults.Ok(await keyPackages.CountAsync(user.Device(), (CipherSuite)suite, clock.GetUtcNow()));

    private static async Task<Results<Ok<ClaimedKeyPackages>, Refused>> ClaimAsync(
        string handle, ushort suite, ClaimsPrincipal user, IKeyPackageStore keyPackages, RateLimits limits, TimeProvider clock)
    {
        if (!Handle.IsCanonical(handle) || !Handle.TryParse(handle, out Handle? parsed))
            return new Refused(ErrorCode.HandleInvalid);
        if (limits.ClaimsOfPerson.Take((user.Account(), handle)) is { } retryAfter)
            return new Refused(ErrorCode.RateLimited, retryAfter);
        if (await keyPackages.ClaimAsync(parsed, (CipherSuite)suite, clock.GetUtcNow()) is not { } claimed)
            return new Refused(ErrorCode.NotFound);
        return claimed.Count > 0 ? TypedResults.Ok(new ClaimedKeyPackages(claimed)) : new Refused(ErrorCode.KeyPackageExhausted);
    }
}

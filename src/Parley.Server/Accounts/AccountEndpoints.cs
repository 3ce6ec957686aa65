using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Resources;
using Parley.Server.Clustering;
using Parley.Server.Hosting;
using Parley.Server.Http;
using Parley.Server.Invites;
using Parley.Server.Sessions;
using Parley.Server.Sockets;
using Parley.Sodium;

namespace Parley.Server.Accounts;

/// <summary>The Authentication Service's register of who is who. It holds public keys and certificates only.</summary>
internal static class AccountEndpoints
{
    private static readonly TimeSpan ClockSkewMax = TimeSpan.FromHours(1);

    public static void MapAccounts(this IEndpointRouteBuilder open, IEndpointRouteBuilder signedIn)
    {
        open.MapPost(Routes.Accounts, RegisterAsync).LimitAddress(static limits => limits.SignUps);
        signedIn.MapGet(Routes.AccountByHandle, FindAsync);
        signedIn.MapDelete(Routes.DeviceById, RevokeDeviceAsync);
        signedIn.MapPost(Routes.Devices, AddDeviceAsync).LimitAccount(static limits => limits.LinkAnswers);
    }

    private static async Task<Results<Ok<Account>, Refused>> RegisterAsync(NewAccount request, IAccountStore accounts, ServerIdentity server, TimeProvider clock)
    {
        DateTimeOffset now = clock.GetUtcNow();
        if (!DeviceCertificate.TryDecode(request.Certificate, out DeviceCertificate? certificate) || !IsGenuine(certificate, server, now))
            return new Refused(ErrorCode.CertificateInvalid);
        if (!InviteCode.TryParse(request.Invite, out InviteCode? invite))
            return new Refused(ErrorCode.InviteUnknown);
        ErrorCode refusal = await accounts.RegisterAsync(invite.Hash, certificate, now);
        if (refusal != ErrorCode.None)
            return new Refused(refusal);
        return TypedResults.Ok(new Account(certificate.Handle.Value, certificate.AccountKey.ToArray(), [request.Certificate]));
    }

    private static async Task<Results<NoContent, Refused>> AddDeviceAsync(
        NewDevice request, ClaimsPrincipal user, IAccountStore accounts, ServerIdentity server, TimeProvider clock)
    {
        if (await accounts.FindDeviceAsync(user.Device()) is not { Certificate: var caller })
            return new Refused(ErrorCode.DeviceUnknown);
        bool isOfAccount = DeviceCertificate.TryDecode(request.Certificate, out DeviceCertificate? certificate)
            && IsGenuine(certificate, server, clock.GetUtcNow())
            && certificate.Handle == caller.Handle
            && certificate.AccountKey.Span.SequenceEqual(caller.AccountKey.Span);
        if (!isOfAccount || certificate is null)
            return new Refused(ErrorCode.CertificateInvalid);
        ErrorCode refusal = await accounts.AddDeviceAsync(caller.DeviceId, certificate);
        return refusal == ErrorCode.None ? TypedResults.NoContent() : new Refused(refusal);
    }

    private static async Task<Results<NoContent, Refused>> RevokeDeviceAsync(
        string device, ClaimsPrincipal user, IAccountStore accounts, Subscribers subscribers, Peers peers, TimeProvider clock)
    {
        if (!DeviceId.TryParse(device, out DeviceId id))
            return new Refused(ErrorCode.Malformed);
        if (id == user.Device())
            return new Refused(ErrorCode.Forbidden);
        if (!await accounts.RevokeDeviceAsync(user.Device(), id, clock.GetUtcNow()))
            return new Refused(ErrorCode.NotFound);

        // It can begin nothing new any more; this ends what it has open, here and on other nodes.
        var revocation = Publication.OfRevocation(id);
        subscribers.Publish(revocation);
        peers.Publish(revocation);
        return TypedResults.NoContent();
    }

    private static async Task<Results<Ok<Account>, Refused>> FindAsync(string handle, IAccountStore accounts)
    {
        if (!Handle.IsCanonical(handle) || !Handle.TryParse(handle, out Handle? parsed))
            return new Refused(ErrorCode.HandleInvalid);
        return await accounts.FindAsync(parsed) is { } account ? TypedResults.Ok(account) : new Refused(ErrorCode.NotFound);
    }

    private static bool IsGenuine(DeviceCertificate certificate, ServerIdentity server, DateTimeOffset now) =>
        certificate.Server == server.Name && certificate.CreatedAt <= now + ClockSkewMax && certificate.Verify(Ed25519.Verify);
}

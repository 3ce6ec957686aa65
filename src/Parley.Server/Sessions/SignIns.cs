using System.Net;
using System.Security.Cryptography;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Wire;
using Parley.Server.Accounts;
using Parley.Server.Hosting;
using Parley.Server.Limiting;
using Parley.Sodium;

namespace Parley.Server.Sessions;

/// <summary>
/// Signing in, on the WebSocket itself: the server's first frame is a challenge, and the client's first one answers it by the device's
/// signature. A challenge is random and known to one connection, which takes one answer, so that there is nothing to store and nothing to
/// replay, and any node can do it by itself.
/// </summary>
internal sealed class SignIns(IAccountStore accounts, AccessTokens tokens, ServerIdentity server, RateLimits limits, RandomNumberGenerator random, TimeProvider clock)
{
    private const int ClientNameCharsMax = 64;

    /// <summary>A new challenge.</summary>
    public byte[] CreateChallenge()
    {
        byte[] challenge = new byte[Limits.ChallengeBytes];
        random.GetBytes(challenge);
        return challenge;
    }

    /// <summary>Who has answered the challenge. An unknown device, one that was taken out of its account and a wrong signature are one refusal, so that nothing can be learnt from it.</summary>
    /// <param name="hello">The answer.</param>
    /// <param name="challenge">The connection's challenge.</param>
    /// <param name="network">Where it comes from, as addresses are counted.</param>
    public async ValueTask<Outcome> CheckAsync(Hello hello, byte[] challenge, IPAddress network)
    {
        if (hello.ProtocolVersion != Limits.ProtocolVersion)
            return new Outcome.Refused(ErrorCode.VersionUnsupported);
        if (hello.Client.Length > ClientNameCharsMax || !DeviceId.TryParse(hello.Device.Span, out DeviceId device))
            return new Outcome.Refused(ErrorCode.Malformed);
        if (limits.SignIns.Take(network) is { } addressWait)
            return new Outcome.Refused(ErrorCode.RateLimited, addressWait);
        if (await accounts.FindDeviceAsync(device) is not { } registered || !IsSigned(hello, registered.Certificate, challenge))
            return new Outcome.Refused(ErrorCode.ChallengeFailed);
        return limits.Sessions.Take(device) is { } deviceWait
            ? new Outcome.Refused(ErrorCode.RateLimited, deviceWait)
            : new Outcome.SignedIn(new SessionOwner(device, registered.Account));
    }

    /// <summary>What is said to a device that has signed in.</summary>
    public Welcomed Welcome(DeviceId device)
    {
        (string token, DateTimeOffset expiresAt) = tokens.Issue(device);
        return new Welcomed
        {
            ServerTimeMs = (ulong)clock.GetUtcNow().ToUnixTimeMilliseconds(),
            Token = token,
            TokenExpiresAtMs = (ulong)expiresAt.ToUnixTimeMilliseconds(),
        };
    }

    private bool IsSigned(Hello hello, DeviceCertificate certificate, byte[] challenge) => Ed25519.Verify(
        certificate.DeviceKey.Span, SignedContent.SignIn(server.Name, hello.ProtocolVersion, certificate.DeviceId, challenge), hello.Signature.Span);

    /// <summary>What became of a sign-in.</summary>
    internal abstract record Outcome
    {
        private Outcome()
        {
        }

        /// <summary>It is this device.</summary>
        internal sealed record SignedIn(SessionOwner Owner) : Outcome;

        /// <summary>The peer is told this.</summary>
        internal sealed record Refused(ErrorCode Code, TimeSpan? RetryAfter = null) : Outcome;
    }
}

/// <summary>Who has signed in.</summary>
/// <param name="Device">The device.</param>
/// <param name="Account">The store's number for the device's account.</param>
internal sealed record SessionOwner(DeviceId Device, long Account);

using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Parley.Contracts.Identity;

namespace Parley.Server.Sessions;

/// <summary>Bearer tokens: 32 random bytes, of which the store keeps a hash, so that a stolen database signs nobody in.</summary>
internal sealed class SessionTokens(ISessionStore store, RandomNumberGenerator random, TimeProvider clock)
{
    private const int TokenBytes = 32;
    private const int TokenCharsMax = 64;

    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <summary>Begins a session of the device, which has answered the challenge. Null if the challenge was used before.</summary>
    public async Task<(string Token, DateTimeOffset ExpiresAt)?> IssueAsync(DeviceId device, byte[] challenge)
    {
        byte[] bytes = new byte[TokenBytes];
        random.GetBytes(bytes);
        string token = Base64Url.EncodeToString(bytes);
        DateTimeOffset now = clock.GetUtcNow();
        return await store.AddAsync(HashOf(token), device, Challenges.MacOf(challenge), now, now + Lifetime) ? (token, now + Lifetime) : null;
    }

    /// <summary>Whom a token belongs to. Null if there is no such session, or it has expired.</summary>
    public async ValueTask<SessionOwner?> FindAsync(string token) =>
        token.Length is 0 or > TokenCharsMax ? null : await store.FindAsync(HashOf(token), clock.GetUtcNow());

    private static byte[] HashOf(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}

using System.Security.Cryptography;
using Parley.Server.Storage;

namespace Parley.Server.Sessions;

/// <summary>
/// The key that sign-in challenges carry a MAC of. It stands in the database, so that one node takes what another has issued. Whoever
/// steals it can make challenges, which still have to be signed by the device.
/// </summary>
internal sealed class ChallengeKey
{
    private const int KeyBytes = 32;
    private const string Setting = "challenge_key";

    private readonly byte[] _key;

    private ChallengeKey(byte[] key) => _key = key;

    /// <summary>A key of this process alone.</summary>
    public static ChallengeKey Create(RandomNumberGenerator random)
    {
        byte[] key = new byte[KeyBytes];
        random.GetBytes(key);
        return new ChallengeKey(key);
    }

    /// <summary>The database's key, made at the first start.</summary>
    public static async Task<ChallengeKey> SettleAsync(IDatabase database, RandomNumberGenerator random)
    {
        string proposed = Convert.ToBase64String(Create(random)._key);
        return new ChallengeKey(Convert.FromBase64String(await Settings.SettleAsync(database, Setting, proposed)));
    }

    public void Mac(ReadOnlySpan<byte> content, Span<byte> mac)
    {
        Span<byte> full = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, content, full);
        full[..mac.Length].CopyTo(mac);
    }
}

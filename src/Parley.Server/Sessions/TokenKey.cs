using System.Security.Cryptography;
using Parley.Server.Storage;

namespace Parley.Server.Sessions;

/// <summary>
/// The key under which access tokens carry a MAC. A server by itself makes one when it starts and writes it nowhere, so that a stolen database
/// signs nobody in; its tokens end with it. The nodes of a cluster take each other's tokens, so theirs stands in the database, beside the key
/// of the cluster's certificate, and whoever steals that database has it.
/// </summary>
internal sealed class TokenKey
{
    private const int KeyBytes = 32;
    private const string Setting = "token_key";

    private readonly byte[] _key;

    private TokenKey(byte[] key) => _key = key;

    /// <summary>A key of this process alone.</summary>
    public static TokenKey Create(RandomNumberGenerator random)
    {
        byte[] key = new byte[KeyBytes];
        random.GetBytes(key);
        return new TokenKey(key);
    }

    /// <summary>The cluster's key, made by its first node.</summary>
    public static async Task<TokenKey> SettleAsync(IDatabase database, RandomNumberGenerator random)
    {
        string proposed = Convert.ToBase64String(Create(random)._key);
        return new TokenKey(Convert.FromBase64String(await Settings.SettleAsync(database, Setting, proposed)));
    }

    public void Mac(ReadOnlySpan<byte> content, Span<byte> mac) => HMACSHA256.HashData(_key, content, mac);
}

using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using Parley.Contracts;
using Parley.Contracts.Identity;

namespace Parley.Server.Sessions;

/// <summary>
/// What a device that has signed in on its WebSocket shows with an HTTP request: its id and an expiry, under a MAC. So nothing is stored, and
/// every node takes it. It says who asks; whether that device is still in an account is for the store to say, at each request.
/// </summary>
internal sealed class AccessTokens(TokenKey key, TimeProvider clock)
{
    private const int MacOffset = Limits.DeviceIdBytes + sizeof(long);
    private const int TokenBytes = MacOffset + HMACSHA256.HashSizeInBytes;

    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    // The MAC is for this and nothing else.
    private static readonly byte[] Label = [.. "Parley 1.0 AccessToken"u8];

    /// <summary>A token of the device, which has signed in.</summary>
    public (string Token, DateTimeOffset ExpiresAt) Issue(DeviceId device)
    {
        DateTimeOffset expiresAt = clock.GetUtcNow() + Lifetime;
        Span<byte> token = stackalloc byte[TokenBytes];
        device.ToArray().CopyTo(token);
        BinaryPrimitives.WriteInt64BigEndian(token[Limits.DeviceIdBytes..], expiresAt.ToUnixTimeMilliseconds());
        Mac(token[..MacOffset], token[MacOffset..]);
        return (Base64Url.EncodeToString(token), expiresAt);
    }

    /// <summary>Whose token it is. Null if it is none of ours, or has expired.</summary>
    public DeviceId? Read(string token)
    {
        Span<byte> bytes = stackalloc byte[TokenBytes];
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        if (token.Length != Base64Url.GetEncodedLength(TokenBytes) || !Base64Url.TryDecodeFromChars(token, bytes, out int length) || length != TokenBytes)
            return null;
        Mac(bytes[..MacOffset], mac);
        bool isOurs = CryptographicOperations.FixedTimeEquals(mac, bytes[MacOffset..])
            && BinaryPrimitives.ReadInt64BigEndian(bytes[Limits.DeviceIdBytes..]) > clock.GetUtcNow().ToUnixTimeMilliseconds();
        return isOurs && DeviceId.TryParse(bytes[..Limits.DeviceIdBytes], out DeviceId device) ? device : null;
    }

    private void Mac(ReadOnlySpan<byte> content, Span<byte> mac)
    {
        Span<byte> labelled = stackalloc byte[Label.Length + MacOffset];
        Label.CopyTo(labelled);
        content.CopyTo(labelled[Label.Length..]);
        key.Mac(labelled, mac);
    }
}

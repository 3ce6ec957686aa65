using System.Buffers.Binary;
using System.Security.Cryptography;
using Parley.Contracts;
using Parley.Contracts.Identity;

namespace Parley.Server.Sessions;

/// <summary>
/// Sign-in challenges that cost the server nothing until they are answered: 12 random bytes, the expiry in 4, and a MAC of 16 over
/// both and the device. So a flood of requests for challenges fills no memory, and any node takes the answer. A session notes the MAC
/// of the challenge that began it, so that the store refuses a second one.
/// </summary>
internal sealed class Challenges(ChallengeKey key, RandomNumberGenerator random, TimeProvider clock)
{
    private const int NonceBytes = 12;
    private const int ExpiryBytes = 4;
    private const int MacOffset = NonceBytes + ExpiryBytes;

    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(2);

    /// <summary>A new challenge for the device, whether or not there is such a device: that is told to nobody.</summary>
    public (byte[] Challenge, DateTimeOffset ExpiresAt) Issue(DeviceId device)
    {
        byte[] challenge = new byte[Limits.ChallengeBytes];
        DateTimeOffset expiresAt = clock.GetUtcNow() + Lifetime;
        random.GetBytes(challenge, 0, NonceBytes);
        BinaryPrimitives.WriteUInt32BigEndian(challenge.AsSpan(NonceBytes), (uint)expiresAt.ToUnixTimeSeconds());
        Mac(device, challenge, challenge.AsSpan(MacOffset));
        return (challenge, DateTimeOffset.FromUnixTimeSeconds(expiresAt.ToUnixTimeSeconds()));
    }

    /// <summary>Whether this is a challenge that was made for the device and has not expired.</summary>
    public bool IsOpen(DeviceId device, ReadOnlySpan<byte> challenge)
    {
        if (challenge.Length != Limits.ChallengeBytes)
            return false;
        Span<byte> mac = stackalloc byte[Limits.ChallengeBytes - MacOffset];
        Mac(device, challenge, mac);
        return CryptographicOperations.FixedTimeEquals(mac, challenge[MacOffset..]) && ExpiryOf(challenge) > clock.GetUtcNow().ToUnixTimeSeconds();
    }

    /// <summary>What tells a challenge from all others. A new array.</summary>
    public static byte[] MacOf(ReadOnlySpan<byte> challenge) => challenge[MacOffset..].ToArray();

    private void Mac(DeviceId device, ReadOnlySpan<byte> challenge, Span<byte> mac)
    {
        Span<byte> content = stackalloc byte[MacOffset + Limits.DeviceIdBytes];
        challenge[..MacOffset].CopyTo(content);
        device.ToArray().CopyTo(content[MacOffset..]);
        key.Mac(content, mac);
    }

    private static long ExpiryOf(ReadOnlySpan<byte> challenge) => BinaryPrimitives.ReadUInt32BigEndian(challenge[NonceBytes..]);
}

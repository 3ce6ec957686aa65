using System.Buffers.Binary;
using System.Security.Cryptography;
using Parley.Contracts;
using Parley.Contracts.Identity;

namespace Parley.Server.Sessions;

/// <summary>
/// Sign-in challenges that cost the server nothing until they are answered: 12 random bytes, the expiry in 4, and a MAC of 16 over
/// both and the device, under a key of this process. So a flood of requests for challenges fills no memory. Only a challenge that was
/// answered rightly is remembered, until it expires, so that its answer cannot be used again.
/// </summary>
internal sealed class Challenges
{
    private const int NonceBytes = 12;
    private const int ExpiryBytes = 4;
    private const int MacOffset = NonceBytes + ExpiryBytes;
    private const int UsedMax = 100_000;

    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(2);

    private readonly RandomNumberGenerator _random;
    private readonly TimeProvider _clock;
    private readonly byte[] _key = new byte[32];

    // Protects the two collections: what was used, and the same in the order of expiry.
    private readonly Lock _gate = new();
    private readonly HashSet<UInt128> _used = [];
    private readonly Queue<(UInt128 Mac, long ExpiresAt)> _usedInOrder = new();

    public Challenges(RandomNumberGenerator random, TimeProvider clock)
    {
        _random = random;
        _clock = clock;
        random.GetBytes(_key);
    }

    /// <summary>A new challenge for the device, whether or not there is such a device: that is told to nobody.</summary>
    public (byte[] Challenge, DateTimeOffset ExpiresAt) Issue(DeviceId device)
    {
        byte[] challenge = new byte[Limits.ChallengeBytes];
        DateTimeOffset expiresAt = _clock.GetUtcNow() + Lifetime;
        _random.GetBytes(challenge, 0, NonceBytes);
        BinaryPrimitives.WriteUInt32BigEndian(challenge.AsSpan(NonceBytes), (uint)expiresAt.ToUnixTimeSeconds());
        Mac(device, challenge, challenge.AsSpan(MacOffset));
        return (challenge, DateTimeOffset.FromUnixTimeSeconds(expiresAt.ToUnixTimeSeconds()));
    }

    /// <summary>Whether this is a challenge that was made for the device, has not expired and was not used.</summary>
    public bool IsOpen(DeviceId device, ReadOnlySpan<byte> challenge)
    {
        if (challenge.Length != Limits.ChallengeBytes)
            return false;
        Span<byte> mac = stackalloc byte[Limits.ChallengeBytes - MacOffset];
        Mac(device, challenge, mac);
        if (!CryptographicOperations.FixedTimeEquals(mac, challenge[MacOffset..]) || ExpiryOf(challenge) <= _clock.GetUtcNow().ToUnixTimeSeconds())
            return false;
        lock (_gate)
            return !_used.Contains(KeyOf(challenge));
    }

    /// <summary>Uses the challenge up, after its answer has proved right. False if another request was first.</summary>
    public bool TryUse(ReadOnlySpan<byte> challenge)
    {
        lock (_gate)
        {
            long now = _clock.GetUtcNow().ToUnixTimeSeconds();
            while (_usedInOrder.TryPeek(out (UInt128 Mac, long ExpiresAt) oldest) && oldest.ExpiresAt <= now)
            {
                _usedInOrder.Dequeue();
                _used.Remove(oldest.Mac);
            }

            // Refused rather than forgotten: a forgotten challenge could be used again.
            if (_used.Count == UsedMax || !_used.Add(KeyOf(challenge)))
                return false;
            _usedInOrder.Enqueue((KeyOf(challenge), now + (long)Lifetime.TotalSeconds));
            return true;
        }
    }

    private void Mac(DeviceId device, ReadOnlySpan<byte> challenge, Span<byte> mac)
    {
        Span<byte> content = stackalloc byte[MacOffset + Limits.DeviceIdBytes];
        challenge[..MacOffset].CopyTo(content);
        device.ToArray().CopyTo(content[MacOffset..]);
        Span<byte> full = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, content, full);
        full[..mac.Length].CopyTo(mac);
    }

    private static long ExpiryOf(ReadOnlySpan<byte> challenge) => BinaryPrimitives.ReadUInt32BigEndian(challenge[NonceBytes..]);

    private static UInt128 KeyOf(ReadOnlySpan<byte> challenge) => BinaryPrimitives.ReadUInt128BigEndian(challenge[MacOffset..]);
}

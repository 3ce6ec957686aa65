using System.Security.Cryptography;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Sodium;

namespace Parley.Bench.Server.Clients;

/// <summary>A device with its keys.</summary>
internal sealed class LoadDevice
{
    private readonly string _server;
    private readonly byte[] _seed = RandomNumberGenerator.GetBytes(Ed25519.SeedBytes);
    private readonly byte[] _key;

    public LoadDevice(string server, string handle)
    {
        _server = server;
        _key = PublicKeyOf(_seed);
        if (!Handle.TryParse(handle, out Handle? parsed) || !DeviceId.TryParse(RandomNumberGenerator.GetBytes(Limits.DeviceIdBytes), out DeviceId id))
            throw new InvalidOperationException("The load program's names are wrong.");
        Id = id;
        byte[] accountSeed = RandomNumberGenerator.GetBytes(Ed25519.SeedBytes);
        byte[] accountKey = PublicKeyOf(accountSeed);
        Certificate = DeviceCertificate.Issue(parsed, server, accountKey, _key, id, DateTimeOffset.UtcNow, content => Sign(accountSeed, accountKey, content)).Encoded.ToArray();
    }

    public DeviceId Id { get; }

    public byte[] Certificate { get; }

    /// <summary>The answer to a challenge.</summary>
    public byte[] Sign(ReadOnlySpan<byte> challenge) => Sign(_seed, _key, SignedContent.SignIn(_server, Limits.ProtocolVersion, Id, challenge));

    private static byte[] PublicKeyOf(byte[] seed)
    {
        byte[] key = new byte[Ed25519.PublicKeyBytes];
        Ed25519.DerivePublicKey(seed, key);
        return key;
    }

    private static byte[] Sign(byte[] seed, byte[] key, ReadOnlySpan<byte> content)
    {
        byte[] signature = new byte[Ed25519.SignatureBytes];
        Ed25519.Sign(seed, key, content, signature);
        return signature;
    }
}

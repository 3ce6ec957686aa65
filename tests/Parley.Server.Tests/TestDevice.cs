using System.Security.Cryptography;
using Google.Protobuf;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Wire;
using Parley.Sodium;

namespace Parley.Server.Tests;

/// <summary>A person's device: an account key, a device key, and the certificate that ties them.</summary>
internal sealed class TestDevice
{
    private readonly byte[] _accountSeed = RandomNumberGenerator.GetBytes(Ed25519.SeedBytes);
    private readonly byte[] _deviceSeed = RandomNumberGenerator.GetBytes(Ed25519.SeedBytes);

    public TestDevice(string handle, string server = TestServer.Name, DateTimeOffset? createdAt = null, DeviceId? id = null, TestDevice? besides = null)
    {
        if (besides is not null)
            _accountSeed = besides._accountSeed;
        if (!Handle.TryParse(handle, out Handle? parsed))
            throw new ArgumentException("Not a handle.", nameof(handle));
        Id = id ?? NewId();
        Certificate = DeviceCertificate.Issue(
            parsed, server, PublicKeyOf(_accountSeed), PublicKeyOf(_deviceSeed), Id, createdAt ?? DateTimeOffset.UtcNow, content => SignWith(_accountSeed, content));
    }

    public DeviceId Id { get; }

    public DeviceCertificate Certificate { get; }

    /// <summary>Signs with the device key.</summary>
    public byte[] Sign(ReadOnlySpan<byte> content) => SignWith(_deviceSeed, content);

    /// <summary>The right answer to a challenge.</summary>
    public Hello Hello(ReadOnlySpan<byte> challenge) => new()
    {
        ProtocolVersion = Limits.ProtocolVersion,
        Client = "test",
        Device = ByteString.CopyFrom(Id.ToArray()),
        Signature = ByteString.CopyFrom(Sign(SignedContent.SignIn(Certificate.Server, Limits.ProtocolVersion, Id, challenge))),
    };

    private static DeviceId NewId() =>
        DeviceId.TryParse(RandomNumberGenerator.GetBytes(16), out DeviceId id) ? id : throw new InvalidOperationException("16 bytes are a device id.");

    private static byte[] PublicKeyOf(byte[] seed)
    {
        byte[] key = new byte[Ed25519.PublicKeyBytes];
        Ed25519.DerivePublicKey(seed, key);
        return key;
    }

    private static byte[] SignWith(byte[] seed, ReadOnlySpan<byte> content)
    {
        byte[] signature = new byte[Ed25519.SignatureBytes];
        Ed25519.Sign(seed, PublicKeyOf(seed), content, signature);
        return signature;
    }
}

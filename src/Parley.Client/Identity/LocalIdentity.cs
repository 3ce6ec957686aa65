using Parley.Contracts.Identity;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Credentials;

namespace Parley.Client.Identity;

/// <summary>
/// Who this device is: the account key, the device key, and the certificate by which the one vouches for the other. Made once, before
/// anything is sent, and stored; everything the device ever signs is signed with one of the two.
/// </summary>
internal sealed class LocalIdentity : IDisposable
{
    private const ushort Version = 1;

    private readonly ICryptoProvider _crypto;
    private readonly Secret _accountKey;
    private readonly SignatureKeyPair _device;

    private LocalIdentity(ICryptoProvider crypto, Secret accountKey, Secret deviceKey, DeviceCertificate certificate)
    {
        _crypto = crypto;
        _accountKey = accountKey;
        _device = new SignatureKeyPair(deviceKey, certificate.DeviceKey.ToArray());
        Certificate = certificate;
        Leaf = new LeafIdentity(_device, new Credential.Basic(certificate.Encoded), MlsProfile.Capabilities, []);
    }

    /// <summary>The device's certificate: handle, server, both public keys and the device's id.</summary>
    public DeviceCertificate Certificate { get; }

    /// <summary>The device as it appears in groups.</summary>
    public LeafIdentity Leaf { get; }

    /// <summary>Makes the keys of a new account and its first device.</summary>
    public static LocalIdentity Create(ICryptoProvider crypto, Handle handle, string server, DateTimeOffset now)
    {
        (Secret accountKey, byte[] accountPublic) = crypto.GenerateSignatureKeyPair(SignatureAlgorithm.Ed25519);
        (Secret deviceKey, byte[] devicePublic) = crypto.GenerateSignatureKeyPair(SignatureAlgorithm.Ed25519);
        byte[] id = new byte[Contracts.Limits.DeviceIdBytes];
        crypto.FillRandom(id);
        if (!DeviceId.TryParse(id, out DeviceId device))
            throw new InvalidOperationException("16 bytes are a device id.");
        DeviceCertificate certificate = DeviceCertificate.Issue(
            handle, server, accountPublic, devicePublic, device, now, content => crypto.Sign(SignatureAlgorithm.Ed25519, accountKey.AsSpan(), accountPublic, content));
        return new LocalIdentity(crypto, accountKey, deviceKey, certificate);
    }

    /// <summary>The identity of a device that was certified by another of its account. Takes both keys over.</summary>
    public static LocalIdentity Of(ICryptoProvider crypto, Secret accountKey, Secret deviceKey, DeviceCertificate certificate) => new(crypto, accountKey, deviceKey, certificate);

    /// <summary>Reads what <see cref="Serialize"/> wrote.</summary>
    /// <exception cref="InvalidDataException">It is something else.</exception>
    public static LocalIdentity Restore(ICryptoProvider crypto, ReadOnlyMemory<byte> stored)
    {
        var reader = new TlsReader(stored);
        ushort version = reader.ReadUInt16();
        ReadOnlyMemory<byte> account = reader.ReadVector();
        ReadOnlyMemory<byte> device = reader.ReadVector();
        ReadOnlyMemory<byte> encoded = reader.ReadVector();
        if (!reader.Finish() || version != Version || !DeviceCertificate.TryDecode(encoded.Span, out DeviceCertificate? certificate))
            throw new InvalidDataException("The stored identity is damaged.");
        return new LocalIdentity(crypto, new Secret(account.Span), new Secret(device.Span), certificate);
    }

    /// <summary>All of it, the private keys included: for the encrypted store and nothing else.</summary>
    public byte[] Serialize()
    {
        var writer = new TlsWriter();
        writer.WriteUInt16(Version);
        writer.WriteVector(_accountKey.AsSpan());
        writer.WriteVector(_device.PrivateKey.AsSpan());
        writer.WriteVector(Certificate.Encoded);
        byte[] stored = writer.ToArray();
        writer.Clear();
        return stored;
    }

    /// <summary>Certifies a further device of the account.</summary>
    public DeviceCertificate Certify(ReadOnlySpan<byte> deviceKey, DeviceId device, DateTimeOffset now) => DeviceCertificate.Issue(
        Certificate.Handle, Certificate.Server, Certificate.AccountKey.Span, deviceKey, device, now,
        content => _crypto.Sign(SignatureAlgorithm.Ed25519, _accountKey.AsSpan(), Certificate.AccountKey.Span, content));

    /// <summary>A copy of the account's private key, for a device that was certified. The caller disposes it.</summary>
    public Secret CloneAccountKey() => _accountKey.Clone();

    /// <summary>Signs with the device key.</summary>
    public byte[] Sign(ReadOnlySpan<byte> content) => _crypto.Sign(SignatureAlgorithm.Ed25519, _device.PrivateKey.AsSpan(), Certificate.DeviceKey.Span, content);

    /// <summary>Answers a server's challenge.</summary>
    public byte[] SignChallenge(ReadOnlySpan<byte> challenge) => _crypto.Sign(
        SignatureAlgorithm.Ed25519,
        _device.PrivateKey.AsSpan(),
        Certificate.DeviceKey.Span,
        SignedContent.SignIn(Certificate.Server, Contracts.Limits.ProtocolVersion, Certificate.DeviceId, challenge));

    /// <summary>Zeroes the private keys.</summary>
    public void Dispose()
    {
        _accountKey.Dispose();
        _device.Dispose();
    }
}

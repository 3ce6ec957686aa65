using System.Diagnostics.CodeAnalysis;
using System.Text;
using Parley.Mls.Messages.Codec;

namespace Parley.Contracts.Identity;

/// <summary>
/// Says that a device belongs to an account, signed by the account's own key. It is the identity in the MLS basic credential of
/// every leaf, so each member checks it and a server cannot invent a device. Encoded in the TLS presentation language:
/// <code>
/// struct {
///   uint16 version = 1;
///   opaque handle&lt;V&gt;;            opaque server&lt;V&gt;;
///   opaque account_key&lt;V&gt;;       opaque device_key&lt;V&gt;;   /* Ed25519 */
///   opaque device_id[16];        uint64 created_at;      /* Unix seconds */
///   opaque signature&lt;V&gt;;         /* account key, over the label "DeviceCertificate" and all of the above */
/// } DeviceCertificate;
/// </code>
/// A decoded certificate is well-formed; it is genuine only if <see cref="Verify"/> says so.
/// </summary>
public sealed class DeviceCertificate
{
    private const ushort Version = 1;
    private const int KeyBytes = 32;
    private const int SignatureBytes = 64;
    private const int EncodedBytesMax = 1024;

    private readonly byte[] _encoded;
    private readonly byte[] _signature;

    private DeviceCertificate(Fields fields, byte[] signature)
    {
        Handle = fields.Handle;
        Server = fields.Server;
        AccountKey = fields.AccountKey;
        DeviceKey = fields.DeviceKey;
        DeviceId = fields.DeviceId;
        CreatedAt = fields.CreatedAt;
        _signature = signature;
        var writer = new TlsWriter();
        fields.Write(writer);
        ToBeSigned = SignedContent.Labelled("DeviceCertificate", writer.WrittenSpan);
        writer.WriteVector(signature);
        _encoded = writer.ToArray();
    }

    /// <summary>Checks an Ed25519 signature: public key, content, signature.</summary>
    public delegate bool Ed25519Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature);

    /// <summary>Makes an Ed25519 signature of 64 bytes over the content.</summary>
    public delegate byte[] Ed25519Sign(ReadOnlySpan<byte> content);

    /// <summary>The account's handle.</summary>
    public Handle Handle { get; }

    /// <summary>The name of the server the account is on.</summary>
    public string Server { get; }

    /// <summary>The account's public key, 32 bytes.</summary>
    public ReadOnlyMemory<byte> AccountKey { get; }

    /// <summary>The device's public signature key, 32 bytes. The MLS leaf's <c>signature_key</c> is this key.</summary>
    public ReadOnlyMemory<byte> DeviceKey { get; }

    /// <summary>The device's id.</summary>
    public DeviceId DeviceId { get; }

    /// <summary>When the account key signed it, to the second.</summary>
    public DateTimeOffset CreatedAt { get; }

    /// <summary>The encoded certificate.</summary>
    public ReadOnlyMemory<byte> Encoded => _encoded;

    internal ReadOnlyMemory<byte> ToBeSigned { get; }

    /// <summary>Makes a certificate and has the account key sign it.</summary>
    /// <exception cref="ArgumentException">A key is not 32 bytes, the server name is empty or too long, or the signer returns a wrong length.</exception>
    public static DeviceCertificate Issue(
        Handle handle, string server, ReadOnlySpan<byte> accountKey, ReadOnlySpan<byte> deviceKey, DeviceId device, DateTimeOffset createdAt, Ed25519Sign sign)
    {
        ArgumentNullException.ThrowIfNull(handle);
        ArgumentException.ThrowIfNullOrEmpty(server);
        ArgumentNullException.ThrowIfNull(sign);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(server.Length, Limits.ServerNameCharsMax);
        ArgumentOutOfRangeException.ThrowIfNotEqual(accountKey.Length, KeyBytes);
        ArgumentOutOfRangeException.ThrowIfNotEqual(deviceKey.Length, KeyBytes);
        var fields = new Fields(handle, server, accountKey.ToArray(), deviceKey.ToArray(), device, DateTimeOffset.FromUnixTimeSeconds(createdAt.ToUnixTimeSeconds()));
        byte[] signature = sign(new DeviceCertificate(fields, new byte[SignatureBytes]).ToBeSigned.Span);
        ArgumentOutOfRangeException.ThrowIfNotEqual(signature.Length, SignatureBytes);
        return new DeviceCertificate(fields, signature);
    }

    /// <summary>Reads a certificate. The input is copied.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out DeviceCertificate? certificate)
    {
        certificate = null;
        if (encoded.Length > EncodedBytesMax)
            return false;
        var reader = new TlsReader(encoded.ToArray());
        ushort version = reader.ReadUInt16();
        string handleText = Encoding.Latin1.GetString(reader.ReadVector().Span);
        ReadOnlyMemory<byte> serverBytes = reader.ReadVector();
        ReadOnlyMemory<byte> accountKey = reader.ReadVector();
        ReadOnlyMemory<byte> deviceKey = reader.ReadVector();
        ReadOnlyMemory<byte> deviceBytes = reader.ReadBytes(Limits.DeviceIdBytes);
        ulong createdAt = reader.ReadUInt64();
        ReadOnlyMemory<byte> signature = reader.ReadVector();
        if (!reader.Finish() || version != Version || accountKey.Length != KeyBytes || deviceKey.Length != KeyBytes || signature.Length != SignatureBytes)
            return false;
        if (createdAt > (ulong)DateTimeOffset.MaxValue.ToUnixTimeSeconds() || serverBytes.Length is 0 or > Limits.ServerNameCharsMax)
            return false;
        if (!System.Text.Ascii.IsValid(serverBytes.Span) || !Handle.IsCanonical(handleText) || !Handle.TryParse(handleText, out Handle? handle))
            return false;
        if (!DeviceId.TryParse(deviceBytes.Span, out DeviceId device))
            return false;
        string server = Encoding.ASCII.GetString(serverBytes.Span);
        var fields = new Fields(handle, server, accountKey, deviceKey, device, DateTimeOffset.FromUnixTimeSeconds((long)createdAt));
        certificate = new DeviceCertificate(fields, signature.ToArray());
        return true;
    }

    /// <summary>Whether the account key in the certificate has signed it. Says nothing of whether that key is the right person's.</summary>
    public bool Verify(Ed25519Verify verify)
    {
        ArgumentNullException.ThrowIfNull(verify);
        return verify(AccountKey.Span, ToBeSigned.Span, _signature);
    }

    private sealed record Fields(Handle Handle, string Server, ReadOnlyMemory<byte> AccountKey, ReadOnlyMemory<byte> DeviceKey, DeviceId DeviceId, DateTimeOffset CreatedAt)
    {
        public void Write(TlsWriter writer)
        {
            writer.WriteUInt16(Version);
            writer.WriteVector(Encoding.ASCII.GetBytes(Handle.Value));
            writer.WriteVector(Encoding.ASCII.GetBytes(Server));
            writer.WriteVector(AccountKey.Span);
            writer.WriteVector(DeviceKey.Span);
            writer.WriteBytes(DeviceId.ToArray());
            writer.WriteUInt64((ulong)CreatedAt.ToUnixTimeSeconds());
        }
    }
}

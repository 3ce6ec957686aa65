using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Parley.Client.Identity;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using HashAlgorithm = Parley.Mls.Crypto.HashAlgorithm;

namespace Parley.Client.Devices;

/// <summary>
/// What a new device and one that its account has already say to each other over a server that neither trusts (docs/decisions/0020):
/// <list type="number">
/// <item>The new device commits to its keys and a nonce.</item>
/// <item>The existing one answers with a nonce of its own and its certificate; if it has read the link text, also with a MAC under the link text's secret.</item>
/// <item>The new device reveals what it had committed to.</item>
/// <item>Without a link text, the user types the number that the one shows into the other, in both directions. Both numbers are of the hash of all of
/// the above. Whoever stands between had to commit before knowing the other side's nonce: it has one chance in a million on each side, once.</item>
/// <item>The existing device seals certificate and account key to the new device's key, signed by its own.</item>
/// </list>
/// </summary>
internal static class LinkProtocol
{
    public const int NonceBytes = 32;
    public const int DeviceKeyBytes = 32;
    public const int SecretBytes = 32;
    private const int HashBytes = 32;
    private const int NumberModulus = 1_000_000;
    private const string TextPrefix = "parley-link:";
    private const string SealLabel = "Parley 1.0 LinkHandover";

    /// <summary>The hash that the new device sends first.</summary>
    public static byte[] Commit(ICryptoProvider crypto, RevealedDevice reveal) => Hash(crypto, "LinkCommitment", reveal.Encode());

    /// <summary>The hash of all that both have said, in their order.</summary>
    public static byte[] Transcript(ICryptoProvider crypto, string code, byte[] commitment, byte[] answer, byte[] reveal)
    {
        var writer = new TlsWriter();
        writer.WriteVector(Encoding.ASCII.GetBytes(code));
        writer.WriteVector(commitment);
        writer.WriteVector(answer);
        writer.WriteVector(reveal);
        return Hash(crypto, "LinkTranscript", writer.ToArray());
    }

    /// <summary>The number that the new device shows and the existing one is told.</summary>
    public static string NumberOfNew(ICryptoProvider crypto, byte[] transcript) => Number(crypto, "LinkNumberOfNew", transcript);

    /// <summary>The number that the existing device shows and the new one is told.</summary>
    public static string NumberOfExisting(ICryptoProvider crypto, byte[] transcript) => Number(crypto, "LinkNumberOfExisting", transcript);

    /// <summary>Whether a number is the one, as typed: spaces do not count.</summary>
    public static bool IsNumber(string typed, string number) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Digits(typed)), Encoding.UTF8.GetBytes(Digits(number)));

    /// <summary>What the QR code holds: the code, the commitment, and a secret that the server never sees.</summary>
    public static string ToText(string code, byte[] commitment, ReadOnlySpan<byte> secret) =>
        TextPrefix + code + ":" + System.Buffers.Text.Base64Url.EncodeToString([.. commitment, .. secret]);

    /// <summary>Reads a code as it is typed, or a link text.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out string? code, out byte[]? commitment, out byte[]? secret)
    {
        (code, commitment, secret) = (null, null, null);
        string trimmed = text.Trim();
        if (!trimmed.StartsWith(TextPrefix, StringComparison.Ordinal))
        {
            string typed = trimmed.Replace("-", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal).ToUpperInvariant();
            code = typed.Replace('O', '0').Replace('I', '1').Replace('L', '1');
            return code.Length is > 0 and <= SecretBytes && code.All(char.IsAsciiLetterOrDigit);
        }

        string[] parts = trimmed[TextPrefix.Length..].Split(':');
        byte[] bytes = new byte[HashBytes + SecretBytes];
        if (parts.Length != 2 || !parts[0].All(char.IsAsciiLetterOrDigit)
            || System.Buffers.Text.Base64Url.DecodeFromChars(parts[1], bytes, out _, out int written) != System.Buffers.OperationStatus.Done
            || written != bytes.Length)
        {
            return false;
        }

        (code, commitment, secret) = (parts[0], bytes[..HashBytes], bytes[HashBytes..]);
        return true;
    }

    /// <summary>Proves to the new device that this one has read the link text.</summary>
    public static byte[] Mac(ICryptoProvider crypto, ReadOnlySpan<byte> secret, byte[] commitment, LinkAnswer answer)
    {
        byte[] tag = new byte[HashBytes];
        crypto.Hmac(HashAlgorithm.Sha256, secret, Labelled("LinkAnswer", [.. commitment, .. (answer with { Mac = default }).Encode()]), tag);
        return tag;
    }

    /// <summary>Certifies the new device, and seals certificate and account key to it alone.</summary>
    public static (DeviceCertificate Certificate, byte[] Handover)? HandOver(ICryptoProvider crypto, LocalIdentity identity, RevealedDevice reveal, byte[] transcript, DateTimeOffset now)
    {
        DeviceCertificate certificate = identity.Certify(reveal.DeviceKey.Span, reveal.Device, now);
        using Secret accountKey = identity.CloneAccountKey();
        var writer = new TlsWriter();
        writer.WriteVector(certificate.Encoded);
        writer.WriteVector(accountKey.AsSpan());
        writer.WriteVector(identity.Sign(SignedContent.LinkHandover(transcript, certificate.Encoded.Span)));
        using var plaintext = new Secret(writer.WrittenSpan);
        writer.Clear();
        if (!new CryptoSuite(crypto, MlsProfile.Suite).TryEncryptWithLabel(reveal.SealKey.Span, SealLabel, transcript, plaintext.AsSpan(), out byte[] kemOutput, out byte[] ciphertext))
            return null;
        var sealing = new TlsWriter();
        sealing.WriteVector(kemOutput);
        sealing.WriteVector(ciphertext);
        return (certificate, sealing.ToArray());
    }

    /// <summary>
    /// Opens what was handed over. Null unless it was sealed to this device in this very exchange, signed by the device that answered, certified by
    /// the same account key, and comes with that key. Takes the device key over if it is good.
    /// </summary>
    public static LocalIdentity? Open(ICryptoProvider crypto, byte[] handover, HpkeKeyPair sealKey, LinkAnswer answer, RevealedDevice reveal, Secret deviceKey, byte[] transcript)
    {
        var reader = new TlsReader(handover);
        (ReadOnlyMemory<byte> kemOutput, ReadOnlyMemory<byte> ciphertext) = (reader.ReadVector(), reader.ReadVector());
        if (!reader.Finish())
            return null;
        using Secret? plaintext = new CryptoSuite(crypto, MlsProfile.Suite)
            .DecryptWithLabel(sealKey.PrivateKey.AsSpan(), sealKey.PublicKey, SealLabel, transcript, kemOutput.Span, ciphertext.Span);
        if (plaintext is null)
            return null;
        byte[] opened = plaintext.AsSpan().ToArray();
        try
        {
            var content = new TlsReader(opened);
            (ReadOnlyMemory<byte> encoded, ReadOnlyMemory<byte> accountKey, ReadOnlyMemory<byte> signature) = (content.ReadVector(), content.ReadVector(), content.ReadVector());
            bool isGood = content.Finish()
                && DeviceCertificate.TryDecode(encoded.Span, out DeviceCertificate? certificate)
                && IsOf(crypto, certificate, answer.Certificate, reveal)
                && crypto.Verify(SignatureAlgorithm.Ed25519, answer.Certificate.DeviceKey.Span, SignedContent.LinkHandover(transcript, encoded.Span), signature.Span)
                && IsPrivateKeyOf(crypto, accountKey.Span, answer.Certificate.AccountKey.Span);
            return isGood && DeviceCertificate.TryDecode(encoded.Span, out certificate)
                ? LocalIdentity.Of(crypto, new Secret(accountKey.Span), deviceKey, certificate)
                : null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(opened);
        }
    }

    private static bool IsOf(ICryptoProvider crypto, DeviceCertificate certificate, DeviceCertificate existing, RevealedDevice reveal) =>
        certificate.Handle == existing.Handle
        && certificate.Server == existing.Server
        && certificate.AccountKey.Span.SequenceEqual(existing.AccountKey.Span)
        && certificate.DeviceKey.Span.SequenceEqual(reveal.DeviceKey.Span)
        && certificate.DeviceId == reveal.Device
        && CertificateCheck.IsGenuine(crypto, certificate);

    private static bool IsPrivateKeyOf(ICryptoProvider crypto, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey)
    {
        if (privateKey.Length != publicKey.Length)
            return false;
        byte[] signature = crypto.Sign(SignatureAlgorithm.Ed25519, privateKey, publicKey, "Parley 1.0 KeyCheck"u8);
        return crypto.Verify(SignatureAlgorithm.Ed25519, publicKey, "Parley 1.0 KeyCheck"u8, signature);
    }

    private static string Number(ICryptoProvider crypto, string label, byte[] transcript)
    {
        // 64 bits modulo a million: no number is noticeably likelier than another.
        ulong number = BinaryPrimitives.ReadUInt64BigEndian(Hash(crypto, label, transcript)) % NumberModulus;
        string digits = number.ToString("000000", CultureInfo.InvariantCulture);
        return $"{digits[..3]} {digits[3..]}";
    }

    private static string Digits(string text) => string.Concat(text.Where(static c => !char.IsWhiteSpace(c)));

    private static byte[] Hash(ICryptoProvider crypto, string label, ReadOnlySpan<byte> content)
    {
        byte[] digest = new byte[HashBytes];
        crypto.Hash(HashAlgorithm.Sha256, Labelled(label, content), digest);
        return digest;
    }

    private static byte[] Labelled(string label, ReadOnlySpan<byte> content)
    {
        var writer = new TlsWriter();
        writer.WriteVector(Encoding.ASCII.GetBytes("Parley 1.0 " + label));
        writer.WriteVector(content);
        return writer.ToArray();
    }
}

/// <summary>The answer of the existing device.</summary>
/// <param name="Nonce">32 random bytes.</param>
/// <param name="Certificate">Its certificate, genuine.</param>
/// <param name="Mac">The proof that it has read the link text; empty if it has the short code only.</param>
internal sealed record LinkAnswer(ReadOnlyMemory<byte> Nonce, DeviceCertificate Certificate, ReadOnlyMemory<byte> Mac)
{
    public byte[] Encode()
    {
        var writer = new TlsWriter();
        writer.WriteVector(Nonce);
        writer.WriteVector(Certificate.Encoded);
        writer.WriteVector(Mac);
        return writer.ToArray();
    }

    /// <summary>Reads an answer whose certificate is genuine.</summary>
    public static LinkAnswer? TryDecode(ICryptoProvider crypto, byte[] encoded)
    {
        var reader = new TlsReader(encoded);
        (ReadOnlyMemory<byte> nonce, ReadOnlyMemory<byte> identity, ReadOnlyMemory<byte> mac) = (reader.ReadVector(), reader.ReadVector(), reader.ReadVector());
        return reader.Finish() && nonce.Length == LinkProtocol.NonceBytes
            && DeviceCertificate.TryDecode(identity.Span, out DeviceCertificate? certificate)
            && CertificateCheck.IsGenuine(crypto, certificate)
                ? new LinkAnswer(nonce, certificate, mac)
                : null;
    }
}

/// <summary>What the new device commits to and then shows.</summary>
/// <param name="Nonce">32 random bytes.</param>
/// <param name="SealKey">The key that the account is handed over to.</param>
/// <param name="DeviceKey">The key to be certified.</param>
/// <param name="Device">The device's id.</param>
internal sealed record RevealedDevice(ReadOnlyMemory<byte> Nonce, ReadOnlyMemory<byte> SealKey, ReadOnlyMemory<byte> DeviceKey, DeviceId Device)
{
    public byte[] Encode()
    {
        var writer = new TlsWriter();
        writer.WriteVector(Nonce);
        writer.WriteVector(SealKey);
        writer.WriteVector(DeviceKey);
        writer.WriteBytes(Device.ToArray());
        return writer.ToArray();
    }

    public static RevealedDevice? TryDecode(byte[] encoded)
    {
        var reader = new TlsReader(encoded);
        (ReadOnlyMemory<byte> nonce, ReadOnlyMemory<byte> sealKey, ReadOnlyMemory<byte> deviceKey) = (reader.ReadVector(), reader.ReadVector(), reader.ReadVector());
        ReadOnlyMemory<byte> id = reader.ReadBytes(Limits.DeviceIdBytes);
        return reader.Finish() && nonce.Length == LinkProtocol.NonceBytes && deviceKey.Length == LinkProtocol.DeviceKeyBytes && DeviceId.TryParse(id.Span, out DeviceId device)
            ? new RevealedDevice(nonce, sealKey, deviceKey, device)
            : null;
    }
}

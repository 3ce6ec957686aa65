using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Crypto;

/// <summary>
/// RFC 9420 §5: one cipher suite over one provider, with the constructions MLS makes of its primitives. Every use of a key is bound to
/// a label, so that a signature, a ciphertext or a derived secret made for one purpose is worthless for another. Stateless, and as safe
/// to share between threads as its provider.
/// </summary>
public sealed class CryptoSuite
{
    /// <summary>RFC 9420 §5.2: the label of a KeyPackageRef.</summary>
    public const string KeyPackageReferenceLabel = "MLS 1.0 KeyPackage Reference";

    /// <summary>RFC 9420 §5.2: the label of a ProposalRef.</summary>
    public const string ProposalReferenceLabel = "MLS 1.0 Proposal Reference";

    /// <summary>The most that stands before the context in what <see cref="EncryptContext"/> hashes.</summary>
    internal const int EncryptContextRoomBytes = 128;

    private readonly Hpke _hpke;

    /// <summary>Binds the suite to the provider.</summary>
    /// <exception cref="ArgumentException">The suite is not supported, see <see cref="IsSupported"/>.</exception>
    public CryptoSuite(ICryptoProvider provider, CipherSuite suite)
    {
        if (!IsSupported(provider, suite))
            throw new ArgumentException($"Cipher suite 0x{(ushort)suite:x4} is not supported.", nameof(suite));
        Provider = provider;
        Parameters = CipherSuites.Find(suite)!; // Supported, so it is in the list.
        HashBytes = Parameters.Hash.DigestBytes;
        AeadKeyBytes = Parameters.Aead.KeyBytes;
        _hpke = new Hpke(provider, Parameters.Kem, Parameters.Hash, Parameters.Aead);
    }

    /// <summary>The suite.</summary>
    public CipherSuite Id => Parameters.Id;

    /// <summary>The provider of its primitives.</summary>
    public ICryptoProvider Provider { get; }

    /// <summary>What the suite is made of.</summary>
    public CipherSuiteParameters Parameters { get; }

    /// <summary>The length of hashes, MACs and KDF secrets (Nh).</summary>
    public int HashBytes { get; }

    /// <summary>The length of AEAD keys (Nk).</summary>
    public int AeadKeyBytes { get; }

    /// <summary>The length of AEAD nonces (Nn).</summary>
    public int AeadNonceBytes { get; } = AlgorithmParameters.AeadNonceBytes;

    // RFC 9420 §5.1.2, §5.1.3, §8: the labels of MLS version 1.0 begin with this.
    internal static ReadOnlySpan<byte> LabelPrefix => "MLS 1.0 "u8;

    /// <summary>Whether the suite is built here and the provider has all its primitives.</summary>
    public static bool IsSupported(ICryptoProvider provider, CipherSuite suite)
    {
        ArgumentNullException.ThrowIfNull(provider);
        return CipherSuites.Find(suite) is { } parameters
            && provider.Supports(parameters.Kem)
            && provider.Supports(parameters.Aead)
            && provider.Supports(parameters.Signature);
    }

    /// <summary>Hashes the data.</summary>
    public byte[] Hash(ReadOnlySpan<byte> data)
    {
        byte[] digest = new byte[HashBytes];
        Hash(data, digest);
        return digest;
    }

    /// <summary>Hashes the data into <paramref name="digest"/>, which is <see cref="HashBytes"/> long.</summary>
    public void Hash(ReadOnlySpan<byte> data, Span<byte> digest) => Provider.Hash(Parameters.Hash, data, digest);

    /// <summary>The MAC of the data.</summary>
    public byte[] Mac(ReadOnlySpan<byte> key, ReadOnlySpan<byte> data)
    {
        byte[] tag = new byte[HashBytes];
        Provider.Hmac(Parameters.Hash, key, data, tag);
        return tag;
    }

    /// <summary>Whether <paramref name="tag"/> is exactly the MAC of the data, in time that does not depend on where they differ.</summary>
    public bool VerifyMac(ReadOnlySpan<byte> key, ReadOnlySpan<byte> data, ReadOnlySpan<byte> tag)
    {
        Span<byte> expected = stackalloc byte[HashBytes];
        Provider.Hmac(Parameters.Hash, key, data, expected);
        return CryptographicOperations.FixedTimeEquals(expected, tag);
    }

    /// <summary>RFC 9420 §5.2: the hash that names a KeyPackage or a proposal. The label is used as it is, without a prefix.</summary>
    public byte[] RefHash(string label, ReadOnlySpan<byte> value)
    {
        int size = SpanWriter.VectorBytes(Encoding.UTF8.GetByteCount(label)) + SpanWriter.VectorBytes(value.Length);
        Span<byte> buffer = size <= SpanWriter.StackBytes ? stackalloc byte[SpanWriter.StackBytes] : new byte[size];
        return Hash(WriteLabeled(buffer, [], label, value));
    }

    /// <summary>KDF.Extract (RFC 9420 §8). The caller owns the secret.</summary>
    public Secret Extract(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> inputKeyMaterial)
    {
        var extracted = new Secret(HashBytes);
        Provider.Hmac(Parameters.Hash, salt, inputKeyMaterial, extracted.AsWritableSpan());
        return extracted;
    }

    /// <summary>RFC 9420 §8: ExpandWithLabel. The caller owns the secret.</summary>
    public Secret ExpandWithLabel(ReadOnlySpan<byte> secret, string label, ReadOnlySpan<byte> context, int length)
    {
        var expanded = new Secret(length);
        ExpandWithLabel(secret, label, context, expanded.AsWritableSpan());
        return expanded;
    }

    /// <summary>RFC 9420 §8: ExpandWithLabel, as long as <paramref name="expanded"/>, for a secret that does not outlive a call.</summary>
    public void ExpandWithLabel(ReadOnlySpan<byte> secret, string label, ReadOnlySpan<byte> context, Span<byte> expanded)
    {
        int size = sizeof(ushort) + LabeledBytes(label, context);
        Span<byte> buffer = size <= SpanWriter.StackBytes ? stackalloc byte[SpanWriter.StackBytes] : new byte[size];
        var kdfLabel = new SpanWriter(buffer);
        kdfLabel.WriteUInt16(expanded.Length);
        kdfLabel.WriteLabel(LabelPrefix, label);
        kdfLabel.WriteVector(context);
        Provider.HkdfExpand(Parameters.Hash, secret, kdfLabel.Written, expanded);
    }

    /// <summary>RFC 9420 §8: DeriveSecret. The caller owns the secret.</summary>
    public Secret DeriveSecret(ReadOnlySpan<byte> secret, string label) => ExpandWithLabel(secret, label, [], HashBytes);

    /// <summary>RFC 9420 §9.1: DeriveTreeSecret, as long as <paramref name="derived"/>.</summary>
    public void DeriveTreeSecret(ReadOnlySpan<byte> secret, string label, uint generation, Span<byte> derived)
    {
        Span<byte> context = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(context, generation);
        ExpandWithLabel(secret, label, context, derived);
    }

    /// <summary>Makes a signature key pair. The caller owns both.</summary>
    public (Secret PrivateKey, byte[] PublicKey) GenerateSignatureKeyPair() => Provider.GenerateSignatureKeyPair(Parameters.Signature);

    /// <summary>RFC 9420 §5.1.2: SignWithLabel. The public key must be the private key's own.</summary>
    public byte[] SignWithLabel(ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, string label, ReadOnlySpan<byte> content)
    {
        int size = LabeledBytes(label, content);
        Span<byte> buffer = size <= SpanWriter.StackBytes ? stackalloc byte[SpanWriter.StackBytes] : new byte[size];
        return Provider.Sign(Parameters.Signature, privateKey, publicKey, WriteLabeled(buffer, LabelPrefix, label, content));
    }

    /// <summary>RFC 9420 §5.1.2: VerifyWithLabel. A malformed key or signature is false.</summary>
    public bool VerifyWithLabel(ReadOnlySpan<byte> publicKey, string label, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature)
    {
        int size = LabeledBytes(label, content);
        Span<byte> buffer = size <= SpanWriter.StackBytes ? stackalloc byte[SpanWriter.StackBytes] : new byte[size];
        return Provider.Verify(Parameters.Signature, publicKey, WriteLabeled(buffer, LabelPrefix, label, content), signature);
    }

    /// <summary>KEM.DeriveKeyPair (RFC 9180 §7.1.3). The caller owns the pair.</summary>
    public HpkeKeyPair DeriveHpkeKeyPair(ReadOnlySpan<byte> inputKeyMaterial) => _hpke.Kem.DeriveKeyPair(inputKeyMaterial);

    /// <summary>Makes an HPKE key pair. The caller owns the pair.</summary>
    public HpkeKeyPair GenerateHpkeKeyPair() => _hpke.Kem.GenerateKeyPair();

    /// <summary>The key pair of a private key, with a copy of it; null if the private key has the wrong length or is out of range.</summary>
    public HpkeKeyPair? ImportHpkeKeyPair(ReadOnlySpan<byte> privateKey) => _hpke.Kem.ImportKeyPair(privateKey);

    /// <summary>Whether these bytes are an HPKE public key that can be encrypted to.</summary>
    public bool IsHpkePublicKey(ReadOnlySpan<byte> publicKey) => _hpke.Kem.IsPublicKey(publicKey);

    /// <summary>RFC 9420 §5.1.3: EncryptWithLabel. False, with empty outputs, if the peer's public key is invalid.</summary>
    public bool TryEncryptWithLabel(
        ReadOnlySpan<byte> publicKey, string label, ReadOnlySpan<byte> context, ReadOnlySpan<byte> plaintext, out byte[] kemOutput, out byte[] ciphertext) =>
        _hpke.TrySeal(publicKey, EncryptContext(label, context), [], plaintext, out kemOutput, out ciphertext);

    /// <summary>
    /// RFC 9420 §5.1.3: DecryptWithLabel. Null if the KEM output is invalid, or the ciphertext was not made for this key, label and
    /// context. The caller owns the plaintext.
    /// </summary>
    /// <exception cref="ArgumentException">The private key, which is our own, has the wrong length.</exception>
    public Secret? DecryptWithLabel(
        ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, string label, ReadOnlySpan<byte> context,
        ReadOnlySpan<byte> kemOutput, ReadOnlySpan<byte> ciphertext) =>
        Decrypt(privateKey, publicKey, EncryptContext(label, context), kemOutput, ciphertext);

    /// <summary>
    /// RFC 9420 §8.3: SetupBaseS and Export, by which an external Commit makes its init secret. False if the public key is invalid.
    /// The caller owns the secret.
    /// </summary>
    public bool TryExportSender(
        ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> info, ReadOnlySpan<byte> exporterContext, int length,
        out byte[] kemOutput, [NotNullWhen(true)] out Secret? exported) =>
        _hpke.TrySendExport(publicKey, info, exporterContext, length, out kemOutput, out exported);

    /// <summary>RFC 9420 §8.3: SetupBaseR and Export. Null if the KEM output is invalid. The caller owns the secret.</summary>
    public Secret? ExportReceiver(
        ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> kemOutput,
        ReadOnlySpan<byte> info, ReadOnlySpan<byte> exporterContext, int length) =>
        _hpke.ReceiveExport(kemOutput, privateKey, publicKey, info, exporterContext, length);

    /// <summary>AEAD encryption. <paramref name="ciphertext"/> is 16 bytes longer than <paramref name="plaintext"/>.</summary>
    public void Seal(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext) =>
        Provider.Seal(Parameters.Aead, key, nonce, associatedData, plaintext, ciphertext);

    /// <summary>
    /// AEAD decryption. False, leaving zeros, if the ciphertext is shorter than a tag or was not made with these inputs.
    /// <paramref name="plaintext"/> is 16 bytes shorter than <paramref name="ciphertext"/>, or empty where that is negative.
    /// </summary>
    public bool TryOpen(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> ciphertext, Span<byte> plaintext) =>
        ciphertext.Length >= AlgorithmParameters.AeadTagBytes && Provider.TryOpen(Parameters.Aead, key, nonce, associatedData, ciphertext, plaintext);

    /// <summary>RFC 9420 §5.1.3: the EncryptContext, hashed once for all to whom <see cref="EncryptAll"/> encrypts in it.</summary>
    /// <param name="label">The label.</param>
    /// <param name="context">The context, which may be as long as a tree.</param>
    /// <param name="room">Room to write it in, <see cref="EncryptContextRoomBytes"/> longer than the context; zeroed. May be empty.</param>
    internal Hpke.InfoHash EncryptContext(string label, ReadOnlySpan<byte> context, Span<byte> room = default)
    {
        int size = LabeledBytes(label, []) + sizeof(uint);
        Span<byte> head = size <= SpanWriter.StackBytes ? stackalloc byte[SpanWriter.StackBytes] : new byte[size];
        var writer = new SpanWriter(head);
        writer.WriteLabel(LabelPrefix, label);
        writer.WriteVectorLength(context.Length);
        return _hpke.HashInfo(writer.Written, context, room);
    }

    /// <summary>DecryptWithLabel in a context that was hashed before.</summary>
    internal Secret? Decrypt(
        ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, Hpke.InfoHash context, ReadOnlySpan<byte> kemOutput, ReadOnlySpan<byte> ciphertext) =>
        _hpke.Open(kemOutput, privateKey, publicKey, context, [], ciphertext);

    /// <summary>
    /// EncryptWithLabel for many receivers in one context, in their order; null for one whose public key is invalid. The work is shared by
    /// threads; the randomness is drawn before that, so that the ciphertexts do not depend on who does what.
    /// </summary>
    internal IEnumerable<HpkeCiphertext?> EncryptAll(IReadOnlyList<(ReadOnlyMemory<byte> PublicKey, Secret Plaintext)> receivers, Hpke.InfoHash context, int threads)
    {
        int each = _hpke.Kem.RandomBytes;
        using var randomness = new Secret(each * receivers.Count);
        Provider.FillRandom(randomness.AsWritableSpan());
        int[] places = [.. Enumerable.Range(0, receivers.Count)];
        foreach (HpkeCiphertext? encrypted in SharedWork.Select(places, threads, Encrypt))
            yield return encrypted;

        HpkeCiphertext? Encrypt(int place)
        {
            (ReadOnlyMemory<byte> publicKey, Secret plaintext) = receivers[place];
            ReadOnlySpan<byte> drawn = randomness.AsSpan().Slice(place * each, each);
            return _hpke.TrySeal(publicKey.Span, drawn, context, [], plaintext.AsSpan(), out byte[] kemOutput, out byte[] ciphertext)
                ? new HpkeCiphertext(kemOutput, ciphertext)
                : null;
        }
    }

    /// <summary>The size of a label with its prefix, and a value, as vectors.</summary>
    private static int LabeledBytes(string label, ReadOnlySpan<byte> value) =>
        SpanWriter.VectorBytes(LabelPrefix.Length + Encoding.UTF8.GetByteCount(label)) + SpanWriter.VectorBytes(value.Length);

    /// <summary>Writes SignContent, EncryptContext or RefHashInput, which are all a label and a value.</summary>
    private static ReadOnlySpan<byte> WriteLabeled(Span<byte> buffer, ReadOnlySpan<byte> prefix, string label, ReadOnlySpan<byte> value)
    {
        var writer = new SpanWriter(buffer);
        writer.WriteLabel(prefix, label);
        writer.WriteVector(value);
        return writer.Written;
    }
}

using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Parley.Mls.Crypto;

/// <summary>
/// RFC 9180 §4.1: a KEM from a Diffie–Hellman group. Key pairs are always derived from key material, random material when they are
/// to be random (as §4 suggests), so that the one path is the one the vectors check.
/// </summary>
internal sealed class DhKem
{
    private readonly ICryptoProvider _provider;
    private readonly DhGroup _group;
    private readonly LabeledKdf _kdf;

    public DhKem(ICryptoProvider provider, DhGroup group)
    {
        _provider = provider;
        _group = group;
        Span<byte> suiteId = stackalloc byte[5];
        "KEM"u8.CopyTo(suiteId);
        BinaryPrimitives.WriteUInt16BigEndian(suiteId[3..], group.KemId);
        _kdf = new LabeledKdf(provider, group.KemHash, suiteId);
    }

    public int SharedSecretBytes => _kdf.Hash.DigestBytes;

    private int PrivateKeyBytes => _group.PrivateKeyBytes;

    private int PublicKeyBytes => _group.PublicKeyBytes;

    public HpkeKeyPair GenerateKeyPair()
    {
        Span<byte> material = stackalloc byte[AlgorithmParameters.SharedSecretBytesMax];
        try
        {
            _provider.FillRandom(material[..PrivateKeyBytes]);
            return DeriveKeyPair(material[..PrivateKeyBytes]);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(material);
        }
    }

    // RFC 9180 §7.1.3.
    public HpkeKeyPair DeriveKeyPair(ReadOnlySpan<byte> inputKeyMaterial)
    {
        Span<byte> pseudorandomKey = stackalloc byte[SharedSecretBytes];
        var privateKey = new Secret(PrivateKeyBytes);
        byte[] publicKey = new byte[PublicKeyBytes];
        try
        {
            _kdf.Extract([], "dkp_prk"u8, inputKeyMaterial, pseudorandomKey);
            if (_group == DhGroup.X25519)
                DeriveMontgomery(pseudorandomKey, privateKey, publicKey);
            else
                DeriveWeierstrass(pseudorandomKey, privateKey, publicKey);
            return new HpkeKeyPair(privateKey, publicKey);
        }
        catch
        {
            privateKey.Dispose();
            throw;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pseudorandomKey);
        }
    }

    /// <summary>The key pair of a private key, or null if it has the wrong length or is not in the group's range.</summary>
    public HpkeKeyPair? ImportKeyPair(ReadOnlySpan<byte> privateKey)
    {
        if (privateKey.Length != PrivateKeyBytes)
            return null;
        byte[] publicKey = new byte[PublicKeyBytes];
        return _provider.TryDerivePublicKey(_group, privateKey, publicKey) ? new HpkeKeyPair(new Secret(privateKey), publicKey) : null;
    }

    /// <summary>RFC 9180 §7.1.4: whether these bytes are a public key that can be encrypted to.</summary>
    public bool IsPublicKey(ReadOnlySpan<byte> publicKey)
    {
        if (publicKey.Length != PublicKeyBytes)
            return false;

        // Any private key tells; one is in the range of every group.
        Span<byte> one = stackalloc byte[PrivateKeyBytes];
        Span<byte> shared = stackalloc byte[PrivateKeyBytes];
        one.Clear();
        one[^1] = 1;
        return _provider.TryAgree(_group, one, publicKey, shared);
    }

    // RFC 9180 §4.1: Encap(pkR). False if the receiver's key is no valid one.
    public bool TryEncap(ReadOnlySpan<byte> publicKey, Span<byte> sharedSecret, out byte[] kemOutput)
    {
        kemOutput = [];
        if (publicKey.Length != PublicKeyBytes)
            return false;
        using HpkeKeyPair ephemeral = GenerateKeyPair();
        if (!TryAgree(ephemeral.PrivateKey.AsSpan(), publicKey, ephemeral.PublicKey, publicKey, sharedSecret))
            return false;
        kemOutput = ephemeral.PublicKey;
        return true;
    }

    // RFC 9180 §4.1: Decap(enc, skR). False if the KEM output is no valid public key.
    public bool TryDecap(ReadOnlySpan<byte> kemOutput, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, Span<byte> sharedSecret) =>
        kemOutput.Length == PublicKeyBytes && TryAgree(privateKey, kemOutput, kemOutput, publicKey, sharedSecret);

    private void DeriveMontgomery(ReadOnlySpan<byte> pseudorandomKey, Secret privateKey, Span<byte> publicKey)
    {
        _kdf.Expand(pseudorandomKey, "sk"u8, [], privateKey.AsWritableSpan());
        if (!_provider.TryDerivePublicKey(_group, privateKey.AsSpan(), publicKey))
            throw new CryptographicException("Every string of 32 bytes is an X25519 private key.");
    }

    private void DeriveWeierstrass(ReadOnlySpan<byte> pseudorandomKey, Secret privateKey, Span<byte> publicKey)
    {
        // The order of P-521 has 521 bits in 66 bytes; the orders of P-256 and P-384 fill theirs.
        byte bitmask = _group == DhGroup.P521 ? (byte)0x01 : (byte)0xff;
        Span<byte> candidate = privateKey.AsWritableSpan();
        for (int counter = 0; counter <= byte.MaxValue; counter++)
        {
            _kdf.Expand(pseudorandomKey, "candidate"u8, [(byte)counter], candidate);
            candidate[0] &= bitmask;
            if (_provider.TryDerivePublicKey(_group, candidate, publicKey))
                return;
        }

        throw new CryptographicException("No key pair follows from this key material.");
    }

    /// <summary>DH, then ExtractAndExpand over the context <c>enc || pkRm</c>.</summary>
    private bool TryAgree(
        ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> peerKey, ReadOnlySpan<byte> kemOutput, ReadOnlySpan<byte> receiverKey, Span<byte> sharedSecret)
    {
        Span<byte> dh = stackalloc byte[PrivateKeyBytes];
        Span<byte> pseudorandomKey = stackalloc byte[SharedSecretBytes];
        Span<byte> kemContext = stackalloc byte[2 * AlgorithmParameters.PublicKeyBytesMax];
        try
        {
            if (!_provider.TryAgree(_group, privateKey, peerKey, dh))
                return false;
            var writer = new SpanWriter(kemContext);
            writer.WriteBytes(kemOutput);
            writer.WriteBytes(receiverKey);
            _kdf.Extract([], "eae_prk"u8, dh, pseudorandomKey);
            _kdf.Expand(pseudorandomKey, "shared_secret"u8, writer.Written, sharedSecret);
            return true;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(dh);
            CryptographicOperations.ZeroMemory(pseudorandomKey);
        }
    }
}

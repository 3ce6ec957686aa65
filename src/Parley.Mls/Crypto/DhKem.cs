using System.Security.Cryptography;

namespace Parley.Mls.Crypto;

/// <summary>RFC 9180 §4.1: a KEM from a Diffie–Hellman group.</summary>
internal sealed class DhKem : Kem
{
    private readonly LabeledKdf _kdf;

    public DhKem(ICryptoProvider provider, KemAlgorithm algorithm, HashAlgorithm hash)
        : base(provider, algorithm) => _kdf = new LabeledKdf(provider, hash, SuiteId);

    // RFC 9180 §7.1.3.
    protected override void DeriveKeyPairCore(ReadOnlySpan<byte> inputKeyMaterial, Span<byte> privateKey, Span<byte> publicKey)
    {
        Span<byte> pseudorandomKey = stackalloc byte[_kdf.Hash.DigestBytes];
        try
        {
            _kdf.Extract([], "dkp_prk"u8, inputKeyMaterial, pseudorandomKey);
            if (Algorithm is KemAlgorithm.X25519 or KemAlgorithm.X448)
                DeriveMontgomery(pseudorandomKey, privateKey, publicKey);
            else
                DeriveWeierstrass(pseudorandomKey, privateKey, publicKey);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pseudorandomKey);
        }
    }

    // RFC 9180 §7.1.4: any private key tells; one is in the range of every group.
    protected override bool IsPublicKeyCore(ReadOnlySpan<byte> publicKey)
    {
        if (Algorithm == KemAlgorithm.X25519)
            return PublicKeyChecks.IsX25519(publicKey);
        Span<byte> one = stackalloc byte[Sizes.PrivateKeyBytes];
        Span<byte> shared = stackalloc byte[Sizes.PrivateKeyBytes];
        one.Clear();
        one[^1] = 1;
        return Provider.TryAgree(Algorithm, one, publicKey, shared);
    }

    // RFC 9180 §4.1: Encap(pkR).
    protected override byte[]? Encap(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> randomness, Span<byte> sharedSecret)
    {
        using HpkeKeyPair ephemeral = DeriveKeyPair(randomness);
        return TryAgree(ephemeral.PrivateKey.AsSpan(), publicKey, ephemeral.PublicKey, publicKey, sharedSecret) ? ephemeral.PublicKey : null;
    }

    // RFC 9180 §4.1: Decap(enc, skR).
    protected override bool Decap(
        ReadOnlySpan<byte> kemOutput, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, Span<byte> sharedSecret) =>
        TryAgree(privateKey, kemOutput, kemOutput, publicKey, sharedSecret);

    private void DeriveMontgomery(ReadOnlySpan<byte> pseudorandomKey, Span<byte> privateKey, Span<byte> publicKey)
    {
        _kdf.Expand(pseudorandomKey, "sk"u8, [], privateKey);
        if (!Provider.TryDerivePublicKey(Algorithm, privateKey, publicKey))
            throw new CryptographicException("Every string of the right length is a private key of X25519 and X448.");
    }

    private void DeriveWeierstrass(ReadOnlySpan<byte> pseudorandomKey, Span<byte> candidate, Span<byte> publicKey)
    {
        // The order of P-521 has 521 bits in 66 bytes; the orders of P-256 and P-384 fill theirs.
        byte bitmask = Algorithm == KemAlgorithm.P521 ? (byte)0x01 : (byte)0xff;
        for (int counter = 0; counter <= byte.MaxValue; counter++)
        {
            _kdf.Expand(pseudorandomKey, "candidate"u8, [(byte)counter], candidate);
            candidate[0] &= bitmask;
            if (Provider.TryDerivePublicKey(Algorithm, candidate, publicKey))
                return;
        }

        throw new CryptographicException("No key pair follows from this key material.");
    }

    /// <summary>DH, then ExtractAndExpand over the context <c>enc || pkRm</c>.</summary>
    private bool TryAgree(
        ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> peerKey, ReadOnlySpan<byte> kemOutput, ReadOnlySpan<byte> receiverKey, Span<byte> sharedSecret)
    {
        Span<byte> dh = stackalloc byte[Sizes.PrivateKeyBytes];
        Span<byte> pseudorandomKey = stackalloc byte[_kdf.Hash.DigestBytes];
        Span<byte> kemContext = stackalloc byte[2 * Sizes.PublicKeyBytes];
        try
        {
            if (!Provider.TryAgree(Algorithm, privateKey, peerKey, dh))
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

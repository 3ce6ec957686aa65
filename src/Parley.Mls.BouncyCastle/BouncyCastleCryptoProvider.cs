using System.Security.Cryptography;
using Org.BouncyCastle.Math.EC.Rfc7748;
using Org.BouncyCastle.Math.EC.Rfc8032;
using Parley.Mls.Crypto;
using HashAlgorithm = Parley.Mls.Crypto.HashAlgorithm;

namespace Parley.Mls.BouncyCastle;

/// <summary>
/// X448 and Ed448, and so the cipher suites 4 and 6, by Bouncy Castle; everything else is another provider's, randomness included. Managed
/// code: slower than a native library, and what it copies of a private key while it works is left to the garbage collector.
/// </summary>
public sealed class BouncyCastleCryptoProvider : ICryptoProvider
{
    private readonly ICryptoProvider _inner;

    /// <summary>Makes a provider that adds to <paramref name="inner"/>.</summary>
    public BouncyCastleCryptoProvider(ICryptoProvider inner)
    {
        ArgumentNullException.ThrowIfNull(inner);
        _inner = inner;
    }

    /// <inheritdoc/>
    public bool Supports(KemAlgorithm kem) => kem == KemAlgorithm.X448 || _inner.Supports(kem);

    /// <inheritdoc/>
    public bool Supports(AeadAlgorithm aead) => _inner.Supports(aead);

    /// <inheritdoc/>
    public bool Supports(SignatureAlgorithm signature) => signature == SignatureAlgorithm.Ed448 || _inner.Supports(signature);

    /// <inheritdoc/>
    public void FillRandom(Span<byte> bytes) => _inner.FillRandom(bytes);

    /// <inheritdoc/>
    public void Hash(HashAlgorithm algorithm, ReadOnlySpan<byte> data, Span<byte> digest) => _inner.Hash(algorithm, data, digest);

    /// <inheritdoc/>
    public void Hmac(HashAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> data, Span<byte> tag) =>
        _inner.Hmac(algorithm, key, data, tag);

    /// <inheritdoc/>
    public void HkdfExpand(HashAlgorithm algorithm, ReadOnlySpan<byte> pseudorandomKey, ReadOnlySpan<byte> info, Span<byte> output) =>
        _inner.HkdfExpand(algorithm, pseudorandomKey, info, output);

    /// <inheritdoc/>
    public void Seal(
        AeadAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext) =>
        _inner.Seal(algorithm, key, nonce, associatedData, plaintext, ciphertext);

    /// <inheritdoc/>
    public bool TryOpen(
        AeadAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> ciphertext, Span<byte> plaintext) =>
        _inner.TryOpen(algorithm, key, nonce, associatedData, ciphertext, plaintext);

    /// <inheritdoc/>
    public void Shake256(ReadOnlySpan<byte> data, Span<byte> output) => _inner.Shake256(data, output);

    /// <inheritdoc/>
    public bool TryDerivePublicKey(KemAlgorithm kem, ReadOnlySpan<byte> privateKey, Span<byte> publicKey)
    {
        if (kem != KemAlgorithm.X448)
            return _inner.TryDerivePublicKey(kem, privateKey, publicKey);
        RequireLength(privateKey, X448.ScalarSize, nameof(privateKey));
        RequireLength(publicKey, X448.PointSize, nameof(publicKey));
        X448.ScalarMultBase(privateKey, publicKey);
        return true;
    }

    /// <inheritdoc/>
    public bool TryAgree(KemAlgorithm kem, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, Span<byte> sharedSecret)
    {
        if (kem != KemAlgorithm.X448)
            return _inner.TryAgree(kem, privateKey, publicKey, sharedSecret);
        RequireLength(privateKey, X448.ScalarSize, nameof(privateKey));
        RequireLength(sharedSecret, X448.PointSize, nameof(sharedSecret));
        return publicKey.Length == X448.PointSize && X448.CalculateAgreement(privateKey, publicKey, sharedSecret);
    }

    /// <inheritdoc/>
    public bool TryEncapsulate(KemAlgorithm kem, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> randomness, Span<byte> kemOutput, Span<byte> sharedSecret) =>
        _inner.TryEncapsulate(kem, publicKey, randomness, kemOutput, sharedSecret);

    /// <inheritdoc/>
    public bool TryDecapsulate(KemAlgorithm kem, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> kemOutput, Span<byte> sharedSecret) =>
        _inner.TryDecapsulate(kem, privateKey, kemOutput, sharedSecret);

    /// <inheritdoc/>
    public (Secret PrivateKey, byte[] PublicKey) GenerateSignatureKeyPair(SignatureAlgorithm algorithm)
    {
        if (algorithm != SignatureAlgorithm.Ed448)
            return _inner.GenerateSignatureKeyPair(algorithm);
        var seed = new Secret(Ed448.SecretKeySize);
        byte[] publicKey = new byte[Ed448.PublicKeySize];
        _inner.FillRandom(seed.AsWritableSpan());
        Ed448.GeneratePublicKey(seed.AsSpan(), publicKey);
        return (seed, publicKey);
    }

    /// <inheritdoc/>
    public byte[] Sign(SignatureAlgorithm algorithm, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> content)
    {
        if (algorithm != SignatureAlgorithm.Ed448)
            return _inner.Sign(algorithm, privateKey, publicKey, content);
        RequireLength(privateKey, Ed448.SecretKeySize, nameof(privateKey));
        RequireLength(publicKey, Ed448.PublicKeySize, nameof(publicKey));
        byte[] signature = new byte[Ed448.SignatureSize];
        byte[] seed = GC.AllocateUninitializedArray<byte>(privateKey.Length, pinned: true);
        try
        {
            privateKey.CopyTo(seed);
            Ed448.Sign(seed, 0, publicKey.ToArray(), 0, [], content.ToArray(), 0, content.Length, signature, 0);
            return signature;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    /// <inheritdoc/>
    public bool Verify(SignatureAlgorithm algorithm, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature)
    {
        if (algorithm != SignatureAlgorithm.Ed448)
            return _inner.Verify(algorithm, publicKey, content, signature);
        return publicKey.Length == Ed448.PublicKeySize
            && signature.Length == Ed448.SignatureSize
            && Ed448.Verify(signature.ToArray(), 0, publicKey.ToArray(), 0, [], content.ToArray(), 0, content.Length);
    }

    private static void RequireLength(ReadOnlySpan<byte> span, int length, string name)
    {
        if (span.Length != length)
            throw new ArgumentException($"{length} bytes are needed, not {span.Length}.", name);
    }
}

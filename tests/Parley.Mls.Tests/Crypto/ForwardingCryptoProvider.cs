using Parley.Mls.Crypto;

namespace Parley.Mls.Tests.Crypto;

/// <summary>Does what another provider does; a test overrides what it wants to see or change.</summary>
internal abstract class ForwardingCryptoProvider(ICryptoProvider inner) : ICryptoProvider
{
    public virtual bool Supports(KemAlgorithm kem) => inner.Supports(kem);

    public virtual bool Supports(AeadAlgorithm aead) => inner.Supports(aead);

    public virtual bool Supports(SignatureAlgorithm signature) => inner.Supports(signature);

    public virtual void FillRandom(Span<byte> bytes) => inner.FillRandom(bytes);

    public virtual void Hash(HashAlgorithm algorithm, ReadOnlySpan<byte> data, Span<byte> digest) => inner.Hash(algorithm, data, digest);

    public virtual void Hmac(HashAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> data, Span<byte> tag) => inner.Hmac(algorithm, key, data, tag);

    public virtual void HkdfExpand(HashAlgorithm algorithm, ReadOnlySpan<byte> pseudorandomKey, ReadOnlySpan<byte> info, Span<byte> output) =>
        inner.HkdfExpand(algorithm, pseudorandomKey, info, output);

    public virtual void Seal(
        AeadAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext) =>
        inner.Seal(algorithm, key, nonce, associatedData, plaintext, ciphertext);

    public virtual bool TryOpen(
        AeadAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> ciphertext, Span<byte> plaintext) =>
        inner.TryOpen(algorithm, key, nonce, associatedData, ciphertext, plaintext);

    public virtual void Shake256(ReadOnlySpan<byte> data, Span<byte> output) => inner.Shake256(data, output);

    public virtual bool TryDerivePublicKey(KemAlgorithm kem, ReadOnlySpan<byte> privateKey, Span<byte> publicKey) =>
        inner.TryDerivePublicKey(kem, privateKey, publicKey);

    public virtual bool TryAgree(KemAlgorithm kem, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, Span<byte> sharedSecret) =>
        inner.TryAgree(kem, privateKey, publicKey, sharedSecret);

    public virtual bool TryEncapsulate(KemAlgorithm kem, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> randomness, Span<byte> kemOutput, Span<byte> sharedSecret) =>
        inner.TryEncapsulate(kem, publicKey, randomness, kemOutput, sharedSecret);

    public virtual bool TryDecapsulate(KemAlgorithm kem, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> kemOutput, Span<byte> sharedSecret) =>
        inner.TryDecapsulate(kem, privateKey, kemOutput, sharedSecret);

    public virtual (Secret PrivateKey, byte[] PublicKey) GenerateSignatureKeyPair(SignatureAlgorithm algorithm) => inner.GenerateSignatureKeyPair(algorithm);

    public virtual byte[] Sign(SignatureAlgorithm algorithm, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> content) =>
        inner.Sign(algorithm, privateKey, publicKey, content);

    public virtual bool Verify(SignatureAlgorithm algorithm, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature) =>
        inner.Verify(algorithm, publicKey, content, signature);
}

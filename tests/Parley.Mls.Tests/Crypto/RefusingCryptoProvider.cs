using Parley.Mls.Crypto;

namespace Parley.Mls.Tests.Crypto;

/// <summary>Takes the first private keys it is given for ones out of range, and is otherwise the provider it stands for.</summary>
internal sealed class RefusingCryptoProvider(ICryptoProvider inner, int refusals) : ICryptoProvider
{
    private int _refused;

    public bool Supports(KemAlgorithm kem) => inner.Supports(kem);

    public bool Supports(AeadAlgorithm aead) => inner.Supports(aead);

    public bool Supports(SignatureAlgorithm signature) => inner.Supports(signature);

    public void FillRandom(Span<byte> bytes) => inner.FillRandom(bytes);

    public void Hash(HashAlgorithm algorithm, ReadOnlySpan<byte> data, Span<byte> digest) => inner.Hash(algorithm, data, digest);

    public void Hmac(HashAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> data, Span<byte> tag) =>
        inner.Hmac(algorithm, key, data, tag);

    public void HkdfExpand(HashAlgorithm algorithm, ReadOnlySpan<byte> pseudorandomKey, ReadOnlySpan<byte> info, Span<byte> output) =>
        inner.HkdfExpand(algorithm, pseudorandomKey, info, output);

    public void Seal(
        AeadAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext) =>
        inner.Seal(algorithm, key, nonce, associatedData, plaintext, ciphertext);

    public bool TryOpen(
        AeadAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> ciphertext, Span<byte> plaintext) =>
        inner.TryOpen(algorithm, key, nonce, associatedData, ciphertext, plaintext);

    public void Shake256(ReadOnlySpan<byte> data, Span<byte> output) => inner.Shake256(data, output);

    public bool TryDerivePublicKey(KemAlgorithm kem, ReadOnlySpan<byte> privateKey, Span<byte> publicKey) =>
        _refused++ >= refusals && inner.TryDerivePublicKey(kem, privateKey, publicKey);

    public bool TryAgree(KemAlgorithm kem, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, Span<byte> sharedSecret) =>
        inner.TryAgree(kem, privateKey, publicKey, sharedSecret);

    public bool TryEncapsulate(KemAlgorithm kem, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> randomness, Span<byte> kemOutput, Span<byte> sharedSecret) =>
        inner.TryEncapsulate(kem, publicKey, randomness, kemOutput, sharedSecret);

    public bool TryDecapsulate(KemAlgorithm kem, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> kemOutput, Span<byte> sharedSecret) =>
        inner.TryDecapsulate(kem, privateKey, kemOutput, sharedSecret);

    public (Secret PrivateKey, byte[] PublicKey) GenerateSignatureKeyPair(SignatureAlgorithm algorithm) => inner.GenerateSignatureKeyPair(algorithm);

    public byte[] Sign(SignatureAlgorithm algorithm, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> content) =>
        inner.Sign(algorithm, privateKey, publicKey, content);

    public bool Verify(SignatureAlgorithm algorithm, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature) =>
        inner.Verify(algorithm, publicKey, content, signature);
}

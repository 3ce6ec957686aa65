using Parley.Mls.Crypto;
using Parley.Mls.Native;

namespace Parley.Simulation.Devices;

/// <summary>The real primitives with injected randomness, and somebody who looks on at every encryption.</summary>
internal sealed class ObservedCrypto(RandomSource random, Action<ReadOnlySpan<byte>, ReadOnlySpan<byte>> seals) : ICryptoProvider
{
    private readonly NativeCryptoProvider _real = new(random);
    private readonly Action<ReadOnlySpan<byte>, ReadOnlySpan<byte>> _seals = seals;

    public bool Supports(KemAlgorithm kem) => _real.Supports(kem);

    public bool Supports(AeadAlgorithm aead) => _real.Supports(aead);

    public bool Supports(SignatureAlgorithm signature) => _real.Supports(signature);

    public void FillRandom(Span<byte> bytes) => _real.FillRandom(bytes);

    public void Hash(HashAlgorithm algorithm, ReadOnlySpan<byte> data, Span<byte> digest) => _real.Hash(algorithm, data, digest);

    public void Hmac(HashAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> data, Span<byte> tag) => _real.Hmac(algorithm, key, data, tag);

    public void HkdfExpand(HashAlgorithm algorithm, ReadOnlySpan<byte> pseudorandomKey, ReadOnlySpan<byte> info, Span<byte> output) => _real.HkdfExpand(algorithm, pseudorandomKey, info, output);

    public void Seal(
        AeadAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext)
    {
        _seals(key, nonce);
        _real.Seal(algorithm, key, nonce, associatedData, plaintext, ciphertext);
    }

    public bool TryOpen(
        AeadAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> ciphertext, Span<byte> plaintext) =>
        _real.TryOpen(algorithm, key, nonce, associatedData, ciphertext, plaintext);

    public void Shake256(ReadOnlySpan<byte> data, Span<byte> output) => _real.Shake256(data, output);

    public bool TryDerivePublicKey(KemAlgorithm kem, ReadOnlySpan<byte> privateKey, Span<byte> publicKey) => _real.TryDerivePublicKey(kem, privateKey, publicKey);

    public bool TryAgree(KemAlgorithm kem, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, Span<byte> sharedSecret) => _real.TryAgree(kem, privateKey, publicKey, sharedSecret);

    public bool TryEncapsulate(KemAlgorithm kem, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> randomness, Span<byte> kemOutput, Span<byte> sharedSecret) =>
        _real.TryEncapsulate(kem, publicKey, randomness, kemOutput, sharedSecret);

    public bool TryDecapsulate(KemAlgorithm kem, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> kemOutput, Span<byte> sharedSecret) =>
        _real.TryDecapsulate(kem, privateKey, kemOutput, sharedSecret);

    public (Secret PrivateKey, byte[] PublicKey) GenerateSignatureKeyPair(SignatureAlgorithm algorithm) => _real.GenerateSignatureKeyPair(algorithm);

    public byte[] Sign(SignatureAlgorithm algorithm, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> content) =>
        _real.Sign(algorithm, privateKey, publicKey, content);

    public bool Verify(SignatureAlgorithm algorithm, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature) =>
        _real.Verify(algorithm, publicKey, content, signature);
}

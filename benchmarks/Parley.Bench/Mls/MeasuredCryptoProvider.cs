using System.Runtime.InteropServices;
using Parley.Mls.Crypto;

namespace Parley.Bench.Mls;

/// <summary>
/// Counts the calls that go through to another provider. What an operation must cost at least is the sum of these calls, each timed by
/// itself (<see cref="PrimitiveReplay"/>); what it takes above that is the protocol's own work. Counts one suite.
/// </summary>
internal sealed class MeasuredCryptoProvider(ICryptoProvider inner) : ICryptoProvider
{
    private readonly Dictionary<PrimitiveCall, int> _calls = [];

    /// <summary>Whether calls are counted now.</summary>
    public bool Counts { get; set; }

    /// <summary>How often each call was made since the last <see cref="Reset"/>.</summary>
    public IReadOnlyDictionary<PrimitiveCall, int> Calls => _calls;

    public void Reset() => _calls.Clear();

    public bool Supports(KemAlgorithm kem) => inner.Supports(kem);

    public bool Supports(AeadAlgorithm aead) => inner.Supports(aead);

    public bool Supports(SignatureAlgorithm signature) => inner.Supports(signature);

    public void FillRandom(Span<byte> bytes)
    {
        Count(Primitive.FillRandom, bytes.Length);
        inner.FillRandom(bytes);
    }

    public void Hash(HashAlgorithm algorithm, ReadOnlySpan<byte> data, Span<byte> digest)
    {
        Count(Primitive.Hash, data.Length);
        inner.Hash(algorithm, data, digest);
    }

    public void Hmac(HashAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> data, Span<byte> tag)
    {
        Count(Primitive.Hmac, data.Length);
        inner.Hmac(algorithm, key, data, tag);
    }

    public void HkdfExpand(HashAlgorithm algorithm, ReadOnlySpan<byte> pseudorandomKey, ReadOnlySpan<byte> info, Span<byte> output)
    {
        Count(Primitive.HkdfExpand, info.Length);
        inner.HkdfExpand(algorithm, pseudorandomKey, info, output);
    }

    public void Seal(
        AeadAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext)
    {
        Count(Primitive.Seal, associatedData.Length + plaintext.Length);
        inner.Seal(algorithm, key, nonce, associatedData, plaintext, ciphertext);
    }

    public bool TryOpen(
        AeadAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> ciphertext, Span<byte> plaintext)
    {
        Count(Primitive.Open, associatedData.Length + plaintext.Length);
        return inner.TryOpen(algorithm, key, nonce, associatedData, ciphertext, plaintext);
    }

    public void Shake256(ReadOnlySpan<byte> data, Span<byte> output)
    {
        Count(Primitive.Shake256, data.Length);
        inner.Shake256(data, output);
    }

    public bool TryDerivePublicKey(KemAlgorithm kem, ReadOnlySpan<byte> privateKey, Span<byte> publicKey)
    {
        Count(Primitive.DerivePublicKey, 0);
        return inner.TryDerivePublicKey(kem, privateKey, publicKey);
    }

    public bool TryAgree(KemAlgorithm kem, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, Span<byte> sharedSecret)
    {
        Count(Primitive.Agree, 0);
        return inner.TryAgree(kem, privateKey, publicKey, sharedSecret);
    }

    public bool TryEncapsulate(KemAlgorithm kem, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> randomness, Span<byte> kemOutput, Span<byte> sharedSecret)
    {
        Count(Primitive.Encapsulate, 0);
        return inner.TryEncapsulate(kem, publicKey, randomness, kemOutput, sharedSecret);
    }

    public bool TryDecapsulate(KemAlgorithm kem, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> kemOutput, Span<byte> sharedSecret)
    {
        Count(Primitive.Decapsulate, 0);
        return inner.TryDecapsulate(kem, privateKey, kemOutput, sharedSecret);
    }

    public (Secret PrivateKey, byte[] PublicKey) GenerateSignatureKeyPair(SignatureAlgorithm algorithm)
    {
        Count(Primitive.GenerateSignatureKeyPair, 0);
        return inner.GenerateSignatureKeyPair(algorithm);
    }

    public byte[] Sign(SignatureAlgorithm algorithm, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> content)
    {
        Count(Primitive.Sign, content.Length);
        return inner.Sign(algorithm, privateKey, publicKey, content);
    }

    public bool Verify(SignatureAlgorithm algorithm, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature)
    {
        Count(Primitive.Verify, content.Length);
        return inner.Verify(algorithm, publicKey, content, signature);
    }

    private void Count(Primitive primitive, int bytes)
    {
        if (!Counts)
            return;

        // Some operations share their work among threads.
        lock (_calls)
            CollectionsMarshal.GetValueRefOrAddDefault(_calls, new PrimitiveCall(primitive, bytes), out _)++;
    }
}

using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Parley.Mls.Crypto;

/// <summary>
/// RFC 9180 §4: a key encapsulation mechanism. Key pairs are always derived from key material, random material when they are to be
/// random (as §4 suggests), so that the one path is the one the vectors check.
/// </summary>
internal abstract class Kem
{
    protected Kem(ICryptoProvider provider, KemAlgorithm algorithm)
    {
        Provider = provider;
        Algorithm = algorithm;
        Sizes = algorithm.Parameters;
        SuiteId = [.. "KEM"u8, 0, 0];
        BinaryPrimitives.WriteUInt16BigEndian(SuiteId.AsSpan(3), (ushort)algorithm);
    }

    public int SharedSecretBytes => Sizes.SharedSecretBytes;

    /// <summary>How much randomness one encapsulation takes.</summary>
    public int RandomBytes => Sizes.RandomBytes;

    protected ICryptoProvider Provider { get; }

    protected KemAlgorithm Algorithm { get; }

    protected KemParameters Sizes { get; }

    /// <summary>RFC 9180 §4.1: what the KEM's own derivations are bound to.</summary>
    protected byte[] SuiteId { get; }

    public static Kem Create(ICryptoProvider provider, KemAlgorithm algorithm) =>
        algorithm.Parameters.Hash is { } hash ? new DhKem(provider, algorithm, hash) : new HybridKem(provider, algorithm);

    public HpkeKeyPair GenerateKeyPair()
    {
        Span<byte> material = stackalloc byte[Sizes.PrivateKeyBytes];
        try
        {
            Provider.FillRandom(material);
            return DeriveKeyPair(material);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(material);
        }
    }

    /// <summary>DeriveKeyPair(ikm). The caller owns the pair.</summary>
    public HpkeKeyPair DeriveKeyPair(ReadOnlySpan<byte> inputKeyMaterial)
    {
        var privateKey = new Secret(Sizes.PrivateKeyBytes);
        byte[] publicKey = new byte[Sizes.PublicKeyBytes];
        try
        {
            DeriveKeyPairCore(inputKeyMaterial, privateKey.AsWritableSpan(), publicKey);
            return new HpkeKeyPair(privateKey, publicKey);
        }
        catch
        {
            privateKey.Dispose();
            throw;
        }
    }

    /// <summary>The key pair of a private key, or null if it has the wrong length or is not in range.</summary>
    public HpkeKeyPair? ImportKeyPair(ReadOnlySpan<byte> privateKey)
    {
        if (privateKey.Length != Sizes.PrivateKeyBytes)
            return null;
        byte[] publicKey = new byte[Sizes.PublicKeyBytes];
        return Provider.TryDerivePublicKey(Algorithm, privateKey, publicKey) ? new HpkeKeyPair(new Secret(privateKey), publicKey) : null;
    }

    /// <summary>Whether these bytes are a public key that can be encrypted to.</summary>
    public bool IsPublicKey(ReadOnlySpan<byte> publicKey) => publicKey.Length == Sizes.PublicKeyBytes && IsPublicKeyCore(publicKey);

    /// <summary>Encap(pkR). False, with an empty output, if the receiver's key is no valid one.</summary>
    public bool TryEncap(ReadOnlySpan<byte> publicKey, Span<byte> sharedSecret, out byte[] kemOutput)
    {
        Span<byte> randomness = stackalloc byte[Sizes.RandomBytes];
        try
        {
            Provider.FillRandom(randomness);
            return TryEncap(publicKey, randomness, sharedSecret, out kemOutput);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(randomness);
        }
    }

    /// <summary>Encap(pkR) with randomness that was drawn before and is used for nothing else.</summary>
    public bool TryEncap(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> randomness, Span<byte> sharedSecret, out byte[] kemOutput)
    {
        byte[]? output = publicKey.Length == Sizes.PublicKeyBytes ? Encap(publicKey, randomness, sharedSecret) : null;
        kemOutput = output ?? [];
        return output is not null;
    }

    /// <summary>Decap(enc, skR). False if the KEM output is none that Encap makes.</summary>
    public bool TryDecap(ReadOnlySpan<byte> kemOutput, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, Span<byte> sharedSecret) =>
        kemOutput.Length == Sizes.KemOutputBytes && Decap(kemOutput, privateKey, publicKey, sharedSecret);

    protected abstract void DeriveKeyPairCore(ReadOnlySpan<byte> inputKeyMaterial, Span<byte> privateKey, Span<byte> publicKey);

    protected abstract bool IsPublicKeyCore(ReadOnlySpan<byte> publicKey);

    /// <summary>The KEM output, or null if the public key, which has the right length, is no valid one.</summary>
    protected abstract byte[]? Encap(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> randomness, Span<byte> sharedSecret);

    protected abstract bool Decap(
        ReadOnlySpan<byte> kemOutput, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, Span<byte> sharedSecret);
}

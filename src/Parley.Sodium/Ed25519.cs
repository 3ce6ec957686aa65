using System.Security.Cryptography;

namespace Parley.Sodium;

/// <summary>Ed25519 (RFC 8032), with private keys as the RFC has them: the seed of 32 bytes.</summary>
public static class Ed25519
{
    /// <summary>Length of a private key, which is a seed.</summary>
    public const int SeedBytes = 32;

    /// <summary>Length of a public key.</summary>
    public const int PublicKeyBytes = 32;

    /// <summary>Length of a signature.</summary>
    public const int SignatureBytes = 64;

    // What libsodium calls a secret key is the seed followed by the public key.
    private const int SecretKeyBytes = SeedBytes + PublicKeyBytes;

    /// <summary>Writes the seed's public key.</summary>
    /// <exception cref="ArgumentException">A length is wrong.</exception>
    public static void DerivePublicKey(ReadOnlySpan<byte> seed, Span<byte> publicKey)
    {
        SpanLength.Require(seed, SeedBytes);
        SpanLength.Require(publicKey, PublicKeyBytes);
        Span<byte> secretKey = stackalloc byte[SecretKeyBytes];
        try
        {
            _ = SodiumLibrary.crypto_sign_ed25519_seed_keypair(publicKey, secretKey, seed); // Always 0.
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secretKey);
        }
    }

    /// <summary>
    /// Signs the message. The public key must be the seed's own, which is not checked, as deriving it costs as much as signing: two
    /// signatures of one message under different public keys give the private key away. So it must never come from outside.
    /// </summary>
    /// <exception cref="ArgumentException">A length is wrong.</exception>
    public static void Sign(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, Span<byte> signature)
    {
        SpanLength.Require(seed, SeedBytes);
        SpanLength.Require(publicKey, PublicKeyBytes);
        SpanLength.Require(signature, SignatureBytes);
        Span<byte> secretKey = stackalloc byte[SecretKeyBytes];
        try
        {
            seed.CopyTo(secretKey);
            publicKey.CopyTo(secretKey[SeedBytes..]);
            _ = SodiumLibrary.crypto_sign_ed25519_detached(signature, 0, message, (ulong)message.Length, secretKey); // Always 0.
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secretKey);
        }
    }

    /// <summary>
    /// Whether the signature is the key's over the message. Strict: keys and nonces of small order, points that are not in their
    /// canonical form and scalars out of range are refused. A key or a signature of a wrong length is a false one.
    /// </summary>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        publicKey.Length == PublicKeyBytes
        && signature.Length == SignatureBytes
        && SodiumLibrary.crypto_sign_ed25519_verify_detached(signature, message, (ulong)message.Length, publicKey) == 0;
}

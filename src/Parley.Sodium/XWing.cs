using System.Security.Cryptography;

namespace Parley.Sodium;

/// <summary>X-Wing (draft-connolly-cfrg-xwing-kem): X25519 and ML-KEM-768 as one KEM. Private keys are the seed of 32 bytes.</summary>
public static class XWing
{
    /// <summary>Length of a private key, which is a seed.</summary>
    public const int SeedBytes = 32;

    /// <summary>Length of a public key.</summary>
    public const int PublicKeyBytes = 1216;

    /// <summary>Length of a ciphertext.</summary>
    public const int CiphertextBytes = 1120;

    /// <summary>Length of a shared secret.</summary>
    public const int SharedSecretBytes = 32;

    /// <summary>Length of the randomness of one encapsulation.</summary>
    public const int EncapsulationSeedBytes = 64;

    /// <summary>Writes the seed's public key.</summary>
    /// <exception cref="ArgumentException">A length is wrong.</exception>
    public static void DerivePublicKey(ReadOnlySpan<byte> seed, Span<byte> publicKey)
    {
        SpanLength.Require(seed, SeedBytes);
        SpanLength.Require(publicKey, PublicKeyBytes);
        Span<byte> secretKey = stackalloc byte[SeedBytes]; // A copy of the seed.
        try
        {
            _ = SodiumLibrary.crypto_kem_xwing_seed_keypair(publicKey, secretKey, seed); // Always 0.
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secretKey);
        }
    }

    /// <summary>
    /// Encapsulates, with randomness that is used once. False if the public key is no valid one: a coefficient of ML-KEM's part is not
    /// reduced (FIPS 203 §7.2), or X25519's part is a point of small order.
    /// </summary>
    /// <exception cref="ArgumentException">A length is wrong.</exception>
    public static bool TryEncapsulate(
        ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> encapsulationSeed, Span<byte> ciphertext, Span<byte> sharedSecret)
    {
        SpanLength.Require(publicKey, PublicKeyBytes);
        SpanLength.Require(encapsulationSeed, EncapsulationSeedBytes);
        SpanLength.Require(ciphertext, CiphertextBytes);
        SpanLength.Require(sharedSecret, SharedSecretBytes);
        return SodiumLibrary.crypto_kem_xwing_enc_deterministic(ciphertext, sharedSecret, publicKey, encapsulationSeed) == 0;
    }

    /// <summary>
    /// Decapsulates. A ciphertext that was made for another key or altered gives another secret (FIPS 203 §6.3, implicit rejection); false
    /// only if X25519's part is a point of small order.
    /// </summary>
    /// <exception cref="ArgumentException">A length is wrong.</exception>
    public static bool TryDecapsulate(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret)
    {
        SpanLength.Require(seed, SeedBytes);
        SpanLength.Require(ciphertext, CiphertextBytes);
        SpanLength.Require(sharedSecret, SharedSecretBytes);
        return SodiumLibrary.crypto_kem_xwing_dec(sharedSecret, ciphertext, seed) == 0;
    }
}

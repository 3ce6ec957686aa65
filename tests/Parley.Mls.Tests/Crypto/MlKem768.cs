using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace Parley.Mls.Tests.Crypto;

/// <summary>
/// libsodium's ML-KEM-768 (FIPS 203), which Parley uses only inside of X-Wing, by itself for the vectors. Lengths are checked here, as
/// FIPS 203 §7 has it for whoever calls.
/// </summary>
internal static partial class MlKem768
{
    private const string Name = "libsodium";
    private const int SeedBytes = 64;
    private const int EncapsulationSeedBytes = 32;
    private const int PublicKeyBytes = 1184;
    private const int PrivateKeyBytes = 2400;
    private const int CiphertextBytes = 1088;
    private const int SharedSecretBytes = 32;

    /// <summary>KeyGen from a seed.</summary>
    public static (byte[] PublicKey, byte[] PrivateKey)? KeyPair(byte[] seed)
    {
        byte[] publicKey = new byte[PublicKeyBytes];
        byte[] privateKey = new byte[PrivateKeyBytes];
        return seed.Length == SeedBytes && crypto_kem_mlkem768_seed_keypair(publicKey, privateKey, seed) == 0 ? (publicKey, privateKey) : null;
    }

    /// <summary>Encaps with given randomness; null if the key is refused.</summary>
    public static (byte[] Ciphertext, byte[] SharedSecret)? Encapsulate(byte[] publicKey, byte[] seed)
    {
        byte[] ciphertext = new byte[CiphertextBytes];
        byte[] sharedSecret = new byte[SharedSecretBytes];
        return publicKey.Length == PublicKeyBytes
            && seed.Length == EncapsulationSeedBytes
            && crypto_kem_mlkem768_enc_deterministic(ciphertext, sharedSecret, publicKey, seed) == 0 ? (ciphertext, sharedSecret) : null;
    }

    /// <summary>Decaps; null if the ciphertext is refused.</summary>
    public static byte[]? Decapsulate(byte[] privateKey, byte[] ciphertext)
    {
        byte[] sharedSecret = new byte[SharedSecretBytes];
        return privateKey.Length == PrivateKeyBytes
            && ciphertext.Length == CiphertextBytes
            && crypto_kem_mlkem768_dec(sharedSecret, ciphertext, privateKey) == 0 ? sharedSecret : null;
    }

    [LibraryImport(Name)]
    private static partial int crypto_kem_mlkem768_seed_keypair(Span<byte> publicKey, Span<byte> privateKey, ReadOnlySpan<byte> seed);

    [LibraryImport(Name)]
    private static partial int crypto_kem_mlkem768_enc_deterministic(
        Span<byte> ciphertext, Span<byte> sharedSecret, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> seed);

    [LibraryImport(Name)]
    private static partial int crypto_kem_mlkem768_dec(Span<byte> sharedSecret, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> privateKey);
}

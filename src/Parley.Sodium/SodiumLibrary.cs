using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

// Every signature here is blittable; the attribute makes the compiler refuse any that is not.
[assembly: DisableRuntimeMarshalling]

namespace Parley.Sodium;

/// <summary>
/// The functions of libsodium that Parley calls, under their C names, and nothing around them. The static constructor initialises the
/// library once, before the first call, whichever thread makes it: sodium_init picks the fastest code the processor has and is needed
/// for thread safety. Null pointers, which empty spans become, are fine wherever the length is zero.
/// </summary>
internal static partial class SodiumLibrary
{
    private const string Name = "libsodium";

    static SodiumLibrary()
    {
        if (sodium_init() < 0)
            throw new InvalidOperationException("libsodium could not be initialised.");
    }

    [LibraryImport(Name)]
    internal static partial int crypto_sign_ed25519_seed_keypair(Span<byte> publicKey, Span<byte> secretKey, ReadOnlySpan<byte> seed);

    [LibraryImport(Name)]
    internal static partial int crypto_sign_ed25519_detached(
        Span<byte> signature, nint signatureLength, ReadOnlySpan<byte> message, ulong messageLength, ReadOnlySpan<byte> secretKey);

    [LibraryImport(Name)]
    internal static partial int crypto_sign_ed25519_verify_detached(
        ReadOnlySpan<byte> signature, ReadOnlySpan<byte> message, ulong messageLength, ReadOnlySpan<byte> publicKey);

    [LibraryImport(Name)]
    internal static partial int crypto_scalarmult_curve25519(Span<byte> product, ReadOnlySpan<byte> scalar, ReadOnlySpan<byte> point);

    [LibraryImport(Name)]
    internal static partial int crypto_scalarmult_curve25519_base(Span<byte> product, ReadOnlySpan<byte> scalar);

    [LibraryImport(Name)]
    internal static partial int crypto_kdf_hkdf_sha256_expand(
        Span<byte> output, nuint outputLength, ReadOnlySpan<byte> context, nuint contextLength, ReadOnlySpan<byte> pseudorandomKey);

    [LibraryImport(Name)]
    internal static partial int crypto_aead_chacha20poly1305_ietf_encrypt(
        Span<byte> ciphertext, nint ciphertextLength, ReadOnlySpan<byte> message, ulong messageLength,
        ReadOnlySpan<byte> associatedData, ulong associatedDataLength, nint secretNonce, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> key);

    [LibraryImport(Name)]
    internal static partial int crypto_aead_chacha20poly1305_ietf_decrypt(
        Span<byte> message, nint messageLength, nint secretNonce, ReadOnlySpan<byte> ciphertext, ulong ciphertextLength,
        ReadOnlySpan<byte> associatedData, ulong associatedDataLength, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> key);

    [LibraryImport(Name)]
    internal static partial int crypto_kem_xwing_seed_keypair(Span<byte> publicKey, Span<byte> secretKey, ReadOnlySpan<byte> seed);

    [LibraryImport(Name)]
    internal static partial int crypto_kem_xwing_enc_deterministic(
        Span<byte> ciphertext, Span<byte> sharedSecret, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> seed);

    [LibraryImport(Name)]
    internal static partial int crypto_kem_xwing_dec(Span<byte> sharedSecret, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> secretKey);

    [LibraryImport(Name)]
    internal static partial int crypto_xof_shake256(Span<byte> output, nuint outputLength, ReadOnlySpan<byte> data, ulong dataLength);

    [LibraryImport(Name)]
    internal static partial int crypto_pwhash(
        Span<byte> output, ulong outputLength, ReadOnlySpan<byte> password, ulong passwordLength, ReadOnlySpan<byte> salt, ulong passes, nuint memoryBytes, int algorithm);

    [LibraryImport(Name)]
    private static partial int sodium_init();
}

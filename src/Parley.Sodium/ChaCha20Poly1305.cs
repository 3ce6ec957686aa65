namespace Parley.Sodium;

/// <summary>AEAD_CHACHA20_POLY1305 (RFC 8439).</summary>
public static class ChaCha20Poly1305
{
    /// <summary>Length of a key.</summary>
    public const int KeyBytes = 32;

    /// <summary>Length of a nonce. Too short for random nonces under a key that is used often.</summary>
    public const int NonceBytes = 12;

    /// <summary>Length of the tag that ends a ciphertext.</summary>
    public const int TagBytes = 16;

    /// <summary>Encrypts. The ciphertext is <see cref="TagBytes"/> longer than the plaintext.</summary>
    /// <exception cref="ArgumentException">A length is wrong.</exception>
    public static void Seal(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext)
    {
        SpanLength.Require(key, KeyBytes);
        SpanLength.Require(nonce, NonceBytes);
        SpanLength.Require(ciphertext, plaintext.Length + TagBytes);
        _ = SodiumLibrary.crypto_aead_chacha20poly1305_ietf_encrypt( // Always 0.
            ciphertext, 0, plaintext, (ulong)plaintext.Length, associatedData, (ulong)associatedData.Length, 0, nonce, key);
    }

    /// <summary>Decrypts. False, leaving zeros, if the ciphertext was not made with this key, nonce and data.</summary>
    /// <exception cref="ArgumentException">A length is wrong.</exception>
    public static bool TryOpen(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> ciphertext, Span<byte> plaintext)
    {
        SpanLength.Require(key, KeyBytes);
        SpanLength.Require(nonce, NonceBytes);
        SpanLength.Require(ciphertext, plaintext.Length + TagBytes);
        return SodiumLibrary.crypto_aead_chacha20poly1305_ietf_decrypt(
            plaintext, 0, 0, ciphertext, (ulong)ciphertext.Length, associatedData, (ulong)associatedData.Length, nonce, key) == 0;
    }
}

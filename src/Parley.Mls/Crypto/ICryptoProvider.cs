namespace Parley.Mls.Crypto;

/// <summary>
/// The primitives MLS is built from, synchronous everywhere, the browser included. Everything above them (HKDF labels, HPKE, the
/// MLS constructions of RFC 9420 §5) is <see cref="CryptoSuite"/>'s. Wrong lengths are the caller's mistake and throw
/// <see cref="ArgumentException"/>; a peer's bad key, tag or signature is a <c>false</c>. Implementations are stateless and safe
/// to use from several threads, and keep no copy of a secret.
/// </summary>
public interface ICryptoProvider
{
    /// <summary>Whether the KEM's operations work here.</summary>
    bool Supports(KemAlgorithm kem);

    /// <summary>Whether the AEAD works here.</summary>
    bool Supports(AeadAlgorithm aead);

    /// <summary>Whether the signature scheme works here.</summary>
    bool Supports(SignatureAlgorithm signature);

    /// <summary>Fills the span from the injected source of randomness.</summary>
    void FillRandom(Span<byte> bytes);

    /// <summary>Hashes the data.</summary>
    void Hash(HashAlgorithm algorithm, ReadOnlySpan<byte> data, Span<byte> digest);

    /// <summary>HMAC (RFC 2104).</summary>
    void Hmac(HashAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> data, Span<byte> tag);

    /// <summary>
    /// HKDF-Expand (RFC 5869 §2.3). <paramref name="pseudorandomKey"/> is as long as a digest, <paramref name="info"/> of any length, and
    /// <paramref name="output"/> at most 255 digests.
    /// </summary>
    void HkdfExpand(HashAlgorithm algorithm, ReadOnlySpan<byte> pseudorandomKey, ReadOnlySpan<byte> info, Span<byte> output);

    /// <summary>Encrypts. <paramref name="ciphertext"/> is 16 bytes longer than <paramref name="plaintext"/>.</summary>
    void Seal(
        AeadAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext);

    /// <summary>Decrypts, or returns false and leaves zeros. <paramref name="plaintext"/> is 16 bytes shorter than <paramref name="ciphertext"/>.</summary>
    bool TryOpen(
        AeadAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> ciphertext, Span<byte> plaintext);

    /// <summary>SHAKE256 (FIPS 202) of any length. Works wherever X-Wing does.</summary>
    void Shake256(ReadOnlySpan<byte> data, Span<byte> output);

    /// <summary>The public key of a private key of any KEM; false if the private key is not in its range.</summary>
    bool TryDerivePublicKey(KemAlgorithm kem, ReadOnlySpan<byte> privateKey, Span<byte> publicKey);

    /// <summary>
    /// Diffie–Hellman, for a DHKEM. False if the peer's key has the wrong length or is no valid point, or, with X25519 and X448, if the
    /// shared secret is all zero (RFC 9180 §7.1.4).
    /// </summary>
    bool TryAgree(KemAlgorithm kem, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, Span<byte> sharedSecret);

    /// <summary>
    /// Encapsulates to the peer's key, for a KEM that is a primitive of its own. The randomness is secret, as long as the KEM's
    /// <see cref="KemParameters.RandomBytes"/>, and used once. False if the key has the wrong length or is no valid one.
    /// </summary>
    bool TryEncapsulate(KemAlgorithm kem, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> randomness, Span<byte> kemOutput, Span<byte> sharedSecret);

    /// <summary>
    /// Decapsulates what <see cref="TryEncapsulate"/> made. False if the KEM output has the wrong length or is no valid one; one made for
    /// another key may just as well give another secret.
    /// </summary>
    bool TryDecapsulate(KemAlgorithm kem, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> kemOutput, Span<byte> sharedSecret);

    /// <summary>Makes a signature key pair. The caller owns both and disposes the private key.</summary>
    (Secret PrivateKey, byte[] PublicKey) GenerateSignatureKeyPair(SignatureAlgorithm algorithm);

    /// <summary>
    /// Signs. The public key must be kept with the private one and never come from a message: Ed25519 needs it, none checks it, and
    /// Ed25519 signatures of one content under two public keys give the private key away.
    /// </summary>
    byte[] Sign(SignatureAlgorithm algorithm, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> content);

    /// <summary>Checks a signature. A malformed key or signature is false.</summary>
    bool Verify(SignatureAlgorithm algorithm, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature);
}

namespace Parley.Mls.Crypto;

/// <summary>The hash of a cipher suite, used for HKDF and HMAC too. The values are HPKE's for HKDF over it (RFC 9180 §7.2).</summary>
public enum HashAlgorithm : ushort
{
    /// <summary>SHA-256, 32 bytes.</summary>
    Sha256 = 0x0001,

    /// <summary>SHA-384, 48 bytes.</summary>
    Sha384 = 0x0002,

    /// <summary>SHA-512, 64 bytes.</summary>
    Sha512 = 0x0003,
}

/// <summary>
/// The AEAD of a cipher suite. All have nonces of 12 bytes and tags of 16, which follow the ciphertext. The values are HPKE's
/// (RFC 9180 §7.3).
/// </summary>
public enum AeadAlgorithm : ushort
{
    /// <summary>AES-128-GCM, keys of 16 bytes.</summary>
    Aes128Gcm = 0x0001,

    /// <summary>AES-256-GCM, keys of 32 bytes.</summary>
    Aes256Gcm = 0x0002,

    /// <summary>ChaCha20-Poly1305 (RFC 8439), keys of 32 bytes.</summary>
    ChaCha20Poly1305 = 0x0003,
}

/// <summary>
/// The KEM of a cipher suite: Diffie–Hellman in a group (RFC 9180 §4.1) or a KEM that is a primitive of its own. The values are HPKE's
/// (RFC 9180 §7.1), the encodings those of its Serialize functions. <see cref="AlgorithmParameters"/> has the sizes.
/// </summary>
public enum KemAlgorithm : ushort
{
    /// <summary>DHKEM on P-256: scalars, and points in uncompressed form.</summary>
    P256 = 0x0010,

    /// <summary>DHKEM on P-384.</summary>
    P384 = 0x0011,

    /// <summary>DHKEM on P-521.</summary>
    P521 = 0x0012,

    /// <summary>DHKEM with X25519 (RFC 7748).</summary>
    X25519 = 0x0020,

    /// <summary>DHKEM with X448 (RFC 7748).</summary>
    X448 = 0x0021,

    /// <summary>
    /// X-Wing (draft-connolly-cfrg-xwing-kem; MLKEM768-X25519 in draft-ietf-hpke-pq): X25519 and ML-KEM-768 together, secure while either
    /// is. Private keys are the seed of 32 bytes.
    /// </summary>
    XWing = 0x647a,
}

/// <summary>The signature scheme of a cipher suite (RFC 9420 §5.1.2). The values are those of TLS (RFC 8446 §4.2.3).</summary>
public enum SignatureAlgorithm : ushort
{
    /// <summary>ECDSA on P-256 with SHA-256, DER-encoded signatures; private keys are the scalar.</summary>
    EcdsaP256 = 0x0403,

    /// <summary>ECDSA on P-384 with SHA-384.</summary>
    EcdsaP384 = 0x0503,

    /// <summary>ECDSA on P-521 with SHA-512.</summary>
    EcdsaP521 = 0x0603,

    /// <summary>Ed25519: private keys are the 32-byte seed.</summary>
    Ed25519 = 0x0807,

    /// <summary>Ed448 with an empty context: private keys are the 57-byte seed.</summary>
    Ed448 = 0x0808,
}

namespace Parley.Mls.Crypto;

/// <summary>The hash of a cipher suite, used for HKDF and HMAC too.</summary>
public enum HashAlgorithm
{
    /// <summary>SHA-256, 32 bytes.</summary>
    Sha256,

    /// <summary>SHA-384, 48 bytes.</summary>
    Sha384,

    /// <summary>SHA-512, 64 bytes.</summary>
    Sha512,
}

/// <summary>The AEAD of a cipher suite. All have nonces of 12 bytes and tags of 16, which follow the ciphertext.</summary>
public enum AeadAlgorithm
{
    /// <summary>AES-128-GCM, keys of 16 bytes.</summary>
    Aes128Gcm,

    /// <summary>AES-256-GCM, keys of 32 bytes.</summary>
    Aes256Gcm,

    /// <summary>ChaCha20-Poly1305 (RFC 8439), keys of 32 bytes.</summary>
    ChaCha20Poly1305,
}

/// <summary>The Diffie–Hellman group under a DHKEM (RFC 9180 §7.1). Encodings are those of RFC 9180's Serialize functions.</summary>
public enum DhGroup
{
    /// <summary>X25519: keys and shared secrets of 32 bytes.</summary>
    X25519,

    /// <summary>P-256: scalars of 32 bytes, uncompressed points of 65, shared secrets of 32.</summary>
    P256,

    /// <summary>P-384: scalars of 48 bytes, uncompressed points of 97, shared secrets of 48.</summary>
    P384,

    /// <summary>P-521: scalars of 66 bytes, uncompressed points of 133, shared secrets of 66.</summary>
    P521,
}

/// <summary>The signature scheme of a cipher suite (RFC 9420 §5.1.2).</summary>
public enum SignatureAlgorithm
{
    /// <summary>Ed25519: private keys are the 32-byte seed.</summary>
    Ed25519,

    /// <summary>ECDSA on P-256 with SHA-256, DER-encoded signatures; private keys are the scalar.</summary>
    EcdsaP256,

    /// <summary>ECDSA on P-384 with SHA-384.</summary>
    EcdsaP384,

    /// <summary>ECDSA on P-521 with SHA-512.</summary>
    EcdsaP521,
}

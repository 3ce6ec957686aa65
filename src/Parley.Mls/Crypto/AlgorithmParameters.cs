namespace Parley.Mls.Crypto;

// CA1708 mistakes the names the compiler gives to extension blocks for members that differ in case.
#pragma warning disable CA1708

/// <summary>The tables of RFC 9180 §7: the sizes that follow from an algorithm, in bytes, one row each.</summary>
public static class AlgorithmParameters
{
    /// <summary>The nonce of every AEAD here (Nn).</summary>
    public const int AeadNonceBytes = 12;

    /// <summary>The tag of every AEAD here (Nt), by which a ciphertext is longer than its plaintext.</summary>
    public const int AeadTagBytes = 16;

    extension(HashAlgorithm hash)
    {
        /// <summary>The length of a digest (Nh).</summary>
        public int DigestBytes => hash switch
        {
            HashAlgorithm.Sha256 => 32,
            HashAlgorithm.Sha384 => 48,
            HashAlgorithm.Sha512 => 64,
            _ => throw new ArgumentOutOfRangeException(nameof(hash)),
        };
    }

    extension(AeadAlgorithm aead)
    {
        /// <summary>The length of a key (Nk).</summary>
        public int KeyBytes => aead switch
        {
            AeadAlgorithm.Aes128Gcm => 16,
            AeadAlgorithm.Aes256Gcm => 32,
            AeadAlgorithm.ChaCha20Poly1305 => 32,
            _ => throw new ArgumentOutOfRangeException(nameof(aead)),
        };
    }

    extension(KemAlgorithm kem)
    {
        /// <summary>The KEM's row of RFC 9180 §7.1; X-Wing's of draft-ietf-hpke-pq.</summary>
        public KemParameters Parameters => kem switch
        {
            KemAlgorithm.P256 => new(32, 65, 65, 32, 32, HashAlgorithm.Sha256),
            KemAlgorithm.P384 => new(48, 97, 97, 48, 48, HashAlgorithm.Sha384),
            KemAlgorithm.P521 => new(64, 133, 133, 66, 66, HashAlgorithm.Sha512),
            KemAlgorithm.X25519 => new(32, 32, 32, 32, 32, HashAlgorithm.Sha256),
            KemAlgorithm.X448 => new(64, 56, 56, 56, 56, HashAlgorithm.Sha512),
            KemAlgorithm.XWing => new(32, 1120, 1216, 32, 64, null),
            _ => throw new ArgumentOutOfRangeException(nameof(kem)),
        };
    }
}

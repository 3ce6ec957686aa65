namespace Parley.Mls.Crypto;

// CA1708 mistakes the names the compiler gives to extension blocks for members that differ in case.
#pragma warning disable CA1708

/// <summary>The tables of RFC 9180 §7: each algorithm's identifier on the wire and the sizes that follow from it, in bytes.</summary>
public static class AlgorithmParameters
{
    /// <summary>The nonce of every AEAD here (Nn).</summary>
    public const int AeadNonceBytes = 12;

    /// <summary>The tag of every AEAD here (Nt), by which a ciphertext is longer than its plaintext.</summary>
    public const int AeadTagBytes = 16;

    /// <summary>The longest hash.</summary>
    public const int HashBytesMax = 64;

    /// <summary>The longest AEAD key.</summary>
    public const int AeadKeyBytesMax = 32;

    /// <summary>The longest Diffie–Hellman shared secret.</summary>
    public const int SharedSecretBytesMax = 66;

    /// <summary>The longest KEM public key.</summary>
    public const int PublicKeyBytesMax = 133;

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

        /// <summary>HKDF over this hash (RFC 9180 §7.2).</summary>
        public ushort KdfId => hash switch
        {
            HashAlgorithm.Sha256 => 0x0001,
            HashAlgorithm.Sha384 => 0x0002,
            HashAlgorithm.Sha512 => 0x0003,
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

        /// <summary>The AEAD's identifier (RFC 9180 §7.3).</summary>
        public ushort AeadId => aead switch
        {
            AeadAlgorithm.Aes128Gcm => 0x0001,
            AeadAlgorithm.Aes256Gcm => 0x0002,
            AeadAlgorithm.ChaCha20Poly1305 => 0x0003,
            _ => throw new ArgumentOutOfRangeException(nameof(aead)),
        };
    }

    extension(DhGroup group)
    {
        /// <summary>DHKEM over this group (RFC 9180 §7.1).</summary>
        public ushort KemId => group switch
        {
            DhGroup.P256 => 0x0010,
            DhGroup.P384 => 0x0011,
            DhGroup.P521 => 0x0012,
            DhGroup.X25519 => 0x0020,
            _ => throw new ArgumentOutOfRangeException(nameof(group)),
        };

        /// <summary>The hash of the KEM's own HKDF, whose length is that of its shared secrets (Nsecret).</summary>
        public HashAlgorithm KemHash => group switch
        {
            DhGroup.P256 or DhGroup.X25519 => HashAlgorithm.Sha256,
            DhGroup.P384 => HashAlgorithm.Sha384,
            DhGroup.P521 => HashAlgorithm.Sha512,
            _ => throw new ArgumentOutOfRangeException(nameof(group)),
        };

        /// <summary>The length of a private key (Nsk), and of a Diffie–Hellman shared secret (Ndh), which is the same in every group.</summary>
        public int PrivateKeyBytes => group switch
        {
            DhGroup.P256 or DhGroup.X25519 => 32,
            DhGroup.P384 => 48,
            DhGroup.P521 => 66,
            _ => throw new ArgumentOutOfRangeException(nameof(group)),
        };

        /// <summary>The length of a public key (Npk), and of a KEM output (Nenc), which is one.</summary>
        public int PublicKeyBytes => group switch
        {
            DhGroup.X25519 => 32,
            DhGroup.P256 => 65,
            DhGroup.P384 => 97,
            DhGroup.P521 => 133,
            _ => throw new ArgumentOutOfRangeException(nameof(group)),
        };
    }
}

using System.Security.Cryptography;
using Parley.Mls.Crypto;
using Parley.Sodium;
using ChaCha20Poly1305 = Parley.Sodium.ChaCha20Poly1305;
using HashAlgorithm = Parley.Mls.Crypto.HashAlgorithm;

namespace Parley.Mls.Native;

/// <summary>
/// The primitives on desktops and servers: X25519, X-Wing, Ed25519, ChaCha20-Poly1305 and HKDF with SHA-256 by libsodium; SHA-2, HMAC, AES-GCM and
/// the NIST curves by .NET, which calls the operating system's own library. Keys come from the injected randomness; only the nonces of ECDSA
/// signatures are the system library's own.
/// </summary>
public sealed class NativeCryptoProvider : ICryptoProvider
{
    private readonly RandomSource _random;

    /// <summary>Makes a provider that takes its randomness from <paramref name="random"/>.</summary>
    public NativeCryptoProvider(RandomSource random)
    {
        ArgumentNullException.ThrowIfNull(random);
        _random = random;
    }

    /// <inheritdoc/>
    public bool Supports(KemAlgorithm kem) => kem
        is KemAlgorithm.X25519 or KemAlgorithm.XWing or KemAlgorithm.P256 or KemAlgorithm.P384 or KemAlgorithm.P521;

    /// <inheritdoc/>
    public bool Supports(AeadAlgorithm aead) => aead switch
    {
        AeadAlgorithm.ChaCha20Poly1305 => true,
        AeadAlgorithm.Aes128Gcm or AeadAlgorithm.Aes256Gcm => AesGcm.IsSupported,
        _ => false,
    };

    /// <inheritdoc/>
    public bool Supports(SignatureAlgorithm signature) => signature
        is SignatureAlgorithm.Ed25519 or SignatureAlgorithm.EcdsaP256 or SignatureAlgorithm.EcdsaP384 or SignatureAlgorithm.EcdsaP521;

    /// <inheritdoc/>
    public void FillRandom(Span<byte> bytes) => _random.Fill(bytes);

    /// <inheritdoc/>
    public void Hash(HashAlgorithm algorithm, ReadOnlySpan<byte> data, Span<byte> digest)
    {
        RequireLength(digest, algorithm.DigestBytes, nameof(digest));
        CryptographicOperations.HashData(Name(algorithm), data, digest);
    }

    /// <inheritdoc/>
    public void Hmac(HashAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> data, Span<byte> tag)
    {
        RequireLength(tag, algorithm.DigestBytes, nameof(tag));
        CryptographicOperations.HmacData(Name(algorithm), key, data, tag);
    }

    /// <inheritdoc/>
    public void HkdfExpand(HashAlgorithm algorithm, ReadOnlySpan<byte> pseudorandomKey, ReadOnlySpan<byte> info, Span<byte> output)
    {
        if (algorithm == HashAlgorithm.Sha256)
            HkdfSha256.Expand(pseudorandomKey, info, output);
        else
            HkdfExpandByHmac(algorithm, pseudorandomKey, info, output);
    }

    /// <inheritdoc/>
    public void Seal(
        AeadAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext)
    {
        if (algorithm == AeadAlgorithm.ChaCha20Poly1305)
        {
            ChaCha20Poly1305.Seal(key, nonce, associatedData, plaintext, ciphertext);
            return;
        }

        RequireLength(key, algorithm.KeyBytes, nameof(key));
        RequireLength(ciphertext, plaintext.Length + AlgorithmParameters.AeadTagBytes, nameof(ciphertext));
        using var aes = new AesGcm(key, AlgorithmParameters.AeadTagBytes);
        aes.Encrypt(nonce, plaintext, ciphertext[..plaintext.Length], ciphertext[plaintext.Length..], associatedData);
    }

    /// <inheritdoc/>
    public bool TryOpen(
        AeadAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> ciphertext, Span<byte> plaintext)
    {
        if (algorithm == AeadAlgorithm.ChaCha20Poly1305)
            return ChaCha20Poly1305.TryOpen(key, nonce, associatedData, ciphertext, plaintext);

        RequireLength(key, algorithm.KeyBytes, nameof(key));
        RequireLength(ciphertext, plaintext.Length + AlgorithmParameters.AeadTagBytes, nameof(ciphertext));
        using var aes = new AesGcm(key, AlgorithmParameters.AeadTagBytes);
        try
        {
            aes.Decrypt(nonce, ciphertext[..plaintext.Length], ciphertext[plaintext.Length..], plaintext, associatedData);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            plaintext.Clear();
            return false;
        }
    }

    /// <inheritdoc/>
    public void Shake256(ReadOnlySpan<byte> data, Span<byte> output) => Sodium.Shake256.Hash(data, output);

    /// <inheritdoc/>
    public bool TryDerivePublicKey(KemAlgorithm kem, ReadOnlySpan<byte> privateKey, Span<byte> publicKey)
    {
        switch (kem)
        {
            case KemAlgorithm.X25519:
                X25519.DerivePublicKey(privateKey, publicKey);
                return true;
            case KemAlgorithm.XWing:
                XWing.DerivePublicKey(privateKey, publicKey);
                return true;
            default:
                return NistCurve.Of(kem).TryDerivePublicKey(privateKey, publicKey);
        }
    }

    /// <inheritdoc/>
    public bool TryAgree(KemAlgorithm kem, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, Span<byte> sharedSecret) =>
        kem == KemAlgorithm.X25519
            ? publicKey.Length == X25519.KeyBytes && X25519.TryAgree(privateKey, publicKey, sharedSecret)
            : NistCurve.Of(kem).TryAgree(privateKey, publicKey, sharedSecret);

    /// <inheritdoc/>
    public bool TryEncapsulate(KemAlgorithm kem, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> randomness, Span<byte> kemOutput, Span<byte> sharedSecret)
    {
        RequireXWing(kem);
        return publicKey.Length == XWing.PublicKeyBytes && XWing.TryEncapsulate(publicKey, randomness, kemOutput, sharedSecret);
    }

    /// <inheritdoc/>
    public bool TryDecapsulate(KemAlgorithm kem, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> kemOutput, Span<byte> sharedSecret)
    {
        RequireXWing(kem);
        return kemOutput.Length == XWing.CiphertextBytes && XWing.TryDecapsulate(privateKey, kemOutput, sharedSecret);
    }

    /// <inheritdoc/>
    public (Secret PrivateKey, byte[] PublicKey) GenerateSignatureKeyPair(SignatureAlgorithm algorithm)
    {
        if (algorithm != SignatureAlgorithm.Ed25519)
            return NistCurve.Of(algorithm).GenerateKeyPair(_random);
        var seed = new Secret(Ed25519.SeedBytes);
        byte[] publicKey = new byte[Ed25519.PublicKeyBytes];
        _random.Fill(seed.AsWritableSpan());
        Ed25519.DerivePublicKey(seed.AsSpan(), publicKey);
        return (seed, publicKey);
    }

    /// <inheritdoc/>
    public byte[] Sign(SignatureAlgorithm algorithm, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> content)
    {
        if (algorithm != SignatureAlgorithm.Ed25519)
            return NistCurve.Of(algorithm).Sign(privateKey, content);
        byte[] signature = new byte[Ed25519.SignatureBytes];
        Ed25519.Sign(privateKey, publicKey, content, signature);
        return signature;
    }

    /// <inheritdoc/>
    public bool Verify(SignatureAlgorithm algorithm, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature) =>
        algorithm == SignatureAlgorithm.Ed25519
            ? Ed25519.Verify(publicKey, content, signature)
            : NistCurve.Of(algorithm).Verify(publicKey, content, signature);

    /// <summary>
    /// RFC 5869 §2.3. Not .NET's HKDF, because that hands the work to OpenSSL 3, which refuses an info of more than 1 or 2 KiB, and the
    /// info of an epoch's secrets holds the whole GroupContext, whose length is the group's choice.
    /// </summary>
    private static void HkdfExpandByHmac(HashAlgorithm algorithm, ReadOnlySpan<byte> pseudorandomKey, ReadOnlySpan<byte> info, Span<byte> output)
    {
        RequireLength(pseudorandomKey, algorithm.DigestBytes, nameof(pseudorandomKey));
        if (output.Length > byte.MaxValue * algorithm.DigestBytes)
            throw new ArgumentException("Too much output for HKDF.", nameof(output));
        using var hmac = IncrementalHash.CreateHMAC(Name(algorithm), pseudorandomKey);
        Span<byte> block = stackalloc byte[algorithm.DigestBytes];
        Span<byte> previous = block[..0];
        try
        {
            for (int counter = 1; !output.IsEmpty; counter++)
            {
                hmac.AppendData(previous);
                hmac.AppendData(info);
                hmac.AppendData([(byte)counter]);
                hmac.GetHashAndReset(block);
                int taken = Math.Min(block.Length, output.Length);
                block[..taken].CopyTo(output);
                output = output[taken..];
                previous = block;
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(block);
        }
    }

    private static HashAlgorithmName Name(HashAlgorithm algorithm) => algorithm switch
    {
        HashAlgorithm.Sha256 => HashAlgorithmName.SHA256,
        HashAlgorithm.Sha384 => HashAlgorithmName.SHA384,
        HashAlgorithm.Sha512 => HashAlgorithmName.SHA512,
        _ => throw new ArgumentOutOfRangeException(nameof(algorithm)),
    };

    private static void RequireXWing(KemAlgorithm kem)
    {
        if (kem != KemAlgorithm.XWing)
            throw new ArgumentOutOfRangeException(nameof(kem));
    }

    private static void RequireLength(ReadOnlySpan<byte> span, int length, string name)
    {
        if (span.Length != length)
            throw new ArgumentException($"{length} bytes are needed, not {span.Length}.", name);
    }
}

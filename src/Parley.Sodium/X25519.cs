namespace Parley.Sodium;

/// <summary>X25519 (RFC 7748). Every string of 32 bytes is a private key, and a public key of some kind.</summary>
public static class X25519
{
    /// <summary>Length of private keys, public keys and shared secrets alike.</summary>
    public const int KeyBytes = 32;

    /// <summary>Writes the private key's public key.</summary>
    /// <exception cref="ArgumentException">A length is wrong.</exception>
    public static void DerivePublicKey(ReadOnlySpan<byte> privateKey, Span<byte> publicKey)
    {
        SpanLength.Require(privateKey, KeyBytes);
        SpanLength.Require(publicKey, KeyBytes);
        _ = SodiumLibrary.crypto_scalarmult_curve25519_base(publicKey, privateKey); // Always 0.
    }

    /// <summary>Agrees on a secret. False if it is all zero, because the peer's key is a point of small order.</summary>
    /// <exception cref="ArgumentException">A length is wrong.</exception>
    public static bool TryAgree(ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, Span<byte> sharedSecret)
    {
        SpanLength.Require(privateKey, KeyBytes);
        SpanLength.Require(publicKey, KeyBytes);
        SpanLength.Require(sharedSecret, KeyBytes);
        return SodiumLibrary.crypto_scalarmult_curve25519(sharedSecret, privateKey, publicKey) == 0;
    }
}

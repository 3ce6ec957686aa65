namespace Parley.Mls.Crypto;

/// <summary>A signature key pair of one suite's scheme.</summary>
public sealed class SignatureKeyPair : IDisposable
{
    /// <summary>Takes ownership of the private key.</summary>
    /// <param name="privateKey">In the form <see cref="SignatureAlgorithm"/> names.</param>
    /// <param name="publicKey">The public key that belongs to it.</param>
    public SignatureKeyPair(Secret privateKey, byte[] publicKey)
    {
        ArgumentNullException.ThrowIfNull(privateKey);
        ArgumentNullException.ThrowIfNull(publicKey);
        PrivateKey = privateKey;
        PublicKey = publicKey;
    }

    /// <summary>The private key.</summary>
    public Secret PrivateKey { get; }

    /// <summary>The public key.</summary>
    public ReadOnlyMemory<byte> PublicKey { get; }

    /// <summary>Makes a key pair. The caller disposes it.</summary>
    public static SignatureKeyPair Generate(ICryptoProvider crypto, SignatureAlgorithm algorithm)
    {
        ArgumentNullException.ThrowIfNull(crypto);
        (Secret privateKey, byte[] publicKey) = crypto.GenerateSignatureKeyPair(algorithm);
        return new SignatureKeyPair(privateKey, publicKey);
    }

    /// <summary>Zeroes the private key.</summary>
    public void Dispose() => PrivateKey.Dispose();

    internal byte[] Sign(CryptoSuite suite, string label, ReadOnlySpan<byte> content) =>
        suite.SignWithLabel(PrivateKey.AsSpan(), PublicKey.Span, label, content);
}

namespace Parley.Mls.Crypto;

/// <summary>An HPKE key pair. It owns the private key and disposes it.</summary>
public sealed class HpkeKeyPair : IDisposable
{
    /// <summary>Takes both keys over.</summary>
    public HpkeKeyPair(Secret privateKey, byte[] publicKey)
    {
        ArgumentNullException.ThrowIfNull(privateKey);
        ArgumentNullException.ThrowIfNull(publicKey);
        PrivateKey = privateKey;
        PublicKey = publicKey;
    }

    /// <summary>The private key, as RFC 9180's SerializePrivateKey writes it.</summary>
    public Secret PrivateKey { get; }

    /// <summary>The public key, as RFC 9180's SerializePublicKey writes it.</summary>
    public byte[] PublicKey { get; }

    /// <summary>Zeroes the private key.</summary>
    public void Dispose() => PrivateKey.Dispose();
}

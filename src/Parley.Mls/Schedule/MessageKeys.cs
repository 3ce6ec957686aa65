using Parley.Mls.Crypto;

namespace Parley.Mls.Schedule;

/// <summary>RFC 9420 §9.1: the key and nonce of one generation, kept for a message that has not come yet.</summary>
internal sealed class MessageKeys(uint generation, Secret key, Secret nonce) : IDisposable
{
    public uint Generation { get; } = generation;

    public Secret Key { get; } = key;

    public Secret Nonce { get; } = nonce;

    /// <summary>Writes a generation's key and nonce, which are as long as the spans.</summary>
    public static void Derive(CryptoSuite suite, Secret ratchetSecret, uint generation, Span<byte> key, Span<byte> nonce)
    {
        suite.DeriveTreeSecret(ratchetSecret.AsSpan(), "key", generation, key);
        suite.DeriveTreeSecret(ratchetSecret.AsSpan(), "nonce", generation, nonce);
    }

    public static MessageKeys Derive(CryptoSuite suite, Secret ratchetSecret, uint generation)
    {
        var keys = new MessageKeys(generation, new Secret(suite.AeadKeyBytes), new Secret(suite.AeadNonceBytes));
        Derive(suite, ratchetSecret, generation, keys.Key.AsWritableSpan(), keys.Nonce.AsWritableSpan());
        return keys;
    }

    public void CopyTo(Span<byte> key, Span<byte> nonce)
    {
        Key.AsSpan().CopyTo(key);
        Nonce.AsSpan().CopyTo(nonce);
    }

    public void Dispose()
    {
        Key.Dispose();
        Nonce.Dispose();
    }
}

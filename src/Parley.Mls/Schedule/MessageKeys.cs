using Parley.Mls.Crypto;

namespace Parley.Mls.Schedule;

/// <summary>RFC 9420 §9.1: the key and nonce of one generation, for one message.</summary>
internal sealed class MessageKeys(uint generation, Secret key, Secret nonce) : IDisposable
{
    public uint Generation { get; } = generation;

    public Secret Key { get; } = key;

    public Secret Nonce { get; } = nonce;

    public static MessageKeys Derive(CryptoSuite suite, Secret ratchetSecret, uint generation) => new(
        generation,
        suite.DeriveTreeSecret(ratchetSecret.AsSpan(), "key", generation, suite.AeadKeyBytes),
        suite.DeriveTreeSecret(ratchetSecret.AsSpan(), "nonce", generation, suite.AeadNonceBytes));

    public void Dispose()
    {
        Key.Dispose();
        Nonce.Dispose();
    }
}

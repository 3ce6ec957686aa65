using Parley.Mls.Crypto;

namespace Parley.Mls.Schedule;

/// <summary>Which of a member's two ratchets (RFC 9420 §9).</summary>
internal enum RatchetType : byte
{
    Handshake = 0,
    Application = 1,
}

/// <summary>
/// RFC 9420 §9.1: one sender's chain of keys for one kind of content. The secret is that of the next generation; keys of generations
/// that were passed over wait in <see cref="Skipped"/> until their message comes or the bound pushes them out.
/// </summary>
internal sealed class SenderRatchet(uint generation, Secret secret) : IDisposable
{
    public uint Generation { get; private set; } = generation;

    public Secret Secret { get; private set; } = secret;

    public SortedDictionary<uint, MessageKeys> Skipped { get; } = [];

    /// <summary>The secret of the generation after this one.</summary>
    public static Secret Next(CryptoSuite suite, Secret secret, uint generation) =>
        suite.DeriveTreeSecret(secret.AsSpan(), "secret", generation, suite.HashBytes);

    /// <summary>Goes on to a generation whose secret the ratchet now owns; the former secret is zeroed.</summary>
    public void Advance(uint generation, Secret secret)
    {
        Secret.Dispose();
        Secret = secret;
        Generation = generation;
    }

    public void Dispose()
    {
        Secret.Dispose();
        foreach (MessageKeys keys in Skipped.Values)
            keys.Dispose();
    }
}

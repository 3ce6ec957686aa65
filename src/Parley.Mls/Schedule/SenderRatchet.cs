using System.Security.Cryptography;
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

    /// <summary>Below this generation keys were given up, so that it is not known which messages have been received.</summary>
    public uint UnknownBelow { get; set; }

    /// <summary>The generations whose messages have been received, as ranges in ascending order.</summary>
    public IEnumerable<(uint First, uint Last)> Received()
    {
        uint first = UnknownBelow;
        foreach (uint missing in Skipped.Keys)
        {
            if (missing > first)
                yield return (first, missing - 1);
            first = Math.Max(first, missing + 1);
        }

        if (Generation > first)
            yield return (first, Generation - 1);
    }

    /// <summary>RFC 9420 §9.1: goes on to the next generation. Its secret is written over that of this one.</summary>
    public void Advance(CryptoSuite suite)
    {
        Next(suite, Secret, Generation);
        Generation++;
    }

    /// <summary>Goes on to a generation whose secret the ratchet now owns; the former secret is zeroed.</summary>
    public void Advance(uint generation, Secret secret)
    {
        Secret.Dispose();
        Secret = secret;
        Generation = generation;
    }

    /// <summary>Writes the secret of the generation after this one over this one's.</summary>
    public static void Next(CryptoSuite suite, Secret secret, uint generation)
    {
        Span<byte> next = stackalloc byte[suite.HashBytes];
        suite.DeriveTreeSecret(secret.AsSpan(), "secret", generation, next);
        next.CopyTo(secret.AsWritableSpan());
        CryptographicOperations.ZeroMemory(next);
    }

    public void Dispose()
    {
        Secret.Dispose();
        foreach (MessageKeys keys in Skipped.Values)
            keys.Dispose();
    }
}

using System.Buffers.Binary;
using Parley.Mls.Crypto;

namespace Parley.Client.Transport;

/// <summary>
/// How long to wait before something is tried again, a connection or an append: doubling from half a second to a minute, each time a random
/// part of it between the half and the whole, so that the clients of a server that comes back do not all arrive at once.
/// </summary>
internal sealed class RetryDelay(ICryptoProvider random)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    private int _failures;

    /// <summary>The delay before the next attempt; the one after it will be longer.</summary>
    public TimeSpan Take() => After(random, _failures++);

    /// <summary>Begins again with the shortest, after an attempt that succeeded.</summary>
    public void Reset() => _failures = 0;

    /// <summary>The delay after so many failures before this one.</summary>
    public static TimeSpan After(ICryptoProvider random, int failures)
    {
        TimeSpan whole = Shortest;
        for (int i = 0; i < failures && whole < Longest; i++)
            whole *= 2;
        return (whole < Longest ? whole : Longest) * (0.5 + (Fraction(random) / 2));
    }

    /// <summary>A number from 0 up to, and not including, 1.</summary>
    public static double Fraction(ICryptoProvider random)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        random.FillRandom(bytes);
        return BinaryPrimitives.ReadUInt32BigEndian(bytes) / (uint.MaxValue + 1.0);
    }
}

using System.Numerics;

namespace Parley.Mls.Framing;

/// <summary>How much zero padding hides the length of a message's content (RFC 9420 §15.1).</summary>
public enum Padding
{
    /// <summary>None: the length shows.</summary>
    None,

    /// <summary>
    /// Padmé: lengths are rounded up so that they have at most as many significant bits as their bit length's own, which leaks
    /// O(log log n) bits and costs at most 12 %; and at least 128 bytes, so that short answers look alike.
    /// </summary>
    Padme,
}

internal static class PaddingLength
{
    private const int ShortestPadded = 128;

    /// <summary>Bytes of padding after content of a length.</summary>
    public static int Of(Padding padding, int contentBytes)
    {
        if (padding == Padding.None)
            return 0;
        if (contentBytes <= ShortestPadded)
            return ShortestPadded - contentBytes;
        int exponent = BitOperations.Log2((uint)contentBytes);
        int significant = BitOperations.Log2((uint)exponent) + 1;
        int mask = (1 << (exponent - significant)) - 1;
        return ((contentBytes + mask) & ~mask) - contentBytes;
    }
}

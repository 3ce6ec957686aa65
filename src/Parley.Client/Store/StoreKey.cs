using System.Buffers.Binary;

namespace Parley.Client.Store;

/// <summary>How keys are built and ranges bounded.</summary>
public static class StoreKey
{
    /// <summary>Joins the parts of a key.</summary>
    public static byte[] Of(params ReadOnlySpan<byte[]> parts)
    {
        int length = 0;
        foreach (byte[] part in parts)
            length += part.Length;
        byte[] key = new byte[length];
        Span<byte> rest = key;
        foreach (byte[] part in parts)
        {
            part.CopyTo(rest);
            rest = rest[part.Length..];
        }

        return key;
    }

    /// <summary>A number as eight bytes that sort as the numbers do.</summary>
    public static byte[] OfNumber(long number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        byte[] bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        return bytes;
    }

    /// <summary>The least key above all that begin with the prefix, or null if there is none.</summary>
    public static byte[]? After(ReadOnlySpan<byte> prefix)
    {
        int last = prefix.Length - 1;
        while (last >= 0 && prefix[last] == byte.MaxValue)
            last--;
        if (last < 0)
            return null;
        byte[] end = prefix[..(last + 1)].ToArray();
        end[last]++;
        return end;
    }
}

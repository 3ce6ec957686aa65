using System.Buffers.Binary;
using System.Text.Unicode;

namespace Parley.Client.Content;

/// <summary>
/// RFC 8949 §4.2.1: one value has one encoding. Checked over the whole input before anything is read from it, without recursion beyond
/// the depth allowed and without allocating, so that reading afterwards meets no surprise: no indefinite length, no overlong integer, no
/// unsorted or doubled map key, no invalid UTF-8, no length beyond the input.
/// </summary>
internal static class DeterministicCbor
{
    private const int MajorUnsigned = 0;
    private const int MajorNegative = 1;
    private const int MajorBytes = 2;
    private const int MajorText = 3;
    private const int MajorArray = 4;
    private const int MajorMap = 5;
    private const int MajorTag = 6;

    // Integer map keys must survive a double (draft-ietf-mimi-content §6.2); the bound serves every integer a map is keyed by.
    private const ulong IntegerKeyMax = (1UL << 53) - 1;

    /// <summary>Whether the input is exactly one deterministically encoded item whose arrays, maps and tags nest at most so deep.</summary>
    public static bool IsWellFormed(ReadOnlySpan<byte> encoded, int depthMax)
    {
        int position = 0;
        return Skip(encoded, ref position, depthMax) && position == encoded.Length;
    }

    private static bool Skip(ReadOnlySpan<byte> input, ref int position, int depth)
    {
        if (!ReadHead(input, ref position, out int major, out int info, out ulong argument))
            return false;
        switch (major)
        {
            case MajorUnsigned or MajorNegative:
                return true;
            case MajorBytes or MajorText:
                if (argument > (ulong)(input.Length - position))
                    return false;
                ReadOnlySpan<byte> content = input.Slice(position, (int)argument);
                position += content.Length;
                return major == MajorBytes || Utf8.IsValid(content);
            case MajorArray:
                return depth > 0 && SkipItems(input, ref position, argument, depth - 1);
            case MajorMap:
                return depth > 0 && SkipMap(input, ref position, argument, depth - 1);
            case MajorTag:
                return depth > 0 && Skip(input, ref position, depth - 1);
            default:
                return IsShortestSimple(info, argument);
        }
    }

    private static bool SkipItems(ReadOnlySpan<byte> input, ref int position, ulong count, int depth)
    {
        // Each item takes a byte at least, so a count beyond the input ends the loop early.
        for (ulong i = 0; i < count; i++)
        {
            if (!Skip(input, ref position, depth))
                return false;
        }

        return true;
    }

    private static bool SkipMap(ReadOnlySpan<byte> input, ref int position, ulong count, int depth)
    {
        ReadOnlySpan<byte> previous = default;
        for (ulong i = 0; i < count; i++)
        {
            int start = position;
            if (!IsMapKey(input[position..]) || !Skip(input, ref position, depth: 0))
                return false;
            ReadOnlySpan<byte> key = input[start..position];
            if (i > 0 && previous.SequenceCompareTo(key) >= 0)
                return false;
            previous = key;
            if (!Skip(input, ref position, depth))
                return false;
        }

        return true;
    }

    private static bool IsMapKey(ReadOnlySpan<byte> input)
    {
        int position = 0;
        return ReadHead(input, ref position, out int major, out _, out ulong argument)
            && (major is MajorBytes or MajorText || (major is MajorUnsigned && argument <= IntegerKeyMax) || (major is MajorNegative && argument < IntegerKeyMax));
    }

    /// <summary>Reads an item's first byte and argument; false if the argument is not in its shortest form.</summary>
    private static bool ReadHead(ReadOnlySpan<byte> input, ref int position, out int major, out int info, out ulong argument)
    {
        major = info = 0;
        argument = 0;
        if (position >= input.Length)
            return false;
        byte first = input[position++];
        major = first >> 5;
        info = first & 0x1f;
        int size = info switch { < 24 => 0, 24 => 1, 25 => 2, 26 => 4, 27 => 8, _ => -1 };
        if (size < 0 || size > input.Length - position)
            return false;
        ReadOnlySpan<byte> bytes = input.Slice(position, size);
        position += size;
        argument = size switch
        {
            0 => (ulong)info,
            1 => bytes[0],
            2 => BinaryPrimitives.ReadUInt16BigEndian(bytes),
            4 => BinaryPrimitives.ReadUInt32BigEndian(bytes),
            _ => BinaryPrimitives.ReadUInt64BigEndian(bytes),
        };
        bool isFloat = major == 7 && size > 1;
        return isFloat || size switch { 0 => true, 1 => argument >= 24, 2 => argument > byte.MaxValue, 4 => argument > ushort.MaxValue, _ => argument > uint.MaxValue };
    }

    /// <summary>Simple values as they are; a floating-point number in the shortest form that keeps its value, one NaN only.</summary>
    private static bool IsShortestSimple(int info, ulong argument)
    {
        const ulong quietNaN = 0x7e00;
        switch (info)
        {
            case < 24:
                return true;
            case 24:
                return argument >= 32;
            case 25:
                return !Half.IsNaN(BitConverter.UInt16BitsToHalf((ushort)argument)) || argument == quietNaN;
            case 26:
                float single = BitConverter.UInt32BitsToSingle((uint)argument);
                return !float.IsNaN(single) && (float)(Half)single != single;
            default:
                double value = BitConverter.UInt64BitsToDouble(argument);
                return !double.IsNaN(value) && (float)value != value;
        }
    }
}

using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Parley.Client;

/// <summary>Names one message by its content and sender, as the MIMI content format derives it: 32 bytes, shown as 64 hexadecimal digits.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct MessageId
{
    internal const int Bytes = 32;

    private readonly UInt128 _high;
    private readonly UInt128 _low;

    private MessageId(UInt128 high, UInt128 low)
    {
        _high = high;
        _low = low;
    }

    /// <summary>Reads exactly 32 bytes.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out MessageId id)
    {
        id = default;
        if (bytes.Length != Bytes)
            return false;
        id = new MessageId(BinaryPrimitives.ReadUInt128BigEndian(bytes), BinaryPrimitives.ReadUInt128BigEndian(bytes[(Bytes / 2)..]));
        return true;
    }

    /// <summary>Reads 64 hexadecimal digits.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out MessageId id)
    {
        id = default;
        Span<byte> bytes = stackalloc byte[Bytes];
        return text is { Length: 2 * Bytes }
            && Convert.FromHexString(text, bytes, out _, out _) == System.Buffers.OperationStatus.Done
            && TryParse(bytes, out id);
    }

    /// <summary>A new array of 32 bytes, owned by the caller.</summary>
    public byte[] ToArray()
    {
        byte[] bytes = new byte[Bytes];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, _high);
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(Bytes / 2), _low);
        return bytes;
    }

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public override string ToString() => _high.ToString("x32") + _low.ToString("x32");
}

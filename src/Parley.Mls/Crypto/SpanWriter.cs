using System.Buffers.Binary;
using System.Text;

namespace Parley.Mls.Crypto;

/// <summary>
/// Writes the small structures that labels are made of (RFC 9420 §2.1 encoding) into a span the caller sized, mostly on the stack,
/// because they are built several times a message. Everything larger is written by <see cref="Messages.Codec.TlsWriter"/>.
/// </summary>
internal ref struct SpanWriter
{
    /// <summary>What callers reserve on the stack; longer content goes to an array of its own.</summary>
    public const int StackBytes = 256;

    private readonly Span<byte> _buffer;
    private int _length;

    public SpanWriter(Span<byte> buffer) => _buffer = buffer;

    public readonly ReadOnlySpan<byte> Written => _buffer[.._length];

    /// <summary>The size of <c>opaque value&lt;V&gt;</c> with content of this length.</summary>
    public static int VectorBytes(int length) => PrefixBytes(length) + length;

    /// <exception cref="ArgumentOutOfRangeException">The value does not fit.</exception>
    public void WriteUInt16(int value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, ushort.MaxValue);
        BinaryPrimitives.WriteUInt16BigEndian(Reserve(sizeof(ushort)), (ushort)value);
    }

    public void WriteUInt8(byte value) => Reserve(sizeof(byte))[0] = value;

    public void WriteUInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Reserve(sizeof(uint)), value);

    public void WriteUInt64(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Reserve(sizeof(ulong)), value);

    public void WriteBytes(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Reserve(bytes.Length));

    public void WriteVector(scoped ReadOnlySpan<byte> content) => content.CopyTo(ReserveVector(content.Length));

    /// <summary>Writes the length of a vector; the content is for the caller to write into the span.</summary>
    public Span<byte> ReserveVector(int length)
    {
        WriteVectorLength(length);
        return Reserve(length);
    }

    /// <summary>Writes the prefix and the label as one <c>opaque label&lt;V&gt;</c>.</summary>
    public void WriteLabel(ReadOnlySpan<byte> prefix, string label)
    {
        WriteVectorLength(prefix.Length + Encoding.UTF8.GetByteCount(label));
        WriteBytes(prefix);
        _length += Encoding.UTF8.GetBytes(label, _buffer[_length..]);
    }

    private static int PrefixBytes(int length) => length < 1 << 6 ? 1 : length < 1 << 14 ? 2 : 4;

    /// <summary>RFC 9420 §2.1.2, in the shortest form.</summary>
    public void WriteVectorLength(int length)
    {
        Span<byte> target = Reserve(PrefixBytes(length));
        switch (target.Length)
        {
            case 1:
                target[0] = (byte)length;
                break;
            case 2:
                BinaryPrimitives.WriteUInt16BigEndian(target, (ushort)(0x4000 | length));
                break;
            default:
                ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(length, 1 << 30);
                BinaryPrimitives.WriteUInt32BigEndian(target, 0x8000_0000u | (uint)length);
                break;
        }
    }

    private Span<byte> Reserve(int length)
    {
        Span<byte> reserved = _buffer.Slice(_length, length);
        _length += length;
        return reserved;
    }
}

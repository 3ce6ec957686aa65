using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Parley.Mls.Messages.Codec;

/// <summary>
/// Writes the TLS presentation language as RFC 9420 §2.1 uses it, into a buffer of its own that grows. Buffers it outgrows are
/// zeroed; <see cref="Clear"/> zeroes the last one, for content that is secret.
/// </summary>
public sealed class TlsWriter
{
    private const int VectorLengthMax = (1 << 30) - 1;

    // A writer that is used again keeps its buffer up to here, so that one large structure does not stay in memory.
    private const int KeptBytesMax = 1 << 14;

    private byte[] _buffer;
    private int _length;

    /// <summary>Starts empty.</summary>
    /// <param name="capacity">Bytes to make room for.</param>
    public TlsWriter(int capacity = 256) => _buffer = NewBuffer(capacity);

    /// <summary>Writes one element of a vector.</summary>
    public delegate void WriteElement<in T>(TlsWriter writer, T element);

    /// <summary>What has been written. Valid until the next write.</summary>
    public ReadOnlySpan<byte> WrittenSpan => _buffer.AsSpan(0, _length);

    /// <summary>How many bytes have been written.</summary>
    public int Length => _length;

    /// <summary>A new array of what has been written.</summary>
    public byte[] ToArray() => WrittenSpan.ToArray();

    /// <summary>Gives away what has been written, without copying it, and starts over.</summary>
    public ReadOnlyMemory<byte> Take()
    {
        byte[] taken = _buffer;
        int length = _length;
        taken.AsSpan(length).Clear(); // Whatever memory held before is not to be given away beside it.
        _buffer = [];
        _length = 0;
        return taken.AsMemory(0, length);
    }

    /// <summary>Zeroes what was written and starts over.</summary>
    public void Clear()
    {
        CryptographicOperations.ZeroMemory(_buffer.AsSpan(0, _length));
        _length = 0;
        if (_buffer.Length > KeptBytesMax)
            _buffer = [];
    }

    /// <summary>Writes a uint8.</summary>
    public void WriteUInt8(byte value) => Reserve(1)[0] = value;

    /// <summary>Writes a uint16.</summary>
    public void WriteUInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Reserve(2), value);

    /// <summary>Writes a uint32.</summary>
    public void WriteUInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Reserve(4), value);

    /// <summary>Writes a uint64.</summary>
    public void WriteUInt64(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Reserve(8), value);

    /// <summary>Writes the bytes as they are.</summary>
    public void WriteBytes(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Reserve(bytes.Length));

    /// <summary>Writes that many zeros.</summary>
    public void WriteZeros(int count) => Reserve(count).Clear();

    /// <summary>Writes <c>opaque value&lt;V&gt;</c>.</summary>
    public void WriteVector(ReadOnlySpan<byte> bytes)
    {
        WriteVectorLength(bytes.Length);
        WriteBytes(bytes);
    }

    /// <summary>Writes <c>opaque value&lt;V&gt;</c>.</summary>
    public void WriteVector(ReadOnlyMemory<byte> bytes) => WriteVector(bytes.Span);

    /// <summary>RFC 9420 §2.1.2: writes the length of a variable-size vector in its shortest form.</summary>
    public void WriteVectorLength(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, VectorLengthMax);
        int size = LengthSize(length);
        PutLength(Reserve(size), length);
    }

    /// <summary>Writes <c>T values&lt;V&gt;</c>.</summary>
    public void WriteVectorOf<T>(IEnumerable<T> elements, WriteElement<T> writeElement)
    {
        ArgumentNullException.ThrowIfNull(elements);
        ArgumentNullException.ThrowIfNull(writeElement);
        int start = BeginVector();
        foreach (T element in elements)
            writeElement(this, element);
        EndVector(start);
    }

    /// <summary>Writes <c>optional&lt;T&gt;</c> (RFC 9420 §2.1.1).</summary>
    public void WriteOptional<T>(T? value, WriteElement<T> write)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(write);
        WriteUInt8(value is null ? (byte)0 : (byte)1);
        if (value is not null)
            write(this, value);
    }

    /// <summary>Begins a vector whose length is known only when it has been written.</summary>
    /// <returns>What <see cref="EndVector"/> needs.</returns>
    public int BeginVector()
    {
        Reserve(1);
        return _length;
    }

    /// <summary>Ends the vector and puts its length in front of it.</summary>
    public void EndVector(int start)
    {
        int length = _length - start;
        int size = LengthSize(length);
        if (size > 1)
        {
            Reserve(size - 1);
            _buffer.AsSpan(start, length).CopyTo(_buffer.AsSpan(start + size - 1));
        }

        PutLength(_buffer.AsSpan(start - 1, size), length);
    }

    /// <summary>The size of <c>opaque value&lt;V&gt;</c> with content of this length.</summary>
    internal static int VectorBytes(int length) => LengthSize(length) + length;

    private static int LengthSize(int length) => length < 1 << 6 ? 1 : length < 1 << 14 ? 2 : 4;

    private static void PutLength(Span<byte> target, int length)
    {
        switch (target.Length)
        {
            case 1:
                target[0] = (byte)length;
                break;
            case 2:
                BinaryPrimitives.WriteUInt16BigEndian(target, (ushort)(0x4000 | length));
                break;
            default:
                BinaryPrimitives.WriteUInt32BigEndian(target, 0x8000_0000u | (uint)length);
                break;
        }
    }

    // A large buffer is written before it is read, so there is no need to zero it first.
    private static byte[] NewBuffer(int length) => length > KeptBytesMax ? GC.AllocateUninitializedArray<byte>(length) : new byte[length];

    private Span<byte> Reserve(int count)
    {
        int needed = _length + count;
        if (needed > _buffer.Length)
        {
            byte[] larger = NewBuffer(Math.Max(needed, _buffer.Length * 2));
            WrittenSpan.CopyTo(larger);
            CryptographicOperations.ZeroMemory(_buffer);
            _buffer = larger;
        }

        Span<byte> reserved = _buffer.AsSpan(_length, count);
        _length = needed;
        return reserved;
    }
}

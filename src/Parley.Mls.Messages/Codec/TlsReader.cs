using System.Buffers.Binary;

namespace Parley.Mls.Messages.Codec;

/// <summary>
/// Reads the TLS presentation language as RFC 9420 §2.1 uses it. The first fault sticks: every later read returns zero or empty,
/// so that a structure is read as it stands in the RFC and judged once, by <see cref="Finish"/>. A failed read allocates nothing
/// that its length claims. Byte strings are slices of the input, not copies: whoever starts the reader owns the buffer and
/// must not change it afterwards.
/// </summary>
public sealed class TlsReader
{
    private readonly ReadOnlyMemory<byte> _input;
    private int _position;
    private int _end;

    // What ReadShared read last, and from where.
    private object? _shared;
    private int _sharedStart;
    private int _sharedEnd;

    /// <summary>Starts at the beginning of the input.</summary>
    public TlsReader(ReadOnlyMemory<byte> input)
    {
        _input = input;
        _end = input.Length;
    }

    /// <summary>Reads one element of a vector.</summary>
    public delegate T ReadElement<out T>(TlsReader reader);

    /// <summary>The first fault, or <see cref="DecodeError.None"/>.</summary>
    public DecodeError Error { get; private set; }

    /// <summary>Whether nothing is left in the vector being read, or a fault was found.</summary>
    public bool AtEnd => Error != DecodeError.None || _position == _end;

    /// <summary>How many bytes have been read.</summary>
    public int Position => _position;

    /// <summary>Notes a fault, unless there is one already.</summary>
    public void Fail(DecodeError error)
    {
        if (Error == DecodeError.None)
            Error = error;
    }

    /// <summary>True if no fault was found and nothing is left to read.</summary>
    public bool Finish()
    {
        if (_position != _end)
            Fail(DecodeError.TrailingBytes);
        return Error == DecodeError.None;
    }

    /// <summary>Reads a uint8.</summary>
    public byte ReadUInt8() => Take(1, out ReadOnlySpan<byte> bytes) ? bytes[0] : (byte)0;

    /// <summary>Reads a uint16.</summary>
    public ushort ReadUInt16() => Take(2, out ReadOnlySpan<byte> bytes) ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : (ushort)0;

    /// <summary>Reads a uint32.</summary>
    public uint ReadUInt32() => Take(4, out ReadOnlySpan<byte> bytes) ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : 0;

    /// <summary>Reads a uint64.</summary>
    public ulong ReadUInt64() => Take(8, out ReadOnlySpan<byte> bytes) ? BinaryPrimitives.ReadUInt64BigEndian(bytes) : 0;

    /// <summary>Reads a fixed number of bytes.</summary>
    public ReadOnlyMemory<byte> ReadBytes(int count)
    {
        int start = _position;
        return Take(count, out _) ? _input.Slice(start, count) : default;
    }

    /// <summary>Reads all that is left, of the input or of the vector being read.</summary>
    public ReadOnlyMemory<byte> ReadRest() => ReadBytes(_end - _position);

    /// <summary>The bytes read since <paramref name="start"/>, a former <see cref="Position"/>.</summary>
    public ReadOnlyMemory<byte> Since(int start) => _input[start.._position];

    /// <summary>Reads <c>opaque value&lt;V&gt;</c>.</summary>
    public ReadOnlyMemory<byte> ReadVector() => ReadBytes(ReadVectorLength());

    /// <summary>RFC 9420 §2.1.2: reads the length of a variable-size vector.</summary>
    public int ReadVectorLength()
    {
        if (!Take(1, out ReadOnlySpan<byte> first))
            return 0;
        int prefix = first[0] >> 6;
        int value = first[0] & 0x3f;
        if (prefix == 3)
        {
            Fail(DecodeError.VectorLengthInvalid);
            return 0;
        }

        int more = (1 << prefix) - 1;
        if (!Take(more, out ReadOnlySpan<byte> rest))
            return 0;
        foreach (byte b in rest)
            value = (value << 8) | b;
        if ((prefix == 1 && value < 1 << 6) || (prefix == 2 && value < 1 << 14))
        {
            Fail(DecodeError.VectorLengthInvalid);
            return 0;
        }

        return value;
    }

    /// <summary>Reads <c>T values&lt;V&gt;</c>, whose length must hold a whole number of elements, at most <paramref name="countMax"/>.</summary>
    public ImmutableArray<T> ReadVectorOf<T>(ReadElement<T> readElement, int countMax)
    {
        ArgumentNullException.ThrowIfNull(readElement);
        int outerEnd = EnterVector();
        if (AtEnd)
        {
            _end = outerEnd;
            return [];
        }

        // Most lists have elements of one size, so the first one tells how many there will be.
        int start = _position;
        T first = readElement(this);
        int expected = 1 + ((_end - _position) / Math.Max(1, _position - start));
        ImmutableArray<T>.Builder elements = ImmutableArray.CreateBuilder<T>(Math.Min(expected, countMax));
        elements.Add(first);
        while (!AtEnd)
        {
            if (elements.Count == countMax)
            {
                Fail(DecodeError.TooManyElements);
                break;
            }

            elements.Add(readElement(this));
        }

        _end = outerEnd;
        return Error == DecodeError.None ? elements.DrainToImmutable() : [];
    }

    /// <summary>Reads one structure that fills a vector exactly.</summary>
    public T ReadInVector<T>(ReadElement<T> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        int outerEnd = EnterVector();
        T value = read(this);
        if (_position != _end)
            Fail(DecodeError.TrailingBytes);
        _end = outerEnd;
        return value;
    }

    /// <summary>Reads a structure that often stands in one input many times over: from the same bytes comes the same object.</summary>
    internal T ReadShared<T>(ReadElement<T> read)
        where T : class
    {
        ReadOnlySpan<byte> last = _input.Span[_sharedStart.._sharedEnd];
        if (_shared is T shared && _input.Span[_position.._end].StartsWith(last))
        {
            _position += last.Length;
            return shared;
        }

        _sharedStart = _position;
        T value = read(this);
        _shared = value;
        _sharedEnd = _position;
        return value;
    }

    /// <summary>Reads <c>optional&lt;T&gt;</c> (RFC 9420 §2.1.1).</summary>
    public T? ReadOptional<T>(ReadElement<T> read)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(read);
        switch (ReadUInt8())
        {
            case 0:
                return null;
            case 1:
                return read(this);
            default:
                Fail(DecodeError.PresenceInvalid);
                return null;
        }
    }

    /// <summary>Narrows the reader to a vector's content and returns the end to go back to.</summary>
    private int EnterVector()
    {
        int length = ReadVectorLength();
        int outerEnd = _end;
        if (length > _end - _position)
            Fail(DecodeError.Truncated);
        else
            _end = _position + length;
        return outerEnd;
    }

    private bool Take(int count, out ReadOnlySpan<byte> bytes)
    {
        if (Error != DecodeError.None || count > _end - _position)
        {
            Fail(DecodeError.Truncated);
            bytes = default;
            return false;
        }

        bytes = _input.Span.Slice(_position, count);
        _position += count;
        return true;
    }
}

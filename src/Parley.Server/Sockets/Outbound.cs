using System.Buffers;
using System.Buffers.Binary;

namespace Parley.Server.Sockets;

/// <summary>
/// What waits to be sent on one connection. Writers append whole messages to one buffer and go on; a flush takes all that has
/// gathered and writes it at once, so that a busy connection pays for one system call and not for one a message. An idle connection
/// holds no buffer.
///
/// The buffer is bounded by asking first: live events are taken only while there is room (<see cref="TryWrite"/>), everything else is
/// written after waiting for room (<see cref="RoomAsync"/>) by a reader that stops reading meanwhile.
/// </summary>
internal sealed class Outbound(Stream transport, Action abort)
{
    /// <summary>Live events are refused beyond this; the subscription then reads from the store when there is room again.</summary>
    public const int EventBytesMax = 256 * 1024;

    /// <summary>There is room while less than this waits.</summary>
    private const int RoomBytes = 64 * 1024;

    private const int BufferBytesMin = 4 * 1024;
    private const byte FinalBinary = 0x82;
    private const byte Length16 = 126;
    private const byte Length64 = 127;

    // Protects the fields below.
    private readonly Lock _gate = new();
    private byte[] _buffer = [];
    private int _length;
    private bool _failed;
    private Task _flush = Task.CompletedTask;
    private bool _flushing;
    private TaskCompletionSource? _room;

    /// <summary>Appends a message unless too much waits already. False: nothing was written.</summary>
    public bool TryWrite(ReadOnlySpan<byte> message)
    {
        lock (_gate)
        {
            if (_length > 0 && message.Length > EventBytesMax - _length)
                return false;
            AppendMessage(message);
            return true;
        }
    }

    /// <summary>Appends a message that must not be refused: an answer, or one that was waited for.</summary>
    public void Write(ReadOnlySpan<byte> message)
    {
        lock (_gate)
            AppendMessage(message);
    }

    /// <summary>Appends a WebSocket frame that is complete with its header.</summary>
    public void WriteFrame(ReadOnlySpan<byte> frame)
    {
        lock (_gate)
            frame.CopyTo(Append(frame.Length));
    }

    /// <summary>Returns when the peer has read enough for more to be written.</summary>
    public Task RoomAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_length < RoomBytes || _failed)
                return Task.CompletedTask;
            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _room.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Returns when all that was written so far is with the operating system, or the connection has failed.</summary>
    public Task FlushedAsync()
    {
        lock (_gate)
            return _flush;
    }

    /// <summary>RFC 6455 §5.2: one final, unmasked binary frame. The message itself is one array for all subscribers of a log.</summary>
    private void AppendMessage(ReadOnlySpan<byte> message)
    {
        int headerBytes = message.Length < Length16 ? 2 : message.Length <= ushort.MaxValue ? 4 : 10;
        Span<byte> frame = Append(headerBytes + message.Length);
        frame[0] = FinalBinary;
        switch (headerBytes)
        {
            case 2:
                frame[1] = (byte)message.Length;
                break;
            case 4:
                frame[1] = Length16;
                BinaryPrimitives.WriteUInt16BigEndian(frame[2..], (ushort)message.Length);
                break;
            default:
                frame[1] = Length64;
                BinaryPrimitives.WriteUInt64BigEndian(frame[2..], (ulong)message.Length);
                break;
        }

        message.CopyTo(frame[headerBytes..]);
    }

    /// <summary>Makes room at the buffer's end and sees that it will be flushed.</summary>
    private Span<byte> Append(int bytes)
    {
        // What is written to a connection that has failed goes nowhere, and must not gather.
        if (_failed)
            _length = 0;
        Reserve(bytes);
        Span<byte> appended = _buffer.AsSpan(_length, bytes);
        _length += bytes;
        if (!_flushing && !_failed)
        {
            _flushing = true;
            _flush = Task.Run(FlushAsync);
        }

        return appended;
    }

    private void Reserve(int bytes)
    {
        int needed = _length + bytes;
        if (needed <= _buffer.Length)
            return;
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, Math.Max(BufferBytesMin, _buffer.Length * 2)));
        _buffer.AsSpan(0, _length).CopyTo(larger);
        Return(_buffer);
        _buffer = larger;
    }

    private async Task FlushAsync()
    {
        while (TakePending(out byte[] buffer, out int length))
        {
            try
            {
                await transport.WriteAsync(buffer.AsMemory(0, length));
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or InvalidOperationException)
            {
                // The peer has gone, or the host has closed the connection under us: both end it.
                Fail();
            }
            finally
            {
                Return(buffer);
            }
        }
    }

    private bool TakePending(out byte[] buffer, out int length)
    {
        lock (_gate)
        {
            buffer = _buffer;
            length = _length;
            _buffer = [];
            _length = 0;
            _room?.SetResult();
            _room = null;
            if (length > 0)
                return true;
            Return(buffer);
            _flushing = false;
            return false;
        }
    }

    private void Fail()
    {
        lock (_gate)
        {
            _failed = true;
            _length = 0;
            _room?.SetResult();
            _room = null;
        }

        abort();
    }

    private static void Return(byte[] buffer)
    {
        if (buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(buffer);
    }
}

using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Parley.Server.Limiting;

namespace Parley.Server.Sockets;

/// <summary>
/// What waits to be sent on one connection. Writers append whole messages to one buffer and go on; a flush takes all that has
/// gathered and writes it at once, so that a busy connection pays for one system call and not for one a message. An idle connection
/// holds no buffer.
///
/// The buffer is bounded by asking first: live events are taken only while there is room (<see cref="TryWrite"/>), everything else is
/// written after waiting for room (<see cref="RoomAsync"/>) by a reader that stops reading meanwhile. All buffers together are bounded
/// by the <see cref="MemoryBudget"/>.
/// </summary>
internal sealed class Outbound : IHeldBytes, IThreadPoolWorkItem, IDisposable
{
    /// <summary>Live events are refused beyond this; the subscription then reads from the store when there is room again.</summary>
    public const int EventBytesMax = 256 * 1024;

    /// <summary>There is room while less than this waits.</summary>
    private const int RoomBytes = 64 * 1024;

    // So much at once is given to the transport, so that a slow peer is not taken for one that does not read.
    private const int SliceBytes = 64 * 1024;

    // What one message and its answer take.
    private const int BufferBytesMin = 1024;

    // .NET's own pool keeps 32 buffers of each size for each core, and for a minute: after a crowd that did not read, tens of megabytes.
    private const int SharedBytesMax = 64 * 1024;
    private const int LargeBuffersMax = 8;
    private const byte FinalBinary = 0x82;
    private const byte Length16 = 126;
    private const byte Length64 = 127;

    private static readonly ArrayPool<byte> LargeBuffers = ArrayPool<byte>.Create(EventBytesMax, LargeBuffersMax);

    private readonly PipeWriter _transport;
    private readonly Action _abort;
    private readonly MemoryBudget _budget;
    private readonly TimeProvider _clock;

    // Protects the fields below.
    private readonly Lock _gate = new();
    private byte[] _buffer = [];
    private int _length;
    private bool _failed;
    private bool _flushing;
    private TaskCompletionSource? _flushed;
    private TaskCompletionSource? _room;
    private int _heldBytes;
    private long _readAt;

    public Outbound(PipeWriter transport, Action abort, MemoryBudget budget, TimeProvider clock)
    {
        _transport = transport;
        _abort = abort;
        _budget = budget;
        _clock = clock;
        budget.Add(this);
    }

    public int HeldBytes
    {
        get
        {
            lock (_gate)
                return _heldBytes;
        }
    }

    public TimeSpan StalledFor
    {
        get
        {
            lock (_gate)
                return _flushing ? _clock.GetElapsedTime(_readAt) : TimeSpan.Zero;
        }
    }

    /// <summary>Appends a message unless too much waits already. False: nothing was written.</summary>
    public bool TryWrite(ReadOnlySpan<byte> message)
    {
        lock (_gate)
        {
            if (_length > 0 && (message.Length > EventBytesMax - _length || _budget.IsFull))
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

    /// <summary>Returns when the peer has read enough for more to be written. Cancelled when the connection has failed, too.</summary>
    public Task RoomAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_failed)
                return Task.FromCanceled(new CancellationToken(canceled: true));
            if (_length < RoomBytes)
                return Task.CompletedTask;
            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _room.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Returns when all that was written so far is with the operating system, or the connection has failed.</summary>
    public Task FlushedAsync()
    {
        lock (_gate)
        {
            if (!_flushing)
                return Task.CompletedTask;
            _flushed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _flushed.Task;
        }
    }

    /// <summary>Flushes, on a thread of the pool.</summary>
    void IThreadPoolWorkItem.Execute() => _ = FlushAsync();

    /// <inheritdoc/>
    public void Abandon() => Fail();

    /// <summary>The connection is over. What still waits is dropped; and what is with the transport, too, which would hold it until the peer reads.</summary>
    public void Dispose()
    {
        _budget.Remove(this);
        bool isFlushing;
        lock (_gate)
        {
            GiveUp();
            isFlushing = _flushing;
        }

        if (isFlushing)
            _abort();
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
            return new byte[bytes];
        Reserve(bytes);
        Span<byte> appended = _buffer.AsSpan(_length, bytes);
        _length += bytes;
        if (!_flushing)
        {
            _flushing = true;
            _readAt = _clock.GetTimestamp();

            // At the end of the pool's common queue, so that what is under way on this thread, such as the answer that follows an event,
            // is written before it is flushed.
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        return appended;
    }

    private void Reserve(int bytes)
    {
        int needed = _length + bytes;
        if (needed <= _buffer.Length)
            return;
        int size = Math.Max(needed, Math.Max(BufferBytesMin, _buffer.Length * 2));
        byte[] larger = PoolOf(size).Rent(size);
        _buffer.AsSpan(0, _length).CopyTo(larger);
        Return(_buffer);
        _buffer = larger;
        Hold(larger.Length);
    }

    private static ArrayPool<byte> PoolOf(int bytes) => bytes <= SharedBytesMax ? ArrayPool<byte>.Shared : LargeBuffers;

    private void Hold(int bytes)
    {
        _heldBytes += bytes;
        _budget.Queued(bytes);
    }

    private async Task FlushAsync()
    {
        while (TakePending(out byte[] buffer, out int length))
        {
            try
            {
                for (int offset = 0; offset < length; offset += SliceBytes)
                {
                    FlushResult flushed = await _transport.WriteAsync(buffer.AsMemory(offset, Math.Min(SliceBytes, length - offset)));
                    if (flushed.IsCompleted || flushed.IsCanceled)
                    {
                        Fail();
                        break;
                    }

                    _readAt = _clock.GetTimestamp();
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or InvalidOperationException)
            {
                // The peer has gone, or the host has closed the connection under us: both end it.
                Fail();
            }
            finally
            {
                lock (_gate)
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
            _flushed?.SetResult();
            _flushed = null;
            return false;
        }
    }

    private void Fail()
    {
        lock (_gate)
            GiveUp();
        _abort();
    }

    private void GiveUp()
    {
        _failed = true;
        _length = 0;
        Return(_buffer);
        _buffer = [];
        _room?.SetCanceled();
        _room = null;
    }

    private void Return(byte[] buffer)
    {
        if (buffer.Length == 0)
            return;
        PoolOf(buffer.Length).Return(buffer);
        Hold(-buffer.Length);
    }
}

using System.Buffers;
using System.Net.WebSockets;
using Google.Protobuf;
using Parley.Contracts.Wire;

namespace Parley.Server.Sockets;

/// <summary>
/// Reads client frames. A WebSocket message may come in any number of pieces; they are put together here, up to the limit. There is a
/// buffer only while a frame comes, so that many idle connections cost little. A frame that was begun has to come to its end in time, and
/// large ones share what memory there is for them.
/// </summary>
internal sealed class FrameReader(WebSocket socket, SocketServices services) : IDisposable
{
    private const int BufferBytes = 2 * 1024;

    // A buffer of this size is not counted: there is one for each connection at most.
    private const int SmallBytes = 64 * 1024;
    private const int BytesPerSecondMin = 4 * 1024;

    private byte[] _buffer = [];
    private int _takenBytes;
    private Task<Result> _current = Task.FromResult(default(Result));

    // What a frame that came too slowly has left behind: a read that nobody waits for.
    private Task _unfinished = Task.CompletedTask;

    /// <summary>
    /// The next frame; or, with neither frame nor error, the peer's close; or what is wrong. Cancelling stops the wait and not the read,
    /// which would end the connection without a word; <see cref="DrainAsync"/> takes it up.
    /// </summary>
    /// <exception cref="TimeoutException">It has not come in time. As after cancelling.</exception>
    public Task<Result> ReadAsync(int bytesMax, TimeSpan timeout, CancellationToken cancellationToken)
    {
        _current = ReadFrameAsync(bytesMax);
        return _current.WaitAsync(timeout, services.Clock, cancellationToken);
    }

    /// <summary>After our close: drops what the peer has still sent, until its close. So it can read why, before the connection is gone.</summary>
    public async Task DrainAsync()
    {
        try
        {
            await _current;
            await _unfinished;
            byte[] dropped = new byte[BufferBytes];
            while (socket.State == WebSocketState.CloseSent)
                await socket.ReceiveAsync(dropped.AsMemory(), CancellationToken.None);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // The peer has gone without a close, or the connection was given up.
        }
    }

    public void Dispose() => GiveBack();

    private async Task<Result> ReadFrameAsync(int bytesMax)
    {
        GiveBack();

        // Says that a frame has begun, and takes nothing of it.
        ValueWebSocketReceiveResult begun = await socket.ReceiveAsync(Memory<byte>.Empty, CancellationToken.None);
        if (begun.MessageType == WebSocketMessageType.Close)
            return new Result(null, ErrorCode.None);
        _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        int length = 0;
        long begunAt = services.Clock.GetTimestamp();
        while (!begun.EndOfMessage)
        {
            if (length == _buffer.Length)
            {
                if (length > bytesMax)
                    return new Result(null, ErrorCode.TooLarge);
                if (!TryGrow(Math.Min(length * 4, bytesMax + 1)))
                    return new Result(null, ErrorCode.Overloaded);
            }

            if (await ReceiveAsync(length, begunAt) is not { } piece)
                return new Result(null, ErrorCode.TimedOut);
            if (piece.MessageType == WebSocketMessageType.Close)
                return new Result(null, ErrorCode.None);
            if (piece.MessageType != WebSocketMessageType.Binary)
                return new Result(null, ErrorCode.Malformed);
            length += piece.Count;
            if (piece.EndOfMessage)
                return length > bytesMax ? new Result(null, ErrorCode.TooLarge) : Parse(length);
        }

        return begun.MessageType == WebSocketMessageType.Binary ? Parse(0) : new Result(null, ErrorCode.Malformed);
    }

    /// <summary>The next piece of a frame of which so much has come. Null if the frame takes too long.</summary>
    private async ValueTask<ValueWebSocketReceiveResult?> ReceiveAsync(int length, long begunAt)
    {
        double secondsMax = services.Limits.FrameSeconds + ((double)length / BytesPerSecondMin);
        TimeSpan left = TimeSpan.FromSeconds(secondsMax) - services.Clock.GetElapsedTime(begunAt);
        if (left <= TimeSpan.Zero)
            return null;
        ValueTask<ValueWebSocketReceiveResult> receiving = socket.ReceiveAsync(_buffer.AsMemory(length), CancellationToken.None);
        if (receiving.IsCompleted)
            return await receiving;
        Task<ValueWebSocketReceiveResult> received = receiving.AsTask();
        try
        {
            return await received.WaitAsync(left, services.Clock);
        }
        catch (TimeoutException)
        {
            _unfinished = received;
            return null;
        }
    }

    private bool TryGrow(int bytes)
    {
        int more = Math.Max(0, bytes - SmallBytes) - _takenBytes;
        if (more > 0 && !services.Memory.TryTakeFrame(more))
            return false;
        _takenBytes += more;
        byte[] larger = new byte[bytes];
        _buffer.CopyTo(larger, 0);
        DropBuffer();
        _buffer = larger;
        return true;
    }

    private void GiveBack()
    {
        DropBuffer();
        services.Memory.ReturnFrame(_takenBytes);
        _takenBytes = 0;
    }

    private void DropBuffer()
    {
        if (_buffer.Length == BufferBytes)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private Result Parse(int length)
    {
        try
        {
            return new Result(ClientFrame.Parser.ParseFrom(_buffer.AsSpan(0, length)), ErrorCode.None);
        }
        catch (InvalidProtocolBufferException)
        {
            return new Result(null, ErrorCode.Malformed);
        }
    }

    internal readonly record struct Result(ClientFrame? Frame, ErrorCode Error);
}

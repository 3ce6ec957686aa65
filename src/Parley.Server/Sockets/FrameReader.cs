using System.Net.WebSockets;
using Google.Protobuf;
using Parley.Contracts.Wire;

namespace Parley.Server.Sockets;

/// <summary>
/// Reads client frames. A WebSocket message may come in any number of pieces; they are put together here, up to the limit. The buffer
/// grows for a large frame and is given back after it, so that many idle connections cost little.
/// </summary>
internal sealed class FrameReader(WebSocket socket)
{
    private const int BufferBytes = 2 * 1024;

    private byte[] _buffer = new byte[BufferBytes];
    private Task<Result> _current = Task.FromResult(default(Result));

    /// <summary>
    /// The next frame; or, with neither frame nor error, the peer's close; or what is wrong. Cancelling stops the wait and not the read,
    /// which would end the connection without a word; <see cref="DrainAsync"/> takes it up.
    /// </summary>
    public Task<Result> ReadAsync(int bytesMax, CancellationToken cancellationToken)
    {
        _current = ReadFrameAsync(bytesMax);
        return _current.WaitAsync(cancellationToken);
    }

    /// <summary>After our close: drops what the peer has still sent, until its close. So it can read why, before the connection is gone.</summary>
    public async Task DrainAsync()
    {
        try
        {
            await _current;
            while (socket.State == WebSocketState.CloseSent)
                await socket.ReceiveAsync(_buffer.AsMemory(), CancellationToken.None);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // The peer has gone without a close, or the connection was given up.
        }
    }

    private async Task<Result> ReadFrameAsync(int bytesMax)
    {
        if (_buffer.Length > BufferBytes)
            _buffer = new byte[BufferBytes];
        int length = 0;
        while (true)
        {
            if (length == _buffer.Length)
            {
                if (length > bytesMax)
                    return new Result(null, ErrorCode.TooLarge);
                Array.Resize(ref _buffer, Math.Min(length * 4, bytesMax + 1));
            }

            ValueWebSocketReceiveResult piece = await socket.ReceiveAsync(_buffer.AsMemory(length), CancellationToken.None);
            if (piece.MessageType == WebSocketMessageType.Close)
                return new Result(null, ErrorCode.None);
            if (piece.MessageType != WebSocketMessageType.Binary)
                return new Result(null, ErrorCode.Malformed);
            length += piece.Count;
            if (piece.EndOfMessage)
                return length > bytesMax ? new Result(null, ErrorCode.TooLarge) : Parse(length);
        }
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

using System.Net.WebSockets;
using Parley.Contracts;

namespace Parley.Client.Transport;

/// <summary>
/// Frames over a WebSocket. A message arrives in as many pieces as the network likes; it is handed on whole or not at all, and
/// never grows beyond the contract's limit.
/// </summary>
internal sealed class WebSocketChannel(WebSocket socket) : IFrameChannel
{
    private const int BufferBytes = 16 * 1024;

    private byte[] _buffer = new byte[BufferBytes];

    public async Task SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken)
    {
        try
        {
            await socket.SendAsync(frame, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
        }
        catch (Exception e) when (e is WebSocketException or ObjectDisposedException or InvalidOperationException)
        {
            throw new TransportException("The connection is gone.", e);
        }
    }

    public async Task<byte[]?> ReceiveAsync(CancellationToken cancellationToken)
    {
        int length = 0;
        try
        {
            while (true)
            {
                ValueWebSocketReceiveResult part = await socket.ReceiveAsync(_buffer.AsMemory(length), cancellationToken);
                if (part.MessageType == WebSocketMessageType.Close)
                    return null;
                if (part.MessageType != WebSocketMessageType.Binary)
                    throw new TransportException("The server sent text where a frame belongs.");
                length += part.Count;
                if (part.EndOfMessage)
                    return _buffer.AsSpan(0, length).ToArray();
                if (length == _buffer.Length)
                    Grow();
            }
        }
        catch (Exception e) when (e is WebSocketException or ObjectDisposedException or InvalidOperationException)
        {
            throw new TransportException("The connection is gone.", e);
        }
    }

    public ValueTask DisposeAsync()
    {
        // Not a close handshake: whoever disposes the channel has no more to say, and the server may be gone.
        socket.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Grow()
    {
        if (_buffer.Length > Limits.ServerFrameBytesMax)
            throw new TransportException("The server sent a frame larger than the protocol allows.");
        // One byte above the limit is what tells a frame that is too large from one that just fits.
        Array.Resize(ref _buffer, Math.Min(_buffer.Length * 2, Limits.ServerFrameBytesMax + 1));
    }
}

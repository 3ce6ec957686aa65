using System.Net.WebSockets;
using Parley.Client.Transport;
using Parley.Contracts;

namespace Parley.Client.Tests.Transport;

public sealed class WebSocketChannelTests
{
    [Fact]
    public async Task A_message_that_comes_in_pieces_is_handed_on_whole()
    {
        byte[] message = new byte[100_000];
        new Random(1).NextBytes(message);
        await using var channel = new WebSocketChannel(new ScriptedSocket([.. message.Chunk(7_001)], endsMessage: true));
        Assert.Equal(message, await channel.ReceiveAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_message_that_never_ends_is_refused_at_the_limit()
    {
        var socket = new ScriptedSocket(Enumerable.Repeat(new byte[64 * 1024], 1 + (Limits.ServerFrameBytesMax / (64 * 1024)) + 2), endsMessage: false);
        await using var channel = new WebSocketChannel(socket);
        await Assert.ThrowsAsync<TransportException>(() => channel.ReceiveAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Text_is_no_frame()
    {
        await using var channel = new WebSocketChannel(new ScriptedSocket(["{}"u8.ToArray()], endsMessage: true, WebSocketMessageType.Text));
        await Assert.ThrowsAsync<TransportException>(() => channel.ReceiveAsync(CancellationToken.None));
    }

    [Fact]
    public async Task The_end_of_the_connection_is_no_message()
    {
        await using var channel = new WebSocketChannel(new ScriptedSocket([[]], endsMessage: true, WebSocketMessageType.Close));
        Assert.Null(await channel.ReceiveAsync(CancellationToken.None));
    }

    /// <summary>A socket that gives the pieces it was made with, as many bytes at once as the reader has room for.</summary>
    private sealed class ScriptedSocket(IEnumerable<byte[]> pieces, bool endsMessage, WebSocketMessageType type = WebSocketMessageType.Binary) : WebSocket
    {
        private readonly Queue<byte[]> _pieces = new(pieces);

        public override WebSocketCloseStatus? CloseStatus => null;

        public override string? CloseStatusDescription => null;

        public override WebSocketState State => WebSocketState.Open;

        public override string? SubProtocol => null;

        public override ValueTask<ValueWebSocketReceiveResult> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            byte[] piece = _pieces.Dequeue();
            int count = Math.Min(piece.Length, buffer.Length);
            piece.AsSpan(0, count).CopyTo(buffer.Span);
            if (count < piece.Length)
            {
                byte[][] rest = [.. _pieces];
                _pieces.Clear();
                _pieces.Enqueue(piece[count..]);
                foreach (byte[] next in rest)
                    _pieces.Enqueue(next);
            }

            return ValueTask.FromResult(new ValueWebSocketReceiveResult(count, type, endsMessage && _pieces.Count == 0));
        }

        public override Task<WebSocketReceiveResult> ReceiveAsync(ArraySegment<byte> buffer, CancellationToken cancellationToken) => throw new NotSupportedException();

        public override Task SendAsync(ArraySegment<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken) => throw new NotSupportedException();

        public override Task CloseAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) => throw new NotSupportedException();

        public override Task CloseOutputAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) => throw new NotSupportedException();

        public override void Abort()
        {
            // Nothing is open.
        }

        public override void Dispose()
        {
            // Nothing is held.
        }
    }
}

using System.Buffers.Binary;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Parley.Contracts;
using Parley.Contracts.Wire;

namespace Parley.Bench.Server;

/// <summary>
/// A WebSocket client that costs as little as possible, so that the clients' core is not what is measured: it reads many frames from one
/// receive, and of an envelope only its message id, which holds the time it was sent. Masks are zero, which RFC 6455 permits.
/// </summary>
internal sealed class LoadConnection : IAsyncDisposable
{
    private const int BufferBytes = 256 * 1024;
    private const int HeaderBytesMax = 14;

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _start;
    private int _end;

    /// <summary>Connects and says Hello.</summary>
    public static async Task<LoadConnection> OpenAsync(Uri server, LoadDevice device, CancellationToken cancellationToken)
    {
        var connection = new LoadConnection();
        await connection._socket.ConnectAsync(server.Host, server.Port, cancellationToken);
        string upgrade =
            $"GET {Routes.Socket} HTTP/1.1\r\nHost: {server.Authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            + $"Sec-WebSocket-Key: {Convert.ToBase64String(RandomNumberGenerator.GetBytes(16))}\r\n\r\n";
        await connection._socket.SendAsync(Encoding.ASCII.GetBytes(upgrade), cancellationToken);
        await connection.SkipResponseAsync(cancellationToken);
        await connection.RequestAsync(new ClientFrame { RequestId = 1, Hello = new Hello { ProtocolVersion = Limits.ProtocolVersion, Token = device.Token } }, cancellationToken);
        return connection;
    }

    /// <summary>Subscribes to what comes after the Commit that made the group.</summary>
    public Task SubscribeAsync(byte[] group, CancellationToken cancellationToken) =>
        RequestAsync(new ClientFrame { RequestId = 2, Subscribe = new Subscribe { Log = new LogRef { Group = ByteString.CopyFrom(group) }, After = 1 } }, cancellationToken);

    /// <summary>Sends a request and waits for its answer. Only while nothing else is expected.</summary>
    public async Task RequestAsync(ClientFrame frame, CancellationToken cancellationToken)
    {
        await SendAsync(Encode(frame), cancellationToken);
        while (true)
        {
            ReadOnlyMemory<byte> message = await NextAsync(cancellationToken);
            ServerFrame answer = ServerFrame.Parser.ParseFrom(message.Span);
            if (answer.BodyCase == ServerFrame.BodyOneofCase.Events)
                continue;
            if (answer.Reply?.Error != ErrorCode.None)
                throw new InvalidOperationException($"The server answered {answer}.");
            return;
        }
    }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> frames, CancellationToken cancellationToken)
    {
        while (!frames.IsEmpty)
            frames = frames[await _socket.SendAsync(frames, cancellationToken)..];
    }

    /// <summary>The next message's payload, valid until the next call.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> NextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryTakeMessage(out ReadOnlyMemory<byte> message))
                return message;
            if (_start > 0)
            {
                _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
                (_start, _end) = (0, _end - _start);
            }

            int received = await _socket.ReceiveAsync(_buffer.AsMemory(_end), cancellationToken);
            _end += received > 0 ? received : throw new IOException("The server has closed the connection.");
        }
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>A request as a masked WebSocket frame.</summary>
    public static byte[] Encode(ClientFrame frame)
    {
        byte[] payload = frame.ToByteArray();
        byte[] bytes = new byte[payload.Length + HeaderBytesMax];
        bytes[0] = 0x82;
        int header = 2;
        if (payload.Length < 126)
        {
            bytes[1] = (byte)(0x80 | payload.Length);
        }
        else
        {
            bytes[1] = 0x80 | 126;
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), checked((ushort)payload.Length));
            header = 4;
        }

        payload.CopyTo(bytes, header + 4); // After a mask of zeros.
        return bytes[..(header + 4 + payload.Length)];
    }

    private bool TryTakeMessage(out ReadOnlyMemory<byte> message)
    {
        message = default;
        ReadOnlySpan<byte> waiting = _buffer.AsSpan(_start, _end - _start);
        if (waiting.Length < 2)
            return false;
        int header = 2;
        int length = waiting[1];
        if (length == 126)
        {
            if (waiting.Length < 4)
                return false;
            (header, length) = (4, BinaryPrimitives.ReadUInt16BigEndian(waiting[2..]));
        }
        else if (length == 127)
        {
            if (waiting.Length < 10)
                return false;
            (header, length) = (10, (int)BinaryPrimitives.ReadUInt64BigEndian(waiting[2..]));
        }

        if (waiting.Length < header + length)
            return false;
        message = _buffer.AsMemory(_start + header, length);
        _start += header + length;
        return true;
    }

    private async Task SkipResponseAsync(CancellationToken cancellationToken)
    {
        while (_buffer.AsSpan(0, _end).IndexOf("\r\n\r\n"u8) is var end)
        {
            if (end >= 0)
            {
                _start = end + 4;
                return;
            }

            int received = await _socket.ReceiveAsync(_buffer.AsMemory(_end), cancellationToken);
            _end += received > 0 ? received : throw new IOException("The server has closed the connection.");
        }
    }
}

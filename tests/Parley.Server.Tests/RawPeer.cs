using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Google.Protobuf;
using Parley.Contracts;
using Parley.Contracts.Wire;

namespace Parley.Server.Tests;

/// <summary>A peer that sends whatever bytes a test wants, and reads only when it is told to.</summary>
internal sealed class RawPeer : IAsyncDisposable
{
    public const byte Continuation = 0x0;
    public const byte Binary = 0x2;
    public const byte Close = 0x8;
    public const byte Ping = 0x9;
    public const byte Pong = 0xa;

    /// <summary>The last frame of its message.</summary>
    public const byte Final = 0x80;

    /// <summary>What a compressed message says of itself.</summary>
    public const byte Compressed = 0x40;

    private const int ReceiveBufferBytes = 8 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly CancellationTokenSource _patience = new(Patience);

    private RawPeer(Socket socket)
    {
        _socket = socket;
        _stream = new NetworkStream(socket);
    }

    public static async Task<RawPeer> ConnectAsync(Uri address)
    {
        // The system takes little for a peer that does not read, so that the rest waits in the server.
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = ReceiveBufferBytes };
        await socket.ConnectAsync(address.Host, address.Port);
        return new RawPeer(socket);
    }

    /// <summary>Connects, and is sent away without a word: at once, or before the connection is there.</summary>
    public static async Task SentAwayAsync(Uri address)
    {
        try
        {
            await using RawPeer peer = await ConnectAsync(address);
            await peer.EndedAsync();
        }
        catch (SocketException gone) when (gone.SocketErrorCode == SocketError.ConnectionReset)
        {
            // The system had not yet told us of the connection.
        }
    }

    /// <summary>A WebSocket that has signed in.</summary>
    public static async Task<RawPeer> SignInAsync(RemoteServer server, TestDevice device)
    {
        RawPeer peer = await ConnectAsync(server.Address);
        Assert.StartsWith("HTTP/1.1 101", await peer.UpgradeAsync(), StringComparison.Ordinal);
        await peer.SendAsync(new ClientFrame { RequestId = 1, Hello = device.Hello(await peer.ChallengeAsync()) });
        Assert.Equal(ErrorCode.None, (await peer.ServerFrameAsync())?.Reply?.Error);
        return peer;
    }

    /// <summary>The challenge, which comes first.</summary>
    public async Task<byte[]> ChallengeAsync()
    {
        ServerFrame? frame = await ServerFrameAsync();
        Assert.Equal(ServerFrame.BodyOneofCase.Challenge, frame?.BodyCase);
        return frame!.Challenge.Random.ToByteArray();
    }

    public async Task SendTextAsync(string text) => await _stream.WriteAsync(Encoding.ASCII.GetBytes(text), _patience.Token);

    public Task RequestAsync(string method, string path, string headers = "") => SendTextAsync($"{method} {path} HTTP/1.1\r\nHost: test\r\n{headers}\r\n");

    /// <summary>Asks for a WebSocket and returns the head of the answer.</summary>
    public async Task<string> UpgradeAsync(string headers = "")
    {
        await RequestAsync("GET", Routes.Socket, $"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{headers}");
        return await HeadAsync();
    }

    /// <summary>The head of an HTTP answer; as much as came, if the connection ended before.</summary>
    public async Task<string> HeadAsync()
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await ReadAsync(one) > 0)
            head.Append((char)one[0]);
        return head.ToString();
    }

    public Task SendAsync(ClientFrame frame) => SendFrameAsync(Final | Binary, frame.ToByteArray());

    /// <summary>A WebSocket frame, or the beginning of one that says it is longer.</summary>
    public async Task SendFrameAsync(int first, ReadOnlyMemory<byte> payload, int? announcedBytes = null)
    {
        byte[] frame = new byte[14 + payload.Length];
        frame[0] = (byte)first;
        frame[1] = 0x80 | 127; // Masked, by zeros.
        BinaryPrimitives.WriteInt64BigEndian(frame.AsSpan(2), announcedBytes ?? payload.Length);
        payload.CopyTo(frame.AsMemory(14));
        if ((first & 0x8) != 0)
            frame = [frame[0], (byte)(0x80 | payload.Length), 0, 0, 0, 0, .. payload.Span];
        await SendBytesAsync(frame);
    }

    public async Task SendBytesAsync(ReadOnlyMemory<byte> bytes) => await _stream.WriteAsync(bytes, _patience.Token);

    /// <summary>The next WebSocket frame. Null at the connection's end.</summary>
    public async Task<(int Opcode, byte[] Payload)?> FrameAsync()
    {
        byte[] head = new byte[2];
        if (await FillAsync(head) is false)
            return null;
        int length = head[1] & 0x7f;
        byte[] extended = new byte[length switch { 126 => 2, 127 => 8, _ => 0 }];
        if (await FillAsync(extended) is false)
            return null;
        if (extended.Length > 0)
            length = extended.Aggregate(0, (value, part) => (value << 8) | part);
        byte[] payload = new byte[length];
        return await FillAsync(payload) ? (head[0] & 0xf, payload) : null;
    }

    /// <summary>The next frame of the protocol, past pings and pongs. Null when the server closes.</summary>
    public async Task<ServerFrame?> ServerFrameAsync()
    {
        while (await FrameAsync() is { } frame)
        {
            if (frame.Opcode == Binary)
                return ServerFrame.Parser.ParseFrom(frame.Payload);
            if (frame.Opcode == Close)
                return null;
        }

        return null;
    }

    /// <summary>Reads to the connection's end.</summary>
    public async Task EndedAsync()
    {
        byte[] dropped = new byte[64 * 1024];
        while (await ReadAsync(dropped) > 0)
        {
            // Only the end is of interest.
        }
    }

    public ValueTask DisposeAsync()
    {
        _stream.Dispose();
        _socket.Dispose();
        _patience.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<bool> FillAsync(byte[] buffer)
    {
        int length = 0;
        while (length < buffer.Length)
        {
            int read = await ReadAsync(buffer.AsMemory(length));
            if (read == 0)
                return false;
            length += read;
        }

        return true;
    }

    /// <summary>Zero at the end, however it came.</summary>
    private async Task<int> ReadAsync(Memory<byte> buffer)
    {
        try
        {
            return await _stream.ReadAsync(buffer, _patience.Token);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}

using System.Net.WebSockets;
using Google.Protobuf;
using Parley.Contracts;
using Parley.Contracts.Wire;
using Parley.EndToEnd.Tests.Processes;

namespace Parley.EndToEnd.Tests.Hostile;

/// <summary>A peer that speaks WebSocket and keeps to nothing else.</summary>
internal sealed class RawSocket : IDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly CancellationTokenSource _limit = new(Eventually.Deadline);

    private RawSocket()
    {
    }

    public static async Task<RawSocket> ConnectAsync(ServerProcess server)
    {
        RawSocket raw = new();
        Uri address = new UriBuilder(server.Address) { Scheme = "ws", Path = Routes.Socket }.Uri;
        await raw._socket.ConnectAsync(address, raw._limit.Token);
        if (await raw.ReceiveAsync() is not { Challenge: not null })
            throw new InvalidOperationException("The server begins with something else than a challenge.");
        return raw;
    }

    /// <summary>Sends the bytes as one message, cut into fragments of this size.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> bytes, int fragmentBytes = int.MaxValue)
    {
        while (bytes.Length > fragmentBytes)
        {
            await _socket.SendAsync(bytes[..fragmentBytes], WebSocketMessageType.Binary, endOfMessage: false, _limit.Token);
            bytes = bytes[fragmentBytes..];
        }

        await _socket.SendAsync(bytes, WebSocketMessageType.Binary, endOfMessage: true, _limit.Token);
    }

    /// <summary>The server's next frame, or null if it closes or drops the connection.</summary>
    public async Task<ServerFrame?> ReceiveAsync()
    {
        using MemoryStream frame = new();
        byte[] buffer = new byte[16 * 1024];
        while (true)
        {
            ValueWebSocketReceiveResult result;
            try
            {
                result = await _socket.ReceiveAsync(buffer.AsMemory(), _limit.Token);
            }
            catch (WebSocketException)
            {
                return null;
            }

            if (result.MessageType == WebSocketMessageType.Close)
                return null;
            frame.Write(buffer, 0, result.Count);
            if (result.EndOfMessage)
                return ServerFrame.Parser.ParseFrom(frame.ToArray());
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        _limit.Dispose();
    }

    /// <summary>A well-formed Hello of a device that nobody has.</summary>
    public static byte[] Hello(ulong requestId = 7, uint version = Limits.ProtocolVersion) => new ClientFrame
    {
        RequestId = requestId,
        Hello = new Hello { ProtocolVersion = version, Client = "raw/1", Device = ByteString.CopyFrom(new byte[Limits.DeviceIdBytes]), Signature = ByteString.CopyFrom(new byte[64]) },
    }.ToByteArray();
}

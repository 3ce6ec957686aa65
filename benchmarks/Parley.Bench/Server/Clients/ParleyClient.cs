using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Parley.Contracts;
using Parley.Contracts.Wire;

namespace Parley.Bench.Server.Clients;

/// <summary>
/// A WebSocket client that costs as little as possible, so that the clients' core is not what is measured: it reads many frames from one
/// receive, and of an envelope only its message id, which holds the time it was sent. Masks are zero, which RFC 6455 permits.
/// </summary>
internal sealed class ParleyClient(LoadStream stream) : ChatClient(stream)
{
    private const int HeaderBytesMax = 14;

    // A masked frame that says 1000, the normal closure.
    private static readonly byte[] CloseFrame = [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8];

    // What was not taken yet of the last frame of events.
    private ReadOnlyMemory<byte> _envelopes;

    protected override ReadOnlyMemory<byte> Goodbye => CloseFrame;

    /// <summary>What the server takes with HTTP requests of the device.</summary>
    public string Token { get; private set; } = "";

    /// <summary>Brings a device online: makes a WebSocket of a connection, signs the challenge that comes on it, and subscribes.</summary>
    public static async Task<ParleyClient> OpenAsync(Uri server, LoadDevice device, CancellationToken cancellationToken, params ClientFrame[] subscriptions)
    {
        LoadStream stream = await LoadStream.ConnectAsync(server, cancellationToken);
        try
        {
            ParleyClient connection = await UpgradeAsync(stream, cancellationToken);
            ReadOnlyMemory<byte> challenge;
            while (!connection.TryTakeFrame(out challenge))
                await connection.ReceiveAsync(cancellationToken);
            byte[] signature = device.Sign(ServerFrame.Parser.ParseFrom(challenge.Span).Challenge.Random.Span);
            var hello = new Hello { ProtocolVersion = Limits.ProtocolVersion, Device = ByteString.CopyFrom(device.Id.ToArray()), Signature = UnsafeByteOperations.UnsafeWrap(signature) };
            await connection.RequestAsync(cancellationToken, [new ClientFrame { RequestId = 1, Hello = hello }, .. subscriptions]);
            return connection;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Subscribes to what comes after the Commit that made the group.</summary>
    public static ClientFrame SubscribeGroup(byte[] group, ulong after = 1) =>
        new() { RequestId = 2, Subscribe = new Subscribe { Log = new LogRef { Group = ByteString.CopyFrom(group) }, After = after } };

    /// <summary>Subscribes to what comes after the Welcome.</summary>
    public static ClientFrame SubscribeInbox(LoadDevice device, ulong after) =>
        new() { RequestId = 3, Subscribe = new Subscribe { Log = new LogRef { Inbox = ByteString.CopyFrom(device.Id.ToArray()) }, After = after } };

    /// <summary>Sends requests and waits for their answers. Only while nothing else is expected.</summary>
    public async Task RequestAsync(CancellationToken cancellationToken, params ClientFrame[] frames)
    {
        await SendAsync(frames.SelectMany(Encode).ToArray(), cancellationToken);
        int open = frames.Length;
        while (open > 0)
        {
            while (open > 0 && TryTakeFrame(out ReadOnlyMemory<byte> message))
            {
                ServerFrame answer = ServerFrame.Parser.ParseFrom(message.Span);
                if (answer.BodyCase == ServerFrame.BodyOneofCase.Events)
                    continue;
                if (answer.Reply?.Error != ErrorCode.None)
                    throw new InvalidOperationException($"The server answered {answer}.");
                Token = answer.Reply.Hello?.Token ?? Token;
                open--;
            }

            if (open > 0)
                await ReceiveAsync(cancellationToken);
        }
    }

    public Task RequestAsync(ClientFrame frame, CancellationToken cancellationToken) => RequestAsync(cancellationToken, frame);

    public override bool TryTakeMessage(out long sentAt)
    {
        while (true)
        {
            if (LoadMessages.TryTake(ref _envelopes, out sentAt))
                return true;
            if (!TryTakeFrame(out ReadOnlyMemory<byte> frame))
                return false;
            _envelopes = LoadMessages.EventsOf(frame);
        }
    }

    /// <summary>A request as a masked WebSocket frame.</summary>
    public static byte[] Encode(ClientFrame frame)
    {
        byte[] payload = frame.ToByteArray();
        byte[] bytes = new byte[payload.Length + HeaderBytesMax];
        bytes[0] = 0x82;
        int header;
        if (payload.Length < 126)
        {
            bytes[1] = (byte)(0x80 | payload.Length);
            header = 2;
        }
        else if (payload.Length <= ushort.MaxValue)
        {
            bytes[1] = 0x80 | 126;
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), (ushort)payload.Length);
            header = 4;
        }
        else
        {
            bytes[1] = 0x80 | 127;
            BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(2), payload.Length);
            header = 10;
        }

        payload.CopyTo(bytes, header + 4); // After a mask of zeros.
        return bytes[..(header + 4 + payload.Length)];
    }

    /// <summary>Makes a WebSocket of a connection.</summary>
    private static async Task<ParleyClient> UpgradeAsync(LoadStream stream, CancellationToken cancellationToken)
    {
        string upgrade =
            $"GET {Routes.Socket} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            + $"Sec-WebSocket-Key: {Convert.ToBase64String(RandomNumberGenerator.GetBytes(16))}\r\n\r\n";
        await stream.SendAsync(Encoding.ASCII.GetBytes(upgrade), cancellationToken);
        (HttpStatusCode status, _) = await stream.HeadAsync(cancellationToken);
        return status == HttpStatusCode.SwitchingProtocols ? new ParleyClient(stream) : throw new HttpRequestException("The server makes no WebSocket of it.", null, status);
    }

    /// <summary>The next frame that was received, valid until more is.</summary>
    private bool TryTakeFrame(out ReadOnlyMemory<byte> frame)
    {
        frame = default;
        ReadOnlySpan<byte> waiting = Stream.Received.Span;
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
        frame = Stream.Received.Slice(header, length);
        Stream.Take(header + length);
        return true;
    }
}

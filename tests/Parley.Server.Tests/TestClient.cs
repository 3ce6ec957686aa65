using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text.Json;
using Google.Protobuf;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Wire;

namespace Parley.Server.Tests;

/// <summary>A device that has signed in.</summary>
internal sealed class TestClient(RemoteServer server, TestDevice device, string token)
{
    public TestDevice Device { get; } = device;

    public DeviceId Id => Device.Id;

    public string Token { get; } = token;

    /// <summary>The same device, with its token, at another node.</summary>
    public TestClient At(RemoteServer node) => new(node, Device, Token);

    public LogRef Inbox => new() { Inbox = ByteString.CopyFrom(Id.ToArray()) };

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string route, object? body = null)
    {
        using var request = new HttpRequestMessage(method, route);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        if (body is not null)
            request.Content = new StringContent(JsonSerializer.Serialize(body, body.GetType(), Contracts.Resources.ResourcesJson.Default), MediaTypeHeaderValue.Parse("application/json"));
        return await server.Http.SendAsync(request);
    }

    /// <summary>Makes a group's log and returns the group's id.</summary>
    public async Task<byte[]> CreateGroupAsync()
    {
        byte[] group = RandomNumberGenerator.GetBytes(32);
        HttpResponseMessage response = await SendAsync(HttpMethod.Put, Routes.GroupById.Replace("{group}", Convert.ToHexStringLower(group)));
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        return group;
    }

    /// <summary>Adds a device to the account, and signs it in.</summary>
    public async Task<TestClient> AddDeviceAsync(RemoteServer node)
    {
        var added = new TestDevice(Device.Certificate.Handle.Value, besides: Device);
        HttpResponseMessage response = await SendAsync(HttpMethod.Post, Routes.Devices, new Contracts.Resources.NewDevice(added.Certificate.Encoded.ToArray()));
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        return new TestClient(node, added, await node.SignInAsync(added));
    }

    /// <summary>Takes a device out of the account.</summary>
    public Task<HttpResponseMessage> RevokeAsync(DeviceId device) => SendAsync(HttpMethod.Delete, Routes.DeviceById.Replace("{device}", device.ToString()));

    /// <summary>Opens a WebSocket and signs in.</summary>
    public async Task<TestSocket> ConnectAsync()
    {
        TestSocket socket = await TestSocket.OpenAsync(server.Address);
        Assert.Equal(ErrorCode.None, (await socket.SignInAsync(Device)).Error);
        return socket;
    }
}

/// <summary>A WebSocket to the server. Answers are matched with requests; everything else comes in order from <see cref="NextAsync"/>.</summary>
internal sealed class TestSocket : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ClientWebSocket _socket = new();
    private readonly Dictionary<ulong, Reply> _replies = [];
    private readonly Queue<ServerFrame> _frames = new();
    private readonly byte[] _buffer = new byte[Limits.ServerFrameBytesMax];
    private ulong _lastRequest;

    public WebSocketState State => _socket.State;

    public static async Task<TestSocket> OpenAsync(Uri address)
    {
        var socket = new TestSocket();
        await socket._socket.ConnectAsync(new Uri(new UriBuilder(address) { Scheme = "ws" }.Uri, Routes.Socket), CancellationToken.None);
        return socket;
    }

    /// <summary>The challenge, which comes first.</summary>
    public async Task<byte[]> ChallengeAsync()
    {
        ServerFrame? frame = await ReceiveAsync();
        Assert.Equal(ServerFrame.BodyOneofCase.Challenge, frame?.BodyCase);
        return frame!.Challenge.Random.ToByteArray();
    }

    /// <summary>Answers the challenge.</summary>
    public async Task<Reply> SignInAsync(TestDevice device) => await RequestAsync(new ClientFrame { Hello = device.Hello(await ChallengeAsync()) });

    public async Task<Reply> RequestAsync(ClientFrame frame) => await ReplyAsync(await SendAsync(frame));

    /// <summary>Sends without waiting for the answer. Returns the request's id.</summary>
    public async Task<ulong> SendAsync(ClientFrame frame)
    {
        frame.RequestId = ++_lastRequest;
        await SendRawAsync(frame.ToByteArray());
        return frame.RequestId;
    }

    public Task SendRawAsync(byte[] bytes, WebSocketMessageType type = WebSocketMessageType.Binary, bool endOfMessage = true) =>
        _socket.SendAsync(bytes, type, endOfMessage, CancellationToken.None);

    public async Task<Reply> ReplyAsync(ulong requestId)
    {
        Reply? reply;
        while (!_replies.Remove(requestId, out reply))
        {
            ServerFrame frame = await ReceiveAsync() ?? throw new InvalidOperationException("The server has closed the connection.");
            if (frame.BodyCase == ServerFrame.BodyOneofCase.Reply)
                _replies.Add(frame.Reply.RequestId, frame.Reply);
            else
                _frames.Enqueue(frame);
        }

        return reply;
    }

    public Task<Reply> SubscribeAsync(LogRef log, ulong after = 0) => RequestAsync(new ClientFrame { Subscribe = new Subscribe { Log = log, After = after } });

    public async Task<ulong> AppendAsync(Append append)
    {
        Reply reply = await RequestAsync(new ClientFrame { Append = append });
        Assert.Equal(ErrorCode.None, reply.Error);
        return reply.Appended.Sequence;
    }

    public async Task<ErrorCode> TryAppendAsync(Append append) => (await RequestAsync(new ClientFrame { Append = append })).Error;

    /// <summary>The next frame that is no answer. Null when the server has closed the connection.</summary>
    public async Task<ServerFrame?> NextAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (_frames.TryDequeue(out ServerFrame? waiting))
                return waiting;
            ServerFrame? frame = await ReceiveAsync(cancellationToken);
            if (frame?.BodyCase != ServerFrame.BodyOneofCase.Reply)
                return frame;
            _replies.Add(frame.Reply.RequestId, frame.Reply);
        }
    }

    /// <summary>The next frame of any kind, if none came before. Null when the server has closed the connection.</summary>
    public Task<ServerFrame?> NextOrReplyAsync() => ReceiveAsync();

    /// <summary>The next envelopes of one log, as many as asked for.</summary>
    public async Task<List<Envelope>> EnvelopesAsync(LogRef log, int count)
    {
        var envelopes = new List<Envelope>();
        while (envelopes.Count < count)
        {
            ServerFrame? frame = await NextAsync();
            Assert.Equal(ServerFrame.BodyOneofCase.Events, frame?.BodyCase);
            Assert.Equal(log, frame!.Events.Log);
            envelopes.AddRange(frame.Events.Envelopes);
        }

        Assert.Equal(count, envelopes.Count);
        return envelopes;
    }

    /// <summary>Reads until the server closes, and returns why it says it did.</summary>
    public async Task<ErrorCode> ClosedAsync()
    {
        ErrorCode reason = ErrorCode.None;
        while (await NextAsync() is { } frame)
        {
            if (frame.BodyCase == ServerFrame.BodyOneofCase.Closed && frame.Closed.Log is null)
                reason = frame.Closed.Reason;
        }

        return reason;
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<ServerFrame?> ReceiveAsync(CancellationToken cancellationToken = default)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Patience);
        int length = 0;
        ValueWebSocketReceiveResult piece;
        do
        {
            piece = await _socket.ReceiveAsync(_buffer.AsMemory(length), timeout.Token);
            length += piece.Count;
        }
        while (!piece.EndOfMessage);
        if (piece.MessageType != WebSocketMessageType.Close)
            return ServerFrame.Parser.ParseFrom(_buffer.AsSpan(0, length));
        if (_socket.State == WebSocketState.CloseReceived)
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, timeout.Token);
        return null;
    }
}

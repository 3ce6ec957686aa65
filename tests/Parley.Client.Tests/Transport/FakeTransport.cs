using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Threading.Channels;
using Google.Protobuf;
using Parley.Client.Engine;
using Parley.Client.Tests.Engine;
using Parley.Client.Transport;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Resources;
using Parley.Contracts.Wire;
using Parley.Mls.Crypto;
using Parley.Mls.Messages;

namespace Parley.Client.Tests.Transport;

/// <summary>The network of one process: the fake server's resources as JSON and its logs as frames, so that all of the client above the transport is the real one.</summary>
internal sealed class FakeNetwork
{
    public const string InviteCode = "invite-code-0123456789";

    // Guards the server and the list of channels: every client has loops of its own.
    private readonly Lock _gate = new();
    private readonly FakeServer _server = new(TimeProvider.System);
    private readonly Dictionary<string, DeviceId> _tokens = [];
    private readonly List<FakeChannel> _channels = [];

    /// <summary>Whether nobody can reach the server.</summary>
    public bool IsDown { get; set; }

    /// <summary>What is done to each frame on its way to a client.</summary>
    public Func<ServerFrame, ServerFrame>? Tamper { get; set; }

    /// <summary>What is refused over HTTP, and how; null lets it through.</summary>
    public Func<ResourceRequest, Refusal?>? RefuseRequest { get; set; }

    /// <summary>What is refused over the WebSocket, and how; null lets it through.</summary>
    public Func<ClientFrame, Reply?>? RefuseFrame { get; set; }

    public ITransport Connect() => new FakeTransport(this);

    /// <summary>Does something to the server itself.</summary>
    public void OnServer(Action<FakeServer> work)
    {
        lock (_gate)
            work(_server);
    }

    /// <summary>Breaks all connections.</summary>
    public void Cut()
    {
        lock (_gate)
        {
            foreach (FakeChannel channel in _channels)
                channel.Break();
            _channels.Clear();
        }
    }

    public ResourceResponse Answer(ResourceRequest request)
    {
        lock (_gate)
        {
            if (IsDown)
                throw new TransportException("Down.");
            if (RefuseRequest?.Invoke(request) is { } refusal)
                return new ResourceResponse(429, JsonSerializer.SerializeToUtf8Bytes(refusal, ResourcesJson.Default.Refusal));
            string[] parts = request.Path.Split("?suite=");
            string path = parts[0];
            CipherSuite suite = parts.Length > 1 ? (CipherSuite)ushort.Parse(parts[1], CultureInfo.InvariantCulture) : default;
            return (request.Method.Method, path) switch
            {
                ("GET", Routes.Server) => Ok(new ServerInfo(FakeServer.Name, "1", [Limits.ProtocolVersion], Limits.PastEpochsMax), ResourcesJson.Default.ServerInfo),
                ("POST", Routes.Accounts) => CreateAccount(Read(request, ResourcesJson.Default.NewAccount)),
                ("POST", Routes.Invites) => Ok(new Invite("code", "http://parley.test/i/code", 1, DateTimeOffset.MaxValue), ResourcesJson.Default.Invite),
                ("GET", Routes.KeyPackages) => Stock(_tokens[request.Token!], suite),
                ("POST", Routes.KeyPackages) => AddKeyPackages(_tokens[request.Token!], Read(request, ResourcesJson.Default.NewKeyPackages)),
                ("POST", _) when path.EndsWith("/key-packages", StringComparison.Ordinal) => Claim(path.Split('/')[^2], suite),
                ("PUT", _) when ConversationId.TryParse(path.Split('/')[^1], out ConversationId group) => Result(_server.CreateGroup(group, _tokens[request.Token!])),
                _ => Refuse(ErrorCode.NotFound),
            };
        }
    }

    public FakeChannel Open()
    {
        lock (_gate)
        {
            if (IsDown)
                throw new TransportException("Down.");
            var channel = new FakeChannel(this);
            _channels.Add(channel);
            channel.Push(new ServerFrame { Challenge = new Challenge { Random = ByteString.CopyFrom(channel.Challenge) } });
            return channel;
        }
    }

    public void Handle(FakeChannel channel, ClientFrame frame)
    {
        lock (_gate)
        {
            var reply = new Reply { RequestId = frame.RequestId };
            if (RefuseFrame?.Invoke(frame) is { } refusal)
            {
                refusal.RequestId = frame.RequestId;
                channel.Push(new ServerFrame { Reply = refusal });
                return;
            }

            switch (frame.RequestCase)
            {
                case ClientFrame.RequestOneofCase.Hello:
                    (reply.Error, reply.Hello) = SignIn(channel, frame.Hello);
                    break;
                case ClientFrame.RequestOneofCase.Subscribe:
                    LogId log = ToLog(frame.Subscribe.Log);
                    SubscribeReply subscribed = _server.Subscribe(log, channel.Device, frame.Subscribe.After);
                    reply.Error = subscribed.Error;
                    reply.Subscribed = new Subscribed { Head = subscribed.Head, After = subscribed.After, Epoch = subscribed.Epoch };
                    if (reply.Error == ErrorCode.None)
                        channel.Subscriptions[log] = subscribed.After;
                    break;
                case ClientFrame.RequestOneofCase.Append:
                    MlsGroup(frame.Append, out ConversationId group);
                    (reply.Error, ulong sequence) = _server.Append(group, channel.Device, frame.Append);
                    reply.Appended = new Appended { Sequence = sequence };
                    break;
            }

            channel.Push(new ServerFrame { Reply = reply });
            foreach (FakeChannel open in _channels)
                PushEvents(open);
        }
    }

    private static void MlsGroup(Append append, out ConversationId group)
    {
        if (!Mls.Messages.Framing.MlsMessage.TryDecode(append.Message.Span, out Mls.Messages.Framing.MlsMessage? message, out _)
            || message is not Mls.Messages.Framing.MlsMessage.Private { Message: var content }
            || !ConversationId.TryParse(content.GroupId.Span, out group))
        {
            throw new InvalidOperationException("Not a message of a group.");
        }
    }

    private static LogId ToLog(LogRef log) => log.LogCase == LogRef.LogOneofCase.Group && ConversationId.TryParse(log.Group.Span, out ConversationId id) ? new LogId(id) : LogId.Inbox;

    private void PushEvents(FakeChannel channel)
    {
        foreach ((LogId log, ulong position) in channel.Subscriptions.ToList())
        {
            IReadOnlyList<Envelope> envelopes = _server.Read(log, channel.Device, position);
            if (envelopes.Count == 0)
                continue;
            var events = new Events
            {
                Log = log.Conversation is { } id ? new LogRef { Group = ByteString.CopyFrom(id.ToArray()) } : new LogRef { Inbox = ByteString.CopyFrom(channel.Device.ToArray()) },
            };
            events.Envelopes.Add(envelopes);
            channel.Subscriptions[log] = envelopes[^1].Sequence;
            var frame = new ServerFrame { Events = events };
            channel.Push(Tamper?.Invoke(frame) ?? frame);
        }
    }

    private ResourceResponse CreateAccount(NewAccount account)
    {
        if (account.Invite != InviteCode)
            return Refuse(ErrorCode.InviteUnknown);
        if (!DeviceCertificate.TryDecode(account.Certificate, out DeviceCertificate? certificate))
            return Refuse(ErrorCode.CertificateInvalid);
        DeviceCertificate? known = _server.DevicesOf(certificate.Handle.Value).FirstOrDefault();
        if (known is not null && !known.Encoded.Span.SequenceEqual(certificate.Encoded.Span))
            return Refuse(ErrorCode.HandleTaken);
        _server.Register(certificate);
        return Ok(new Account(certificate.Handle.Value, certificate.AccountKey.ToArray(), [account.Certificate]), ResourcesJson.Default.Account);
    }

    private (ErrorCode Error, Welcomed? Welcomed) SignIn(FakeChannel channel, Hello hello)
    {
        DeviceCertificate certificate = _server.Find(hello.Device.ToByteArray());
        byte[] content = SignedContent.SignIn(FakeServer.Name, hello.ProtocolVersion, certificate.DeviceId, channel.Challenge);
        if (!TestDevice.Crypto.Verify(SignatureAlgorithm.Ed25519, certificate.DeviceKey.Span, content, hello.Signature.Span))
            return (ErrorCode.ChallengeFailed, null);
        channel.Device = certificate.DeviceId;
        string token = $"token-{_tokens.Count}";
        _tokens.Add(token, certificate.DeviceId);
        return (ErrorCode.None, new Welcomed { Token = token });
    }

    private ResourceResponse Stock(DeviceId device, CipherSuite suite)
    {
        (int count, bool hasLastResort) = _server.Stock(device, suite);
        return Ok(new KeyPackageStock(count, hasLastResort), ResourcesJson.Default.KeyPackageStock);
    }

    private ResourceResponse AddKeyPackages(DeviceId device, NewKeyPackages added)
    {
        _server.AddKeyPackages(device, added.KeyPackages);
        return new ResourceResponse(204, []);
    }

    private ResourceResponse Claim(string handle, CipherSuite suite)
    {
        IReadOnlyList<byte[]> claimed = _server.Claim(handle, suite);
        return claimed.Count == 0 ? Refuse(_server.DevicesOf(handle).Any() ? ErrorCode.KeyPackageExhausted : ErrorCode.NotFound) : Ok(new ClaimedKeyPackages(claimed), ResourcesJson.Default.ClaimedKeyPackages);
    }

    private static T Read<T>(ResourceRequest request, JsonTypeInfo<T> type) => JsonSerializer.Deserialize(request.Body, type)!;

    private static ResourceResponse Ok<T>(T value, JsonTypeInfo<T> type) => new(200, JsonSerializer.SerializeToUtf8Bytes(value, type));

    private static ResourceResponse Result(ErrorCode error) => error == ErrorCode.None ? new ResourceResponse(200, []) : Refuse(error);

    private static ResourceResponse Refuse(ErrorCode error) => new(400, JsonSerializer.SerializeToUtf8Bytes(new Refusal(error.Name()), ResourcesJson.Default.Refusal));
}

internal sealed class FakeTransport(FakeNetwork network) : ITransport
{
    public Task<ResourceResponse> SendAsync(ResourceRequest request, CancellationToken cancellationToken) => Task.FromResult(network.Answer(request));

    public Task<IFrameChannel> ConnectAsync(CancellationToken cancellationToken) => Task.FromResult<IFrameChannel>(network.Open());

    public void Dispose()
    {
        // The network is the test's.
    }
}

internal sealed class FakeChannel(FakeNetwork network) : IFrameChannel
{
    private readonly Channel<byte[]> _incoming = System.Threading.Channels.Channel.CreateUnbounded<byte[]>();

    public byte[] Challenge { get; } = System.Security.Cryptography.RandomNumberGenerator.GetBytes(Limits.ChallengeBytes);

    public DeviceId Device { get; set; }

    public Dictionary<LogId, ulong> Subscriptions { get; } = [];

    public void Push(ServerFrame frame) => _incoming.Writer.TryWrite(frame.ToByteArray());

    public void Break() => _incoming.Writer.TryComplete(new TransportException("Cut."));

    public Task SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken)
    {
        network.Handle(this, ClientFrame.Parser.ParseFrom(frame.Span));
        return Task.CompletedTask;
    }

    public async Task<byte[]?> ReceiveAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _incoming.Reader.ReadAsync(cancellationToken);
        }
        catch (ChannelClosedException e)
        {
            throw new TransportException("Gone.", e);
        }
    }

    public ValueTask DisposeAsync()
    {
        Break();
        return ValueTask.CompletedTask;
    }
}

using System.Collections.Immutable;
using Google.Protobuf;
using Parley.Client.Engine;
using Parley.Client.Identity;
using Parley.Client.Outbox;
using Parley.Client.Store;
using Parley.Contracts.Identity;
using Parley.Contracts.Wire;
using Parley.Mls.Crypto;
using Parley.Mls.Messages;
using Parley.Mls.Native;

namespace Parley.Client.Tests.Engine;

/// <summary>A device whose network is method calls: the real engine and host over a store in memory, driven step by step on one thread.</summary>
internal sealed class TestDevice : IDisposable
{
    public static readonly NativeCryptoProvider Crypto = new(RandomSource.System);

    private readonly FakeServer _server;
    private readonly TimeProvider _time;
    private readonly Dictionary<LogId, ulong> _subscriptions = [];

    public TestDevice(FakeServer server, TimeProvider time, string name, TestDevice? besides = null)
    {
        _server = server;
        _time = time;
        Handle = Handle.TryParse(name, out Handle? handle) ? handle : throw new ArgumentException("Not a handle.", nameof(name));
        LocalIdentity identity = besides is null
            ? LocalIdentity.Create(Crypto, Handle, FakeServer.Name, time.GetUtcNow())
            : besides.Host.Look(engine => Certify(engine.Profile.Identity, time.GetUtcNow()));
        Device = identity.Certificate.DeviceId;
        server.Register(identity.Certificate);
        var batch = new StoreBatch();
        new Profile(identity, new Uri("http://parley.test"), IsRegistered: true, Nickname: "").Save(batch);
        Store.Write(batch);
        Host = Load();
    }

    public Handle Handle { get; }

    public DeviceId Device { get; }

    public MemoryClientStore Store { get; } = new();

    public EngineHost Host { get; private set; }

    public bool IsConnected { get; private set; }

    public IReadOnlyList<Conversation> Conversations => Host.Look(static engine => engine.ReadConversations());

    public DateTimeOffset Now => _time.GetUtcNow();

    /// <summary>Begins a connection.</summary>
    public void Connect()
    {
        _subscriptions.Clear();
        IsConnected = true;
        Host.Run(static engine => engine.ResetConnection());
    }

    /// <summary>Ends the connection. Whatever was on its way is lost.</summary>
    public void Disconnect()
    {
        IsConnected = false;
        Host.Run(static engine => engine.ResetConnection());
    }

    /// <summary>Dies without a word and comes up again from what is stored.</summary>
    public void Crash()
    {
        IsConnected = false;
        Host.Dispose();
        Store.WritesLeft = null;
        Host = Load();
    }

    /// <summary>Sends what there is to send. True if there was something.</summary>
    public bool Send(Func<EngineRequest, bool>? losesReply = null)
    {
        IReadOnlyList<EngineRequest> requests = Host.Look(engine => engine.TakeRequests(Now));
        foreach (EngineRequest request in requests)
        {
            Execute(request, losesReply?.Invoke(request) ?? false);
            if (!IsConnected)
                break;
        }

        return requests.Count > 0;
    }

    /// <summary>Takes in what the server has for this device. True if there was something.</summary>
    public bool Receive(int repeat = 0)
    {
        bool any = false;
        foreach ((LogId log, ulong position) in _subscriptions.ToList())
        {
            IReadOnlyList<Envelope> envelopes = _server.Read(log, Device, position);
            if (envelopes.Count == 0)
                continue;
            any = true;
            ulong from = position - Math.Min(position, (ulong)repeat);
            Deliver(log, repeat > 0 ? _server.Read(log, Device, from) : envelopes);
            _subscriptions[log] = envelopes[^1].Sequence;
        }

        return any;
    }

    /// <summary>Hands envelopes to the engine as a server would.</summary>
    public bool Deliver(LogId log, IReadOnlyList<Envelope> envelopes) => Host.Run(engine => engine.Receive(log, envelopes, Now));

    public ConversationId Create(ConversationKind kind, string name, params TestDevice[] members)
    {
        var keyPackages = ImmutableArray.CreateBuilder<ReadOnlyMemory<byte>>();
        foreach (TestDevice member in members)
            keyPackages.AddRange(Claim(member.Handle));
        return Host.Run(engine => engine.Create(kind, name, MlsProfile.Suite, keyPackages.ToImmutable(), Now).Id);
    }

    public ImmutableArray<ReadOnlyMemory<byte>> Claim(Handle handle) => Host.Run(engine => engine.CheckKeyPackages(handle, MlsProfile.Suite, _server.Claim(handle.Value), Now)).Value;

    public MessageId Say(ConversationId conversation, string text) => Host.Run(engine => engine.Send(conversation, new OutgoingMessage.Text(text), Now)).Value;

    public void Add(ConversationId conversation, TestDevice member)
    {
        ImmutableArray<ReadOnlyMemory<byte>> keyPackages = Claim(member.Handle);
        Assert.True(Host.Run(engine => engine.Add(conversation, keyPackages, Now)).Succeeded);
    }

    public Conversation Read(ConversationId conversation) => Conversations.Single(c => c.Id == conversation);

    public IReadOnlyList<TimelineItem> Timeline(ConversationId conversation) => Host.Look(engine => engine.ReadTimeline(conversation, 10_000, long.MaxValue));

    /// <summary>The texts of a timeline in their order.</summary>
    public IReadOnlyList<string> Texts(ConversationId conversation) => [.. Timeline(conversation).Select(static item => item.Content).OfType<TimelineContent.Text>().Select(static text => text.Body)];

    /// <summary>The notices of a timeline in their order.</summary>
    public IReadOnlyList<string> Notices(ConversationId conversation) => [.. Timeline(conversation).Select(static item => item.Content).OfType<TimelineContent.Notice>().Select(static notice => notice.Sentence)];

    public void Dispose() => Host.Dispose();

    /// <summary>A further device of an account.</summary>
    private static LocalIdentity Certify(LocalIdentity account, DateTimeOffset now)
    {
        (Secret deviceKey, byte[] publicKey) = Crypto.GenerateSignatureKeyPair(SignatureAlgorithm.Ed25519);
        return DeviceId.TryParse(publicKey.AsSpan(0, 16), out DeviceId id)
            ? LocalIdentity.Of(Crypto, account.CloneAccountKey(), deviceKey, account.Certify(publicKey, id, now))
            : throw new InvalidOperationException("16 bytes are a device id.");
    }

    private EngineHost Load() => new(Crypto, Store, ClientEngine.Load(Crypto, Store) ?? throw new InvalidOperationException("No account."));

    private void Execute(EngineRequest request, bool losesReply)
    {
        switch (request)
        {
            case EngineRequest.Subscribe subscribe:
                SubscribeReply subscribed = _server.Subscribe(subscribe.Log, Device, subscribe.After);
                if (subscribed.Error == ErrorCode.None)
                    _subscriptions[subscribe.Log] = subscribed.After;
                Reply(losesReply, engine => engine.Subscribed(subscribe.Log, subscribed, Now));
                break;
            case EngineRequest.Append append:
                ErrorCode appended = _server.Append(append.Conversation, Device, ToFrame(append.Message)).Error;
                Reply(losesReply, engine => engine.Replied(append, new AppendReply(appended, default), Now));
                break;
            case EngineRequest.CreateLog create:
                ErrorCode created = _server.CreateGroup(create.Conversation, Device);
                Reply(losesReply, engine => engine.LogCreated(create, created == ErrorCode.None ? ClientResult.Success : ClientResult.Refuse(ErrorText.Of(created)), Now));
                break;
            case EngineRequest.CheckKeyPackages:
                foreach (CipherSuite suite in MlsProfile.Suites)
                {
                    (int count, bool hasLastResort) = _server.Stock(Device, suite);
                    _server.AddKeyPackages(Device, Host.Run(engine => engine.StockKnown(suite, count, hasLastResort, Now)));
                }

                Reply(losesReply, engine => engine.StockAdded(Now));
                break;
        }
    }

    private void Reply(bool isLost, Action<ClientEngine> answer)
    {
        if (isLost)
            Disconnect();
        else
            Host.Run(answer);
    }

    private static Append ToFrame(SealedMessage message)
    {
        var frame = new Append { MessageId = ByteString.CopyFrom(message.Id.Span), Message = ByteString.CopyFrom(message.Message.Span), Welcome = ByteString.CopyFrom(message.Welcome.Span) };
        frame.AddedDevices.Add(message.Added.Select(static device => ByteString.CopyFrom(device.ToArray())));
        frame.RemovedDevices.Add(message.Removed.Select(static device => ByteString.CopyFrom(device.ToArray())));
        return frame;
    }
}

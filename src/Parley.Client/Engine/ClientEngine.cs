using System.Diagnostics.CodeAnalysis;
using Parley.Client.Conversations;
using Parley.Client.Identity;
using Parley.Client.Outbox;
using Parley.Client.Receipts;
using Parley.Client.Store;
using Parley.Client.Transport;
using Parley.Contracts.Identity;
using Parley.Contracts.Wire;
using Parley.Mls.Crypto;
using Parley.Mls.Messages;

namespace Parley.Client.Engine;

/// <summary>
/// The whole client without a network, a clock or a thread: inputs go in (what the user wants, what the server sent, the time), and out come
/// one batch for the store and, afterwards, requests for the server. The owner writes the batch before it acts on anything else; if that
/// fails, it drops the engine and loads it again from what is stored, which is as if the input had never come. All calls are the owner's,
/// one at a time.
/// </summary>
internal sealed partial class ClientEngine : IDisposable
{
    private const ulong AcknowledgeEvery = 64;
    private const int EnvelopesPerFrameMax = 100_000;
    private const int GapsMax = 2;

    private static readonly byte[] InboxKey = "inbox"u8.ToArray();

    private readonly EngineContext _context;
    private readonly ConversationReceipts _receipts;
    private readonly ConversationReceiver _receiver;
    private readonly ConversationSender _sender;
    private readonly ConversationOpener _opener;
    private ulong _inboxCursor;
    private InboxSession _inbox = new();

    private ClientEngine(ICryptoProvider crypto, IClientStore store, Profile profile)
    {
        _context = new EngineContext(crypto, store, profile);
        _receipts = new ConversationReceipts(_context);
        _receiver = new ConversationReceiver(_context, _receipts);
        _sender = new ConversationSender(_context, _receiver, _receipts);
        _opener = new ConversationOpener(_context, _receiver);
        foreach (ConversationState conversation in ConversationState.LoadAll(_context))
            Conversations.Add(conversation.Id, conversation);
        _inboxCursor = store.Get(InboxKey) is { } stored ? System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(stored) : 0;
    }

    /// <summary>Who one is.</summary>
    public Profile Profile => _context.Profile;

    /// <summary>Whether every log has been read up to the head it had when this connection asked for it.</summary>
    public bool IsCaughtUp =>
        _inbox is { Head: { } head, Stock: Stock.Kept or Stock.Delayed or Stock.Renewed } && _inboxCursor >= head
        && Followed.All(static c => !c.HasLog || c.Session.IsHalted || (c.Session.HeadSequence is { } end && c.Record.Cursor >= end));

    /// <summary>Whether the server does not give a conversation what it needs, so that it rests until the next connection.</summary>
    public bool HasHalted => Followed.Any(static conversation => conversation.Session.IsHalted);

    /// <summary>Whether the server asks to wait with something that is queued.</summary>
    public bool IsHeldUp => Followed.Any(static conversation => conversation is { Head: not null, Session.RetryAt: not null });

    /// <summary>Whether everything has been sent: null while something can still go out.</summary>
    public ClientResult? FlushResult
    {
        get
        {
            // Handing over history may take long, and is nobody's own message.
            var waiting = Conversations.Values.Where(static conversation => conversation.Outbox.Any(static entry => entry.Work is not OutboxWork.HandOver)).ToList();
            if (waiting.Count == 0)
                return ClientResult.Success;
            return waiting.TrueForAll(static conversation => conversation.Session.IsHalted) ? ClientResult.Refuse(ClientErrorCode.ServerMisbehaved) : null;
        }
    }

    private Dictionary<ConversationId, ConversationState> Conversations => _context.Conversations;

    private IEnumerable<ConversationState> Followed => Conversations.Values.Where(static conversation => conversation.IsFollowed);

    /// <summary>The engine of the account in a store, or null if there is none.</summary>
    public static ClientEngine? Load(ICryptoProvider crypto, IClientStore store) =>
        Profile.Load(crypto, store) is { IsRegistered: true } profile ? new ClientEngine(crypto, store, profile) : null;

    /// <summary>Ends the step: what must be written now, before anything else happens.</summary>
    public EngineStep TakeStep()
    {
        foreach ((Handle handle, KnownAccounts.Meeting meeting, DateTimeOffset at) in _context.Step.KeyChanges)
        {
            foreach (ConversationState conversation in Followed.Where(followed => followed.Roster.Contains(handle)))
                conversation.AddNotice(Notices.KeyChanged(handle, meeting), at);
        }

        return _context.TakeStep();
    }

    /// <summary>A connection has been made, or is gone: what was known of the last one is void.</summary>
    public void ResetConnection()
    {
        _inbox = new InboxSession();
        foreach (ConversationState conversation in Conversations.Values)
            conversation.Set(new ConversationSession());
    }

    /// <summary>What the server is asked now. Each is asked once, until it is answered or the connection is gone.</summary>
    public IReadOnlyList<EngineRequest> TakeRequests(DateTimeOffset now)
    {
        var requests = new List<EngineRequest>();
        if (!_inbox.IsSubscribing)
        {
            _inbox = _inbox with { IsSubscribing = true, Acknowledged = _inboxCursor };
            requests.Add(new EngineRequest.Subscribe(LogId.Inbox, _inboxCursor));
        }

        if (_inbox.Stock == Stock.Unknown || (_inbox.Stock is Stock.Delayed or Stock.Kept && _inbox.StockAt <= now))
        {
            _inbox = _inbox with { Stock = _inbox.Stock == Stock.Kept ? Stock.Renewed : Stock.Asked };
            requests.Add(new EngineRequest.CheckKeyPackages());
        }

        if (_inboxCursor >= _inbox.Acknowledged + AcknowledgeEvery)
        {
            _inbox = _inbox with { Acknowledged = _inboxCursor };
            requests.Add(new EngineRequest.Acknowledge(LogId.Inbox, _inboxCursor));
        }

        _context.Devices.KeepUp(now);
        _context.Seeker.AskDue(now);
        _context.Giver.BeginDue(now);
        foreach (ConversationState conversation in Followed.ToList())
            AddRequests(conversation, requests, now);
        return requests;
    }

    /// <summary>
    /// When <see cref="TakeRequests"/> may have something new although nothing has come in. A time that is over does not count: it was looked
    /// at when it came, and whatever it still waits for comes in.
    /// </summary>
    public DateTimeOffset? NextTime(DateTimeOffset now) =>
        Followed.SelectMany(ConversationSender.Times).Concat(_context.Devices.Times).Concat(_context.Giver.Times)
            .Append(_inbox.Stock is Stock.Delayed or Stock.Kept ? _inbox.StockAt : null).Where(time => time > now).Min();

    /// <summary>A subscription has been answered.</summary>
    public bool Subscribed(LogId log, SubscribeReply reply, DateTimeOffset now)
    {
        (ErrorCode error, ulong head) = (reply.Error, reply.Head);
        bool isRead = log.Conversation is not { } id || Conversations.ContainsKey(id);
        ulong cursor = log.Conversation is { } known && Conversations.TryGetValue(known, out ConversationState? conversation) ? conversation.Record.Cursor : _inboxCursor;
        if (!isRead)
            return true;
        if (error == ErrorCode.CursorInvalid || (error == ErrorCode.None && head < cursor))
        {
            _context.Step.Blame(LogFault.Truncation);
            error = ErrorCode.CursorInvalid;
        }

        if (log.Conversation is null)
        {
            _inbox = _inbox with { Head = error == ErrorCode.None ? head : null };
            return error == ErrorCode.None;
        }

        ConversationState state = Conversations[log.Conversation.Value];
        bool isAccepted = error == ErrorCode.None;
        state.Set(state.Session with { HeadSequence = isAccepted ? head : null, ShownAfter = isAccepted ? reply.After : 0, LogEpoch = reply.Epoch, IsHalted = !isAccepted });
        _context.Step.Tell(new ClientEvent.ConversationChanged(state.Id));
        JoinWaiting(state, now);
        return true;
    }

    /// <summary>Envelopes of one log have come. False if the inbox's do not follow what has been read: nothing can go on without it.</summary>
    public bool Receive(LogId log, IReadOnlyList<Envelope> envelopes, DateTimeOffset now)
    {
        if (envelopes.Count > EnvelopesPerFrameMax)
            return false;
        foreach (Envelope envelope in envelopes)
        {
            if (log.Conversation is not { } id)
            {
                if (!ReceiveInbox(envelope, now))
                    return false;
            }
            else if (TryFind(id, out ConversationState? conversation) && conversation.IsFollowed && !ReceiveFollowed(conversation, envelope, now))
            {
                // What is behind a gap in one frame is no further gap.
                break;
            }
        }

        return true;
    }

    /// <summary>An append has been answered.</summary>
    public void Replied(EngineRequest.Append request, AppendReply reply, DateTimeOffset now)
    {
        if (TryFind(request.Conversation, out ConversationState? conversation))
            _sender.Replied(conversation, request, reply, now);
    }

    /// <summary>The making of a log has been answered.</summary>
    public void LogCreated(EngineRequest.CreateLog request, ClientResult result, DateTimeOffset now)
    {
        if (TryFind(request.Conversation, out ConversationState? conversation))
            _sender.LogCreated(conversation, request.Number, result, now);
    }

    /// <summary>The server has said how many KeyPackages of a suite it has: what it should get.</summary>
    public IReadOnlyList<byte[]> StockKnown(CipherSuite suite, int count, bool hasLastResort, DateTimeOffset now) =>
        _context.KeyPackages.Replenish(suite, count, hasLastResort, now, _context.Batch);

    /// <summary>The server has what <see cref="StockKnown"/> gave, of all suites.</summary>
    public void StockAdded(DateTimeOffset now)
    {
        _context.KeyPackages.MarkUploaded(_context.Batch);
        if (_inbox.Stock is Stock.Asked or Stock.Renewed)
            _inbox = _inbox with { Stock = Stock.Kept, StockAt = now + (MlsProfile.KeyPackageCheck * (0.5 + (RetryDelay.Fraction(_context.Crypto) / 2))) };
    }

    /// <summary>The server wants to be asked later about KeyPackages; nothing else waits for that.</summary>
    public void StockDelayed(DateTimeOffset until) => _inbox = _inbox with { Stock = Stock.Delayed, StockAt = until };

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (ConversationState conversation in Conversations.Values)
            conversation.Dispose();
        _context.Dispose();
    }

    private void AddRequests(ConversationState conversation, List<EngineRequest> requests, DateTimeOffset now)
    {
        if (conversation.HasLog && !conversation.Session.IsSubscribing)
        {
            conversation.Set(conversation.Session with { IsSubscribing = true, Acknowledged = conversation.Record.Cursor });
            requests.Add(new EngineRequest.Subscribe(new LogId(conversation.Id), conversation.Record.Cursor));
        }

        if (conversation.Record.Cursor >= conversation.Session.Acknowledged + AcknowledgeEvery)
        {
            conversation.Set(conversation.Session with { Acknowledged = conversation.Record.Cursor });
            requests.Add(new EngineRequest.Acknowledge(new LogId(conversation.Id), conversation.Record.Cursor));
        }

        if (conversation.Head is not null || conversation.Record.HasProposals)
            Mend(conversation, now);
        bool isInboxRead = _inbox.Head is { } head && _inboxCursor >= head;
        if (_sender.Next(conversation, isInboxRead, now) is { } request)
            requests.Add(request);
    }

    private bool ReceiveInbox(Envelope envelope, DateTimeOffset now)
    {
        if (envelope.Sequence <= _inboxCursor)
        {
            _context.Step.Blame(LogFault.Repetition);
            return true;
        }

        if (envelope.Sequence != _inboxCursor + 1)
        {
            _context.Step.Blame(LogFault.Gap);
            return false;
        }

        if (envelope.EntryCase == Envelope.EntryOneofCase.Welcome)
            ReceiveWelcome(envelope, now);
        else
            _context.Step.Blame(LogFault.Misplaced);
        _inbox = _inbox with { Stock = Stock.Unknown };
        _inboxCursor = envelope.Sequence;
        byte[] cursor = new byte[sizeof(ulong)];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(cursor, _inboxCursor);
        _context.Batch.Put(InboxKey, cursor);
        return true;
    }

    /// <summary>
    /// A Welcome into a conversation that this device follows waits until its log has been read up to the Welcome's Commit, or to the removal that
    /// came before: what was said until then is readable, and tells what has become of one's own messages.
    /// </summary>
    private void ReceiveWelcome(Envelope envelope, DateTimeOffset now)
    {
        if (ConversationId.TryParse(envelope.Welcome.Group.Span, out ConversationId id) && TryFind(id, out ConversationState? conversation) && conversation.IsFollowed)
        {
            Mend(conversation, now);
            conversation.Await(envelope);
            JoinWaiting(conversation, now);
        }
        else
        {
            Join(envelope, now);
        }
    }

    private void JoinWaiting(ConversationState conversation, DateTimeOffset now)
    {
        while (conversation.TakeWelcome() is { } envelope)
            Join(envelope, now);
    }

    private void Join(Envelope envelope, DateTimeOffset now)
    {
        if (_opener.TryJoin(envelope.Welcome, ServerTime.Read(envelope.ReceivedAtMs, now), now, out ConversationState? joined))
        {
            Conversations[joined.Id] = joined;
        }
        else
        {
            _context.Step.Blame(LogFault.WelcomeInvalid);
            if (ConversationId.TryParse(envelope.Welcome.Group.Span, out ConversationId id) && TryFind(id, out ConversationState? conversation))
                AskAgain(conversation, envelope.Welcome, ServerTime.Read(envelope.ReceivedAtMs, now));
        }
    }

    /// <summary>
    /// A Welcome that should have brought a device back does not, and its keys may be among what the device has forgotten: it asks to be added with
    /// others. A Commit that it has read, and still is a member after, brought nobody back.
    /// </summary>
    private void AskAgain(ConversationState conversation, InboxWelcome welcome, DateTimeOffset at)
    {
        if (conversation.Record.IsLost)
            conversation.Set(conversation.Record with { HasAskedToReturn = false });
        else if (conversation.Record.Cursor < welcome.CommitSequence && _opener.IsForOtherKeys(welcome))
            ConversationReceiver.LoseFrom(conversation, welcome.CommitSequence, at);
    }

    /// <summary>
    /// Processes one entry of a group's log. One that does not follow the last concerns this conversation alone: its log is asked for again,
    /// and if that does not help, the conversation rests until the next connection. False if it did not follow.
    /// </summary>
    private bool ReceiveFollowed(ConversationState conversation, Envelope envelope, DateTimeOffset now)
    {
        if (conversation.Session.IsHalted)
            return true;
        Mend(conversation, now);
        if (_receiver.Receive(conversation, envelope, now))
        {
            JoinWaiting(conversation, now);
            return true;
        }

        int gaps = conversation.Session.Gaps + 1;
        conversation.Set(new ConversationSession { Gaps = gaps, IsHalted = gaps > GapsMax, IsSubscribing = gaps > GapsMax });
        _context.Step.Tell(new ClientEvent.ConversationChanged(conversation.Id));
        return false;
    }

    /// <summary>Before a group is used it must be there; one that is damaged is given up, and the device asks to be added again.</summary>
    private static void Mend(ConversationState conversation, DateTimeOffset now)
    {
        if (conversation.IsFollowed && !conversation.IsGroupWhole)
            ConversationReceiver.LoseDamaged(conversation, now);
    }

    private bool TryFind(ConversationId id, [NotNullWhen(true)] out ConversationState? conversation) => Conversations.TryGetValue(id, out conversation);

    private enum Stock
    {
        Unknown,
        Asked,
        Kept,
        Delayed,

        /// <summary>Kept, and asked about again because time has passed.</summary>
        Renewed,
    }

    /// <summary>What the current connection knows of the inbox.</summary>
    private sealed record InboxSession
    {
        public bool IsSubscribing { get; init; }

        public ulong? Head { get; init; }

        public ulong Acknowledged { get; init; }

        /// <summary>How it stands with the KeyPackages on the server: unknown at the beginning and after one was used.</summary>
        public Stock Stock { get; init; }

        /// <summary>When to ask again: that was put off, or KeyPackages grow old.</summary>
        public DateTimeOffset StockAt { get; init; }
    }
}

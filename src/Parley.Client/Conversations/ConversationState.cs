using Google.Protobuf;
using Parley.Client.Engine;
using Parley.Client.Outbox;
using Parley.Client.Receipts;
using Parley.Client.Store;
using Parley.Contracts.Wire;
using Parley.Mls.Groups;
using Parley.Mls.Storage;

namespace Parley.Client.Conversations;

/// <summary>
/// One conversation in memory: its record, roster, outbox, and, once it is needed, its MLS group. Each change is also put into the step's
/// batch, so that what is in memory and what is stored are the same when the batch has been written.
/// </summary>
internal sealed class ConversationState : IDisposable
{
    private const int PreviewCharsMax = 120;
    private const int WelcomesMax = 16;
    private const int LookBackItems = 16;

    private readonly EngineContext _context;
    private readonly LinkedList<OutboxEntry> _outbox = [];
    private readonly Queue<Envelope> _welcomes = [];
    private Group? _group;
    private ReceiptBook? _receipts;
    private bool? _hasGroup;

    private ConversationState(EngineContext context, ConversationId id, ConversationRecord record, Roster roster)
    {
        _context = context;
        Id = id;
        Keys = new ConversationKeys(id);
        Record = record;
        Roster = roster;
    }

    public ConversationId Id { get; }

    public ConversationKeys Keys { get; }

    public ConversationRecord Record { get; private set; }

    public Roster Roster { get; private set; }

    /// <summary>When something last happened.</summary>
    public DateTimeOffset LastActivity { get; private set; } = DateTimeOffset.UnixEpoch;

    /// <summary>The last item in one line.</summary>
    public string LastText { get; private set; } = "";

    /// <summary>Who has got and read what, read from the store when first asked for.</summary>
    public ReceiptBook Receipts => _receipts ??= _context.Store.Get(Keys.Receipts) is { } stored ? ReceiptBook.Decode(stored) : ReceiptBook.Empty;

    /// <summary>What the current connection knows of it.</summary>
    public ConversationSession Session { get; private set; } = new();

    public IReadOnlyCollection<OutboxEntry> Outbox => _outbox;

    /// <summary>The entry whose turn it is.</summary>
    public OutboxEntry? Head => _outbox.First?.Value;

    /// <summary>Whether the log concerns this device: it is a member, or waits to be let go.</summary>
    public bool IsFollowed => Record.Membership is Membership.Active or Membership.Leaving;

    /// <summary>Whether the server has the log yet.</summary>
    public bool HasLog => Head?.Work is not OutboxWork.CreateLog;

    /// <summary>Whether its log has been read up to the end it had when the server answered.</summary>
    public bool IsCaughtUp => Session.HeadSequence is { } head && Record.Cursor >= head;

    /// <summary>The group, read from the store when first asked for.</summary>
    public Group Group => _group ??= Group.Restore(
        _context.GroupConfig,
        _context.Profile.Identity.Leaf,
        _context.Store.Read(new StoreRange(Keys.Group)).Select(e => KeyValuePair.Create<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(e.Key.AsMemory(Keys.Group.Length), e.Value)));

    /// <summary>Whether there is a group: a device that is lost may have none.</summary>
    public bool HasGroup => _hasGroup ??= _context.Store.ReadKeys(new StoreRange(Keys.Group, Limit: 1)).Count > 0;

    /// <summary>Whether what is stored of the group can be put together again; a device that is lost may have none.</summary>
    public bool IsGroupWhole
    {
        get
        {
            try
            {
                return (Record.IsLost && !HasGroup) || Group is not null;
            }
            catch (ArgumentException)
            {
                return false;
            }
            catch (ClientStoreException damage) when (damage.Code == ClientErrorCode.ProfileDamaged)
            {
                return false;
            }
        }
    }

    /// <summary>The epoch of the group; 0 where there is none.</summary>
    public ulong GroupEpoch => HasGroup ? Group.Epoch : 0;

    /// <summary>The epoch that what is sent now is for.</summary>
    public ulong Epoch => Record.LogEpoch ?? Group.Epoch;

    /// <summary>A conversation that is not in the store yet.</summary>
    public static ConversationState Create(EngineContext context, ConversationId id, ConversationRecord record) => new(context, id, record, Roster.Empty);

    /// <summary>Every conversation in the store.</summary>
    public static IEnumerable<ConversationState> LoadAll(EngineContext context)
    {
        foreach (StoreEntry stored in context.Store.Read(new StoreRange(ConversationKeys.Records)))
        {
            ConversationId id = ConversationKeys.OwnerOfRecord(stored.Key);
            byte[]? roster = context.Store.Get(new ConversationKeys(id).Roster);
            var state = new ConversationState(context, id, ConversationRecord.Decode(stored.Value), roster is null ? Roster.Empty : Roster.Decode(roster));
            foreach (StoreEntry entry in context.Store.Read(new StoreRange(state.Keys.Outbox)))
                state._outbox.AddLast(OutboxEntry.Decode(System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(entry.Key.AsSpan(state.Keys.Outbox.Length)), entry.Value));
            foreach (StoreEntry entry in context.Store.Read(new StoreRange(state.Keys.Welcomes)))
                state._welcomes.Enqueue(Envelope.Parser.ParseFrom(entry.Value));
            if (state._outbox.Last is { } last && last.Value.Number >= state.Record.NextOutboxNumber)
                state.Record = state.Record with { NextOutboxNumber = last.Value.Number + 1 };
            foreach (StoreEntry item in context.Store.Read(new StoreRange(state.Keys.Timeline, Limit: 1, Descending: true)))
                state.Show(TimelineRecord.Decode(item.Value));
            yield return state;
        }
    }

    /// <summary>Changes the record.</summary>
    public void Set(ConversationRecord record)
    {
        Record = record;
        _context.Batch.Put(Keys.Record, record.Encode());
        _context.Step.Tell(new ClientEvent.ConversationChanged(Id));
    }

    /// <summary>Changes the roster.</summary>
    public void Set(Roster roster)
    {
        Roster = roster;
        _context.Batch.Put(Keys.Roster, roster.Encode());
        _context.Step.Tell(new ClientEvent.ConversationChanged(Id));
    }

    /// <summary>Changes the receipts.</summary>
    public void Set(ReceiptBook receipts)
    {
        _receipts = receipts;
        _context.Batch.Put(Keys.Receipts, receipts.Encode());
    }

    /// <summary>Takes a group that was made or joined.</summary>
    public void Enter(Group group)
    {
        DeleteGroup();
        _group = group;
        _hasGroup = true;
        SaveGroup();
    }

    /// <summary>Drops a Commit of one's own that waits for its echo.</summary>
    public void ClearPendingCommit()
    {
        if (HasGroup)
            Group.ClearPendingCommit();
    }

    /// <summary>Puts what the group has changed into the batch.</summary>
    public void SaveGroup()
    {
        foreach (StateWrite write in _group?.TakeWrites() ?? [])
        {
            byte[] key = StoreKey.Of(Keys.Group, write.Key.ToArray());
            if (write.Value is { } value)
                _context.Batch.Put(key, value.ToArray());
            else
                _context.Batch.Delete(key);
        }
    }

    /// <summary>Forgets the group with all its keys.</summary>
    public void DeleteGroup()
    {
        _group?.Dispose();
        _group = null;
        _hasGroup = false;
        foreach (byte[] key in _context.Store.ReadKeys(new StoreRange(Keys.Group)))
            _context.Batch.Delete(key);
        // What this very step wrote is not in the store yet.
        foreach (StoreWrite write in _context.Batch.Writes.Where(write => write.Value is not null && write.Key.AsSpan().StartsWith(Keys.Group)).ToList())
            _context.Batch.Delete(write.Key);
    }

    /// <summary>Adds an item at the end of the timeline.</summary>
    public void Add(TimelineRecord item)
    {
        // Nobody reads what the account's devices say to each other.
        if (Record.Kind == ConversationKind.Devices)
            return;
        long order = Record.LastOrder + 1;
        _context.Batch.Put(StoreKey.Of(Keys.Timeline, StoreKey.OfNumber(order)), item.Encode());
        if (item.Id is { } id)
        {
            _context.Batch.Put(StoreKey.Of(Keys.Messages, id.ToArray()), StoreKey.OfNumber(order));
            _context.Step.NewMessages[(Id, id)] = order;
        }

        if (item is { Body: TimelineBody.Unreadable, Sequence: > 0 })
            _context.Batch.Put(UnreadableKey(item.Sequence), StoreKey.OfNumber(order));
        bool isUnread = item.State == DeliveryState.Received && item.Body is not TimelineBody.Notice;
        Show(item);
        Set(Record with { LastOrder = order, Unread = Record.Unread + (isUnread ? 1 : 0) });
        _context.Step.Tell(new ClientEvent.TimelineChanged(Id));
    }

    /// <summary>Puts a message at a place that was kept for what is handed over. The first of all, if there is nothing newer, is what the conversation's line shows.</summary>
    public void Fill(long order, TimelineRecord item)
    {
        PutMessage(order, item);
        if (Record.LastOrder == order + 1)
        {
            Show(item);
            _context.Step.Tell(new ClientEvent.ConversationChanged(Id));
        }
    }

    /// <summary>Puts a message where one stands that could not be read; false if there is none.</summary>
    public bool TryReplaceUnreadable(TimelineRecord item)
    {
        if (item.Sequence == 0 || _context.Store.Get(UnreadableKey(item.Sequence)) is not { } stored)
            return false;
        PutMessage(System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(stored), item);
        _context.Batch.Delete(UnreadableKey(item.Sequence));
        return true;
    }

    /// <summary>Marks items as read; false if they are already.</summary>
    public bool MarkRead(long upToOrder)
    {
        if (upToOrder <= Record.ReadUpTo)
            return false;
        long order = Math.Min(upToOrder, Record.LastOrder);
        int unread = 0;
        foreach (StoreEntry entry in _context.Store.Read(new StoreRange(Keys.Timeline, Start: StoreKey.Of(Keys.Timeline, StoreKey.OfNumber(order)))))
        {
            TimelineRecord item = TimelineRecord.Decode(entry.Value);
            unread += item is { State: DeliveryState.Received, Body: not TimelineBody.Notice } ? 1 : 0;
        }

        Set(Record with { ReadUpTo = order, Unread = unread });
        return true;
    }

    /// <summary>The last message up to an order.</summary>
    public MessageId? LastMessage(long order)
    {
        byte[] start = StoreKey.Of(Keys.Timeline, StoreKey.OfNumber(order + 1));
        return _context.Store.Read(new StoreRange(Keys.Timeline, LookBackItems, Descending: true, start)).Select(static entry => TimelineRecord.Decode(entry.Value).Id).FirstOrDefault(static id => id is not null);
    }

    /// <summary>Adds a notice.</summary>
    public void AddNotice(string sentence, DateTimeOffset at) =>
        Add(new TimelineRecord(at, Sender: null, Id: null, DeliveryState.Received, new TimelineBody.Notice(sentence)));

    /// <summary>The order of a message in the timeline, or null if it is not there.</summary>
    public long? OrderOf(MessageId message)
    {
        if (_context.Step.NewMessages.TryGetValue((Id, message), out long order))
            return order;
        return _context.Store.Get(StoreKey.Of(Keys.Messages, message.ToArray())) is { } stored ? System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(stored) : null;
    }

    /// <summary>Appends work to the outbox and returns its number.</summary>
    public long Queue(OutboxWork work, DateTimeOffset now)
    {
        var entry = new OutboxEntry(Record.NextOutboxNumber, now, work, Sealed: null);
        _outbox.AddLast(entry);
        Put(entry);
        // Not written by itself: the entry says as much, and the record is written with whatever comes of it.
        Record = Record with { NextOutboxNumber = entry.Number + 1 };
        _context.Step.Tell(new ClientEvent.ConversationChanged(Id));
        return entry.Number;
    }

    /// <summary>Puts work before all else. What was first must not have been sealed.</summary>
    public void QueueFirst(OutboxWork work, DateTimeOffset now)
    {
        // Numbers are only names and an order: the first place is one below the lowest.
        var entry = new OutboxEntry((Head?.Number ?? Record.NextOutboxNumber) - 1, now, work, Sealed: null);
        _outbox.AddFirst(entry);
        Put(entry);
    }

    /// <summary>Replaces the head by the same entry in another state.</summary>
    public void ReplaceHead(OutboxEntry entry)
    {
        _outbox.RemoveFirst();
        _outbox.AddFirst(entry);
        Put(entry);
    }

    /// <summary>Takes the head out of the outbox: it has come to its end.</summary>
    public void FinishHead(ClientResult result)
    {
        OutboxEntry entry = Head ?? throw new InvalidOperationException("The outbox is empty.");
        _outbox.RemoveFirst();
        _context.Batch.Delete(OutboxKey(entry.Number));
        _context.Step.Finish(Id, entry.Number, result);
        _context.Step.Tell(new ClientEvent.TimelineChanged(Id));
        Session = Session with { InFlight = false, IsAppended = false, RetryAt = null, Failures = 0 };
    }

    /// <summary>A message of one's own stands in the log: where the outbox still has it, from an old copy that it was restored from, it is not sent again.</summary>
    public void Withdraw(MessageId message)
    {
        if (_outbox.FirstOrDefault(entry => entry.Work is OutboxWork.Message work && work.Id == message) is not { } entry)
            return;
        if (entry == Head)
        {
            FinishHead(ClientResult.Success);
            return;
        }

        Remove(entry);
        _context.Step.Finish(Id, entry.Number, ClientResult.Success);
    }

    /// <summary>Takes an entry out of the outbox that has not been sealed, and so has not left this device.</summary>
    public void Cancel(OutboxEntry entry)
    {
        if (entry.Sealed is not null || !_outbox.Contains(entry))
            throw new InvalidOperationException("Only what waits can be cancelled.");
        Remove(entry);
    }

    /// <summary>Keeps a Welcome until it is its turn. There are as many as this device was removed and added while it was away; of very many, the oldest go.</summary>
    public void Await(Envelope welcome)
    {
        if (_welcomes.Count == WelcomesMax)
            _context.Batch.Delete(WelcomeKey(_welcomes.Dequeue()));
        _welcomes.Enqueue(welcome);
        _context.Batch.Put(WelcomeKey(welcome), welcome.ToByteArray());
    }

    /// <summary>Takes the next Welcome out of those that wait, if its turn has come: no more is to be read of the log before it.</summary>
    public Envelope? TakeWelcome()
    {
        if (!_welcomes.TryPeek(out Envelope? next) || (IsFollowed && Math.Max(Record.Cursor, Session.ShownAfter) < next.Welcome.CommitSequence))
            return null;
        _context.Batch.Delete(WelcomeKey(next));
        return _welcomes.Dequeue();
    }

    /// <summary>Changes what the current connection knows.</summary>
    public void Set(ConversationSession session) => Session = session;

    public void Dispose() => _group?.Dispose();

    private void Show(TimelineRecord item)
    {
        LastActivity = item.At;
        LastText = Preview(item.Content);
    }

    private static string Preview(TimelineContent content)
    {
        string text = content switch
        {
            TimelineContent.Text { Body: var body } => body,
            TimelineContent.Action { Body: var body } => body,
            TimelineContent.Notice { Sentence: var sentence } => sentence,
            TimelineContent.Unknown { ContentType: var type } => type,
            TimelineContent.Unreadable { Why: var why } => why,
            _ => throw new InvalidOperationException("All kinds of items are named."),
        };
        string line = text.ReplaceLineEndings(" ");
        return line.Length <= PreviewCharsMax ? line : line[..(char.IsHighSurrogate(line[PreviewCharsMax - 1]) ? PreviewCharsMax - 1 : PreviewCharsMax)];
    }

    private byte[] WelcomeKey(Envelope welcome) => StoreKey.Of(Keys.Welcomes, StoreKey.OfNumber((long)welcome.Sequence));

    private byte[] UnreadableKey(ulong sequence) => StoreKey.Of(Keys.Unreadable, StoreKey.OfNumber((long)sequence));

    private void Remove(OutboxEntry entry)
    {
        _outbox.Remove(entry);
        _context.Batch.Delete(OutboxKey(entry.Number));
        _context.Step.Tell(new ClientEvent.TimelineChanged(Id));
    }

    private void PutMessage(long order, TimelineRecord item)
    {
        MessageId id = item.Id ?? throw new InvalidOperationException("Only messages are handed over.");
        _context.Batch.Put(StoreKey.Of(Keys.Timeline, StoreKey.OfNumber(order)), item.Encode());
        _context.Batch.Put(StoreKey.Of(Keys.Messages, id.ToArray()), StoreKey.OfNumber(order));
        _context.Step.NewMessages[(Id, id)] = order;
    }

    private byte[] OutboxKey(long number) => StoreKey.Of(Keys.Outbox, StoreKey.OfNumber(number));

    private void Put(OutboxEntry entry)
    {
        _context.Batch.Put(OutboxKey(entry.Number), entry.Encode());
        _context.Step.Tell(new ClientEvent.TimelineChanged(Id));
    }
}

/// <summary>What the current connection knows of a conversation. Forgotten with the connection.</summary>
internal sealed record ConversationSession
{
    /// <summary>Whether the log has been asked for.</summary>
    public bool IsSubscribing { get; init; }

    /// <summary>The log's end when the server answered; null before.</summary>
    public ulong? HeadSequence { get; init; }

    /// <summary>The entry behind which the server shows the log, if it has answered: later than the cursor if this device was no member in between.</summary>
    public ulong ShownAfter { get; init; }

    /// <summary>The epoch that the log was in when the server answered.</summary>
    public ulong LogEpoch { get; init; }

    /// <summary>Whether the outbox's head is with the server.</summary>
    public bool InFlight { get; init; }

    /// <summary>Whether the server has acknowledged the head, which the log has not echoed yet.</summary>
    public bool IsAppended { get; init; }

    /// <summary>When the head may be tried again.</summary>
    public DateTimeOffset? RetryAt { get; init; }

    /// <summary>How often the head has been refused for now.</summary>
    public int Failures { get; init; }

    /// <summary>When the others are told what this device has and what was read; null if there is nothing to tell.</summary>
    public DateTimeOffset? ReceiptAt { get; init; }

    /// <summary>When they were last told.</summary>
    public DateTimeOffset? ReceiptSentAt { get; init; }

    /// <summary>Whether it has been looked for what an earlier connection left to tell.</summary>
    public bool HasLookedForReceipts { get; init; }

    /// <summary>When it is this member's turn to commit what others have proposed.</summary>
    public DateTimeOffset? CommitAt { get; init; }

    /// <summary>When this device gives its leaf new keys, once that has been worked out.</summary>
    public DateTimeOffset? UpdateAt { get; init; }

    /// <summary>The epoch that must have passed before the head is sealed again: the server knows of a later one than we do.</summary>
    public ulong? SealAfterEpoch { get; init; }

    /// <summary>How often an entry came that did not follow the last one.</summary>
    public int Gaps { get; init; }

    /// <summary>Whether the server refuses what this conversation needs, until the next connection.</summary>
    public bool IsHalted { get; init; }

    /// <summary>The cursor the server was last told.</summary>
    public ulong Acknowledged { get; init; }
}

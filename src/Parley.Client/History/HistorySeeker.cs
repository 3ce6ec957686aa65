using System.Collections.Immutable;
using Parley.Client.Content;
using Parley.Client.Conversations;
using Parley.Client.Engine;
using Parley.Client.Outbox;
using Parley.Client.Store;
using Parley.Contracts.Identity;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;

namespace Parley.Client.History;

/// <summary>
/// Asks for what this device was not there for, and takes in what it is handed. A message is known by its id, which follows from its content, so
/// that nothing is shown twice however often and by however many it comes. Each part goes into one batch with what is then still missing, so that a
/// crash costs nothing but a part that is sent again.
/// </summary>
internal sealed class HistorySeeker
{
    private const int AtOnceMax = 4;

    // Places in a timeline that are kept for what is handed over.
    private const long Orders = 1L << 32;

    private static readonly byte[] Prefix = "h/"u8.ToArray();
    private static readonly byte[] KeyPrefix = "hk/"u8.ToArray();

    // A wish stays in the log, so whoever comes online later still reads it. It is made again only where all who read it have gone for good.
    private static readonly TimeSpan Patience = TimeSpan.FromDays(1);

    private readonly EngineContext _context;
    private readonly Dictionary<ConversationId, HistoryAsk> _asks = [];

    public HistorySeeker(EngineContext context)
    {
        _context = context;
        foreach (StoreEntry stored in context.Store.Read(new StoreRange(Prefix)))
        {
            var ask = HistoryAsk.Decode(stored.Value);
            _asks.Add(ask.Range.Conversation, ask);
        }
    }

    /// <summary>How far each has got.</summary>
    public IEnumerable<HistoryProgress> Progress =>
        _asks.Values.Select(static ask => new HistoryProgress(ask.Range.Conversation, ask.Received, Math.Max(ask.Received, ask.Total), To: null));

    /// <summary>Whether something is missing that the account's other devices have.</summary>
    public bool SeeksOwn => _asks.Values.Any(static ask => ask.IsOwn);

    /// <summary>Whether something of a conversation is still missing.</summary>
    public bool Seeks(ConversationId conversation) => _asks.ContainsKey(conversation);

    /// <summary>
    /// Notes that messages are missing, and keeps places for them behind all that is in the timeline; those that stand in it as unreadable get theirs. One
    /// wish for each conversation: what an earlier one still lacks is asked for with it.
    /// </summary>
    /// <param name="conversation">In which conversation.</param>
    /// <param name="after">The place in its log that all of them are above.</param>
    /// <param name="before">The place in its log that all of them are below.</param>
    /// <param name="isOwn">Whether the account's other devices are asked; otherwise the members.</param>
    public void Seek(ConversationState conversation, ulong after, ulong before, bool isOwn)
    {
        long floorOrder = conversation.Record.LastOrder;
        conversation.Set(conversation.Record with { LastOrder = floorOrder + Orders });
        if (_asks.TryGetValue(conversation.Id, out HistoryAsk? earlier))
            after = Math.Min(after, earlier.Range.After);
        Put(new HistoryAsk(new HistoryRange(_context.Random(HistoryRange.IdBytes), conversation.Id, after, before), isOwn, conversation.Record.LastOrder, floorOrder));
    }

    /// <summary>Asks for what is missing, a few conversations at a time, where there is somebody to ask.</summary>
    public void AskDue(DateTimeOffset now)
    {
        int asked = _asks.Values.Count(ask => IsAsked(ask, now));
        foreach (HistoryAsk ask in _asks.Values.Where(ask => !IsAsked(ask, now)).ToList())
        {
            if (asked >= AtOnceMax)
                return;
            ConversationState? channel = ask.IsOwn ? _context.Devices.Group : _context.Conversations.GetValueOrDefault(ask.Range.Conversation);
            if (channel is not { IsCaughtUp: true, Record: { IsLost: false, Membership: Membership.Active } } || (ask.IsOwn && _context.Devices.Others.IsEmpty))
                continue;
            channel.Queue(OutgoingContent.Internal(_context, new InternalMessage.Ask(ask.Range, KeyOf(ask))), now);
            Put(ask with { HeardAt = now });
            asked++;
        }
    }

    /// <summary>Takes in a part of what this device has asked for. What was sealed to another, or for a wish that is met, is passed over.</summary>
    public void Receive(ConversationState channel, DeviceCertificate sender, InternalMessage.HandOver part, DateTimeOffset now)
    {
        HistoryAsk? ask = _asks.Values.FirstOrDefault(ask => ask.Range.Id.Span.SequenceEqual(part.AskId.Span));
        if (ask is null || (ask.IsOwn ? channel.Record.Kind != ConversationKind.Devices : channel.Id != ask.Range.Conversation))
            return;
        if (!_context.Conversations.TryGetValue(ask.Range.Conversation, out ConversationState? conversation) || Open(ask, part) is not { } items)
            return;
        foreach (HistoryItem item in items.Where(item => ask.Range.Contains(item.Sequence)))
            ask = Take(conversation, ask, item with { HandedOverBy = ask.IsOwn ? item.HandedOverBy : sender.Handle }, now);
        _context.Step.Tell(new ClientEvent.TimelineChanged(conversation.Id));
        _context.Step.Tell(new ClientEvent.HistoryChanged());
        if (part.IsLast)
            Drop(conversation.Id);
        else
            Put(ask with { Range = ask.Range with { Before = Math.Min(ask.Range.Before, part.Floor) }, Total = part.Total, HeardAt = now });
    }

    /// <summary>Gives up on a conversation.</summary>
    public void Drop(ConversationId conversation)
    {
        if (!_asks.Remove(conversation))
            return;
        _context.Batch.Delete(StoreKey.Of(Prefix, conversation.ToArray()));
        _context.Batch.Delete(StoreKey.Of(KeyPrefix, conversation.ToArray()));
    }

    private static bool IsAsked(HistoryAsk ask, DateTimeOffset now) => ask.HeardAt is { } heard && heard + Patience > now;

    private HistoryAsk Take(ConversationState conversation, HistoryAsk ask, HistoryItem item, DateTimeOffset now)
    {
        if (!MimiCodec.TryDecode(item.Mimi, out MimiContent? content) || MessageBody.Read(content) is MessageBody.Profile or MessageBody.Receipt or MessageBody.Internal)
            return ask;
        MessageId id = MimiIdentifier.Derive(
            _context.Crypto, MimiIdentifier.SenderUri(_context.Server, item.Sender), MimiIdentifier.RoomUri(_context.Server, conversation.Id), item.Mimi.Span, content.Salt.Span);
        if (conversation.OrderOf(id) is not null)
            return ask with { Received = ask.Received + 1 };
        DeliveryState state = item.Sender == _context.Self ? DeliveryState.Sent : DeliveryState.Received;
        DateTimeOffset at = ServerTime.Read((ulong)item.At.ToUnixTimeMilliseconds(), now);
        var record = new TimelineRecord(at, item.Sender, id, state, new TimelineBody.Message(item.Mimi)) { Sequence = item.Sequence, HandedOverBy = item.HandedOverBy };
        if (conversation.TryReplaceUnreadable(record))
            return ask with { Received = ask.Received + 1 };
        if (ask.Order <= ask.FloorOrder)
            return ask;
        conversation.Fill(ask.Order, record);
        return ask with { Order = ask.Order - 1, Received = ask.Received + 1 };
    }

    private ImmutableArray<HistoryItem>? Open(HistoryAsk ask, InternalMessage.HandOver part)
    {
        if (_context.Store.Get(StoreKey.Of(KeyPrefix, ask.Range.Conversation.ToArray())) is not { } stored)
            return null;
        var reader = new TlsReader(stored);
        using var keys = new HpkeKeyPair(new Secret(reader.ReadVector().Span), reader.ReadVector().ToArray());
        System.Security.Cryptography.CryptographicOperations.ZeroMemory(stored);
        return HistorySeal.Open(_context.Crypto, ask.Range, keys, part.KemOutput.Span, part.Ciphertext.Span);
    }

    /// <summary>The public key of a wish; a new one where it has none.</summary>
    private byte[] KeyOf(HistoryAsk ask)
    {
        byte[] key = StoreKey.Of(KeyPrefix, ask.Range.Conversation.ToArray());
        using HpkeKeyPair keys = HistorySeal.NewKeyPair(_context.Crypto);
        var writer = new TlsWriter();
        writer.WriteVector(keys.PrivateKey.AsSpan());
        writer.WriteVector(keys.PublicKey);
        _context.Batch.Put(key, writer.ToArray());
        writer.Clear();
        return keys.PublicKey;
    }

    private void Put(HistoryAsk ask)
    {
        _asks[ask.Range.Conversation] = ask;
        _context.Batch.Put(StoreKey.Of(Prefix, ask.Range.Conversation.ToArray()), ask.Encode());
    }
}

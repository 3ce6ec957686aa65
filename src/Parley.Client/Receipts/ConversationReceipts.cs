using System.Buffers.Binary;
using Parley.Client.Conversations;
using Parley.Client.Engine;
using Parley.Client.Outbox;
using Parley.Client.Store;
using Parley.Client.Transport;
using Parley.Contracts.Identity;

namespace Parley.Client.Receipts;

/// <summary>
/// Tells the others what this device has and what its user has read, and hears it from them. One receipt stands for all that came since the
/// last; it waits a while, the longer the more people there are, so that a group hears about one a second whoever says how much in it; in a large
/// group there is none at all. Nothing is told before the log has been read to its end, nothing answers a receipt, and nothing is committed
/// for the sake of one.
/// </summary>
internal sealed class ConversationReceipts(EngineContext context)
{
    /// <summary>The most people of a conversation in which there are receipts.</summary>
    public const int MembersMax = 16;

    private const int PageItems = 64;
    private const int PagesMax = 8;
    private static readonly TimeSpan DelayMin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DelayPerMember = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>Whether there are receipts in a conversation as it is now.</summary>
    public static bool AreIn(ConversationState conversation) => conversation.Roster.Entries.Count is > 1 and <= MembersMax;

    /// <summary>Something has come or was read: a receipt is due in a while, if none is yet.</summary>
    public void Schedule(ConversationState conversation, DateTimeOffset now)
    {
        if (conversation.Session.ReceiptAt is not null || conversation.Record.Membership != Membership.Active || !AreIn(conversation))
            return;
        DateTimeOffset earliest = now + DelayMin;
        if (conversation.Session.ReceiptSentAt is { } last && last + Interval > earliest)
            earliest = last + Interval;
        TimeSpan jitter = DelayPerMember * (conversation.Roster.Entries.Count * RetryDelay.Fraction(context.Crypto));
        conversation.Set(conversation.Session with { ReceiptAt = earliest + jitter });
    }

    /// <summary>Queues the receipt that is due; called when the log has been read to its end and nothing else is to be sent.</summary>
    public void QueueDue(ConversationState conversation, DateTimeOffset now)
    {
        if (!conversation.Session.HasLookedForReceipts)
        {
            // What came or was read while there was no connection, or in a life that has ended.
            conversation.Set(conversation.Session with { HasLookedForReceipts = true });
            if (AreIn(conversation) && Compose(conversation) is not null)
                Schedule(conversation, now);
        }

        if (conversation.Session.ReceiptAt is not { } due || due > now)
            return;
        conversation.Set(conversation.Session with { ReceiptAt = null, ReceiptSentAt = now });
        if (AreIn(conversation) && Compose(conversation) is not null)
            conversation.Queue(new OutboxWork.Receipt(0, 0), now);
    }

    /// <summary>What there is to tell now, and up to which orders; null if it was told.</summary>
    public (Receipt Receipt, OutboxWork.Receipt Work)? Compose(ConversationState conversation)
    {
        ReceiptBook book = conversation.Receipts;
        if (LastReceived(conversation, conversation.Record.LastOrder, book.Announced) is not { } delivered)
        {
            if (book.Announced == 0 || LastReceived(conversation, book.Announced, book.Announced - 1) is not { } told)
                return null;
            delivered = told;
        }

        (long Order, MessageId Id)? read = context.Settings.SendsReadReceipts ? LastReceived(conversation, conversation.Record.ReadUpTo, book.AnnouncedRead) : null;
        if (delivered.Order <= book.Announced && read is null)
            return null;
        MessageId? since = book.BrokenAt > book.Announced ? FirstReceived(conversation, book.BrokenAt, delivered) : null;
        var work = new OutboxWork.Receipt(delivered.Order, read?.Order ?? book.AnnouncedRead);
        return (new Receipt(delivered.Id, since, read?.Id), work);
    }

    /// <summary>The others have been told.</summary>
    public static void Announced(ConversationState conversation, OutboxWork.Receipt work) => conversation.Set(conversation.Receipts with
    {
        Announced = Math.Max(conversation.Receipts.Announced, work.DeliveredUpTo),
        AnnouncedRead = Math.Max(conversation.Receipts.AnnouncedRead, work.ReadUpTo),
    });

    /// <summary>Something stands in the timeline in the place of a message that this device does not have.</summary>
    public static void Break(ConversationState conversation) => conversation.Set(conversation.Receipts with { BrokenAt = conversation.Record.LastOrder });

    /// <summary>This device has come in: what stands in the timeline is not from the log.</summary>
    public static void Enter(ConversationState conversation) =>
        conversation.Set(conversation.Receipts with { BrokenAt = conversation.Record.LastOrder, EnteredAt = conversation.Record.LastOrder });

    /// <summary>A receipt has come. Of messages that this device does not know it says nothing to it.</summary>
    public void Hear(ConversationState conversation, Handle sender, Receipt receipt)
    {
        if (!AreIn(conversation) || !conversation.Roster.Contains(sender) || conversation.OrderOf(receipt.Delivered) is not { } delivered)
            return;
        long? read = receipt.Read is { } lastRead ? conversation.OrderOf(lastRead) : null;
        ReceiptBook book = conversation.Receipts;
        if (sender == context.Self)
        {
            // Another device of one's own has told it already.
            Announced(conversation, new OutboxWork.Receipt(delivered, read ?? 0));
            return;
        }

        long? since = null;
        if (receipt.Since is { } first)
        {
            // An unknown beginning is taken for the end: less is claimed than was said, never more.
            since = conversation.OrderOf(first) is { } known && known <= delivered ? known : delivered;
        }

        ReceiptMarks before = book.Of(sender.Value);
        ReceiptMarks after = before.After(delivered, since, read);
        if (after == before)
            return;
        conversation.Set(book with { Others = book.Others.SetItem(sender.Value, after) });
        context.Step.Tell(new ClientEvent.TimelineChanged(conversation.Id));
    }

    /// <summary>People have come and gone: what was said before somebody came was not for them.</summary>
    public static void Follow(ConversationState conversation, IEnumerable<Handle> added)
    {
        ReceiptBook book = conversation.Receipts;
        ReceiptBook next = book with { Others = book.Others.RemoveRange(book.Others.Keys.Where(handle => !conversation.Roster.Entries.ContainsKey(handle))) };
        if (AreIn(conversation))
            next = added.Aggregate(next, (one, handle) => one.With(handle, conversation.Record.LastOrder));
        if (next.Others != book.Others)
            conversation.Set(next);
    }

    /// <summary>How far a message of one's own is.</summary>
    public DeliveryState StateOf(ConversationState conversation, long order) => AreIn(conversation)
        ? conversation.Receipts.StateOf(order, conversation.Roster.Entries.Keys.Where(handle => handle != context.Self.Value))
        : DeliveryState.Sent;

    /// <summary>The last message of somebody else's at an order or before it, and after another.</summary>
    private (long Order, MessageId Id)? LastReceived(ConversationState conversation, long upTo, long after)
    {
        long before = upTo + 1;
        for (int page = 0; page < PagesMax && before > after + 1; page++)
        {
            IReadOnlyList<StoreEntry> entries = context.Store.Read(
                new StoreRange(conversation.Keys.Timeline, PageItems, Descending: true, Start: StoreKey.Of(conversation.Keys.Timeline, StoreKey.OfNumber(before))));
            foreach (StoreEntry entry in entries)
            {
                before = OrderOf(conversation, entry);
                if (before <= after)
                    return null;
                if (TimelineRecord.Decode(entry.Value) is { State: DeliveryState.Received, Id: { } id })
                    return (before, id);
            }

            if (entries.Count < PageItems)
                return null;
        }

        return null;
    }

    /// <summary>The first message of somebody else's after an order; the last one of them if it is not near.</summary>
    private MessageId FirstReceived(ConversationState conversation, long after, (long Order, MessageId Id) last)
    {
        IReadOnlyList<StoreEntry> entries = context.Store.Read(
            new StoreRange(conversation.Keys.Timeline, PageItems, Start: StoreKey.Of(conversation.Keys.Timeline, StoreKey.OfNumber(after))));
        foreach (StoreEntry entry in entries)
        {
            if (OrderOf(conversation, entry) < last.Order && TimelineRecord.Decode(entry.Value) is { State: DeliveryState.Received, Id: { } id })
                return id;
        }

        return last.Id;
    }

    private static long OrderOf(ConversationState conversation, StoreEntry entry) => BinaryPrimitives.ReadInt64BigEndian(entry.Key.AsSpan(conversation.Keys.Timeline.Length));
}

using Parley.Client.Engine;
using Parley.Client.Outbox;
using Parley.Client.Receipts;
using Parley.Client.Transport;
using Parley.Contracts.Wire;
using Parley.Mls.Messages.Framing;

namespace Parley.Client.Conversations;

/// <summary>
/// Works a conversation's outbox off, one entry at a time, so that what a user sends arrives in the order in which it was sent. Nothing is
/// sealed before the log has been read to its end: only then is it for the members there are.
/// </summary>
internal sealed partial class ConversationSender(EngineContext context, ConversationReceiver receiver, ConversationReceipts receipts)
{
    /// <summary>What is to be sent next, or null if there is nothing or it is not time.</summary>
    /// <param name="conversation">Whose outbox.</param>
    /// <param name="isInboxRead">Whether no Welcome can be on its way.</param>
    /// <param name="now">The time.</param>
    public EngineRequest? Next(ConversationState conversation, bool isInboxRead, DateTimeOffset now)
    {
        if (isInboxRead)
            AskToReturn(conversation, now);
        QueueDueCommit(conversation, now);
        if (isInboxRead)
            QueueDueUpdate(conversation, now);
        if (MayConfirm(conversation))
            receipts.QueueDue(conversation, now);
        while (conversation is { IsFollowed: true, Head: { } head } && IsReady(conversation, head, now))
        {
            if (head.Work is OutboxWork.CreateLog)
            {
                conversation.Set(conversation.Session with { InFlight = true });
                return new EngineRequest.CreateLog(conversation.Id, head.Number);
            }

            if (head.Sealed is null && !TrySeal(conversation, head, now))
                continue;
            if (conversation.Head is not { Sealed: { } message } ready)
                continue;
            conversation.Set(conversation.Session with { InFlight = true });
            return new EngineRequest.Append(conversation.Id, ready.Number, message);
        }

        return null;
    }

    /// <summary>Seals what was just queued, if it can leave at once: it is stored once, and not a second time sealed.</summary>
    public void SealNow(ConversationState conversation, DateTimeOffset now)
    {
        if (conversation is { IsFollowed: true, Head: { Sealed: null } head, Outbox.Count: 1 } && IsReady(conversation, head, now))
            TrySeal(conversation, head, now);
    }

    /// <summary>Queues the receipt that is planned, if there is one, without waiting for its time.</summary>
    public void HurryReceipt(ConversationState conversation, DateTimeOffset now)
    {
        if (!MayConfirm(conversation))
            return;
        receipts.QueueDue(conversation, now);
        if (conversation.Session.ReceiptAt is { } planned)
            receipts.QueueDue(conversation, planned);
    }

    /// <summary>The server has answered an append.</summary>
    public void Replied(ConversationState conversation, EngineRequest.Append request, AppendReply reply, DateTimeOffset now)
    {
        if (conversation.Head is not { } head || head.Number != request.Number)
            return;
        conversation.Set(conversation.Session with { InFlight = false });
        if (head.Sealed is not { } message || !message.Id.Span.SequenceEqual(request.Message.Id.Span))
            return;
        switch (reply.Error)
        {
            case ErrorCode.None:
                // Durable; it leaves the outbox when the log echoes it, which is what gives it its place.
                conversation.Set(conversation.Session with { IsAppended = true });
                context.Step.Tell(new ClientEvent.TimelineChanged(conversation.Id));
                break;
            case ErrorCode.EpochTaken or ErrorCode.EpochTooOld:
                Unseal(conversation, head);
                // Unless the Commit that it lost to has been read meanwhile, and is none: then it is made again, and names that one.
                if (conversation.Record.RefusedCommit == Supersedes(message))
                    conversation.Set(conversation.Session with { SealAfterEpoch = message.Epoch });
                break;
            case ErrorCode.MessageIdReused:
                Unseal(conversation, head);
                break;
            case ErrorCode.RateLimited or ErrorCode.Overloaded or ErrorCode.StoreUnavailable or ErrorCode.Internal:
                Delay(conversation, reply.RetryAfter, now);
                break;
            case ErrorCode.NotAMember or ErrorCode.EpochUnknown or ErrorCode.Unauthenticated or ErrorCode.Forbidden:
                // The log will show why, or the next connection will.
                conversation.Set(conversation.Session with { IsHalted = true });
                break;
            default:
                Fail(conversation, head, ErrorText.Of(reply.Error), now);
                break;
        }
    }

    /// <summary>The server has answered the making of a log.</summary>
    public void LogCreated(ConversationState conversation, long number, ClientResult result, DateTimeOffset now)
    {
        if (conversation.Head is not { Work: OutboxWork.CreateLog } head || head.Number != number)
            return;
        if (result.Succeeded)
        {
            conversation.FinishHead(ClientResult.Success);
            return;
        }

        conversation.Set(conversation.Session with { InFlight = false });
        if (result.Error.Code is ClientErrorCode.RateLimited or ClientErrorCode.TooManyConnections or ClientErrorCode.ServerBusy
            or ClientErrorCode.ServerFailed or ClientErrorCode.ServerStoreFailed or ClientErrorCode.SignInRefused)
        {
            Delay(conversation, result.Error.RetryAfter, now);
        }
        else
        {
            receiver.Close(conversation, Membership.Broken, result.Error.Code);
        }
    }

    private static ulong? Supersedes(SealedMessage message) =>
        MlsMessage.TryDecode(message.Message.Span, out MlsMessage? decoded, out _) ? EntryHeader.Of(decoded)?.Supersedes : null;

    /// <summary>When there may be something to send, as far as only time stands between.</summary>
    public static IEnumerable<DateTimeOffset?> Times(ConversationState conversation) =>
        [conversation.Session.RetryAt, conversation.Session.CommitAt, conversation.Session.ReceiptAt, conversation.Session.UpdateAt];

    /// <summary>
    /// The head stays where it is and is tried again later, never sooner than the server has said: all who were told the same would come back
    /// at the same moment.
    /// </summary>
    private void Delay(ConversationState conversation, TimeSpan? retryAfter, DateTimeOffset now)
    {
        int failures = conversation.Session.Failures;
        conversation.Set(conversation.Session with { RetryAt = now + (retryAfter ?? TimeSpan.Zero) + RetryDelay.After(context.Crypto, failures), Failures = failures + 1 });
        context.Step.Tell(new ClientEvent.ConversationChanged(conversation.Id));
    }

    private static bool MayConfirm(ConversationState conversation) =>
        conversation is { Head: null, Record: { Membership: Membership.Active, IsLost: false, AreKeysStale: false, HasProposals: false }, IsCaughtUp: true };

    private static bool IsReady(ConversationState conversation, OutboxEntry head, DateTimeOffset now)
    {
        ConversationSession session = conversation.Session;
        if (session.InFlight || session.IsAppended || session.IsHalted || session.RetryAt > now)
            return false;
        if (head.Work is OutboxWork.CreateLog)
            return true;
        bool fits = head switch
        {
            { Sealed: not null } or { Work: OutboxWork.Return } => true,
            _ when conversation.Record.IsLost => false,
            // Until the place of a Commit that is none is taken, there is no telling what the server accepts.
            _ when conversation.Record.RefusedCommit is not null => head.Work is OutboxWork.CommitProposals or OutboxWork.Update,
            _ => true,
        };
        return fits && conversation.IsCaughtUp && (session.SealAfterEpoch is not { } epoch || conversation.Epoch > epoch);
    }

    private static void QueueDueCommit(ConversationState conversation, DateTimeOffset now)
    {
        // One's own leaving somebody else commits; but a device that is lost may have nobody else to bring it back.
        bool isDue = conversation.Record is { IsLost: false, RefusedCommit: not null } || (conversation.Record is { IsLost: false, HasProposals: true }
            && (conversation.Record.Membership == Membership.Active || HasReturning(conversation)));
        if (!isDue || !conversation.IsCaughtUp)
            return;
        if (conversation.Session.CommitAt is not { } due)
            ConversationReceiver.ScheduleCommit(conversation, now);
        else if (due <= now && !conversation.Outbox.Any(static entry => entry.Work is OutboxWork.CommitProposals) && conversation.Head is null or { Sealed: null })
            conversation.QueueFirst(new OutboxWork.CommitProposals(), now);
    }

    private static bool HasReturning(ConversationState conversation)
    {
        var rules = ConversationRules.Of(conversation.Group);
        return conversation.Group.ReceivedProposals.Any(queued => rules.ReturnOf(queued) is not null);
    }

    /// <summary>The device's leaf gets new keys when its time has come. A clock that went back says nothing of their age: they are taken for old.</summary>
    private void QueueDueUpdate(ConversationState conversation, DateTimeOffset now)
    {
        if (conversation is not { Head: null, Session.IsHalted: false, Record: { IsLost: false, Membership: Membership.Active } record } || !conversation.IsCaughtUp)
            return;
        int leaves = conversation.Roster.Entries.Values.Sum(static entry => entry.Devices.Length);
        if (leaves < 2)
            return;
        if (conversation.Session.UpdateAt is not { } at)
        {
            DateTimeOffset due = record.AreKeysStale || record.LeafUpdatedAt > now
                ? now
                : LeafSchedule.DueAt(context.Crypto, conversation.Id, context.Profile.Identity.Certificate.DeviceId, record, leaves);
            at = due > now ? due : now + LeafSchedule.WaitWhenLate(context.Crypto, leaves);
            conversation.Set(conversation.Session with { UpdateAt = at });
        }

        if (at > now)
            return;
        conversation.Set(conversation.Session with { UpdateAt = null });
        conversation.Queue(new OutboxWork.Update(), now);
    }

    /// <summary>A device that is lost asks to be added again, once in each epoch of the log, when it has read all there is and nobody has done it yet.</summary>
    private static void AskToReturn(ConversationState conversation, DateTimeOffset now)
    {
        bool isDue = conversation is { Record: { IsLost: true, HasAskedToReturn: false }, Head: null or { Sealed: null, Work: not OutboxWork.Return } };
        if (!isDue || !conversation.IsCaughtUp)
            return;
        if (conversation.Record.LogEpoch < conversation.Session.LogEpoch)
            conversation.Set(conversation.Record with { LogEpoch = conversation.Session.LogEpoch });
        conversation.QueueFirst(new OutboxWork.Return(), now);
    }

    private static void Unseal(ConversationState conversation, OutboxEntry head)
    {
        if (!head.Work.IsApplication)
            conversation.ClearPendingCommit();
        conversation.ReplaceHead(head with { Sealed = null });
        conversation.SaveGroup();
    }

    /// <summary>What was wanted cannot be had: a message stays in the timeline as failed, anything else is answered.</summary>
    private void Fail(ConversationState conversation, OutboxEntry head, ClientError error, DateTimeOffset now)
    {
        if (!head.Work.IsApplication)
            conversation.ClearPendingCommit();
        conversation.SaveGroup();
        conversation.FinishHead(ClientResult.Refuse(error));
        switch (head.Work)
        {
            case OutboxWork.Message message:
                conversation.Add(new TimelineRecord(now, context.Self, message.Id, DeliveryState.Failed, new TimelineBody.Message(message.Mimi)));
                break;
            // A direct conversation without its other side is none.
            case OutboxWork.Add when conversation.Record.Kind == ConversationKind.Direct:
                conversation.AddNotice(Notices.NotStarted(error.Sentence), now);
                receiver.Close(conversation, Membership.Left, error.Code);
                break;
            // What the conversation needs and cannot have now would be asked for again at once.
            case OutboxWork.Update or OutboxWork.CommitProposals:
                conversation.Set(conversation.Session with { IsHalted = true });
                break;
        }
    }
}

using Parley.Client.Content;
using Parley.Client.Outbox;
using Parley.Contracts.Identity;
using Parley.Contracts.Wire;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Framing;

namespace Parley.Client.Conversations;

/// <content>How a device ceases to be able to follow its group: it is removed, or it has lost its place.</content>
internal sealed partial class ConversationReceiver
{
    /// <summary>The removal of this device has come: the keys go, the timeline stays.</summary>
    private void Depart(ConversationState conversation, ConversationRules rules, StagedCommit staged, DateTimeOffset at)
    {
        bool isOwnWish = conversation.Record.Membership == Membership.Leaving;
        if (!isOwnWish)
        {
            Handle by = rules.HandleOf(staged.Committer);
            conversation.AddNotice(by == context.Self ? Notices.RemovedByOwnDevice() : Notices.RemovedSelf(conversation.Roster.NameOf(by)), at);
        }

        Close(conversation, isOwnWish ? Membership.Left : Membership.Removed, ClientErrorCode.NotMember);
    }

    /// <summary>
    /// The others have gone on and this device cannot follow: it asks to be added again, with other keys. From now on entries are counted and not
    /// opened. What it has sealed for its group and is not a message is void; a message may be in the log already, and is waited for.
    /// </summary>
    public static void Lose(ConversationState conversation, ulong logEpoch, DateTimeOffset at)
    {
        UnsealHandshake(conversation);
        conversation.AddNotice(Notices.Lost(), at);
        conversation.Set(conversation.Record with { LogEpoch = logEpoch, HasAskedToReturn = false, HasProposals = false, HasUnlawfulProposals = false, Voters = 0, IsDisputing = false });
        conversation.Set(conversation.Session with { CommitAt = null, SealAfterEpoch = null });
    }

    /// <summary>
    /// This device was added again, with keys that it has forgotten: it is a member and has no group. From the Commit that added it on it is lost, and
    /// learns from the server in which epoch the log is.
    /// </summary>
    public static void LoseFrom(ConversationState conversation, ulong commitSequence, DateTimeOffset at)
    {
        Lose(conversation, logEpoch: 0, at);
        conversation.Set(conversation.Record with { Membership = Membership.Active, Cursor = commitSequence });
        conversation.Set(new ConversationSession());
    }

    /// <summary>What is stored of the group is damaged: what is left of it goes, and this device is lost.</summary>
    public static void LoseDamaged(ConversationState conversation, DateTimeOffset at)
    {
        conversation.DeleteGroup();
        conversation.AddNotice(Notices.Damaged(), at);
        Lose(conversation, logEpoch: 0, at);
        conversation.Set(new ConversationSession());
    }

    /// <summary>An entry of the log that a device which is lost cannot open: what the server sees of it too is all there is to know.</summary>
    private void Pass(ConversationState conversation, MlsMessage message, EntryHeader header, Envelope envelope, DateTimeOffset at, DateTimeOffset now)
    {
        if (header.Type == ContentType.Application)
            AddUnreadable(conversation, Notices.Missed(), at);
        if (header.Type == ContentType.Proposal && ObjectorOf(conversation, message) is { } objector)
            Object(conversation, objector, at, now);
        if (header.Type != ContentType.Commit)
            return;
        byte[] self = context.Profile.Identity.Certificate.DeviceId.ToArray();
        bool isAdded = envelope.AddedDevices.Any(device => device.Span.SequenceEqual(self));
        if (envelope.RemovedDevices.Any(device => device.Span.SequenceEqual(self)) && !isAdded)
        {
            bool isOwnWish = conversation.Record.Membership == Membership.Leaving;
            if (!isOwnWish)
                conversation.AddNotice(Notices.RemovedSelf("A member"), at);
            Close(conversation, isOwnWish ? Membership.Left : Membership.Removed, ClientErrorCode.NotMember);
            return;
        }

        conversation.Set(conversation.Record with { LogEpoch = header.Epoch + 1, HasAskedToReturn = isAdded });
        if (isAdded)
            conversation.Set(new ConversationSession()); // Delivery ended with the removal, and begins anew with the addition.
    }

    /// <summary>Ends one's part in a conversation. What was queued cannot be sent any more: messages stay in the timeline as failed.</summary>
    public void Close(ConversationState conversation, Membership membership, ClientErrorCode why)
    {
        while (conversation.Head is { } head)
        {
            if (head.Work is OutboxWork.Message message && !MessageBody.IsProfile(message.Mimi))
                conversation.Add(new TimelineRecord(head.CreatedAt, context.Self, message.Id, DeliveryState.Failed, new TimelineBody.Message(message.Mimi)));
            conversation.FinishHead(head.Work is OutboxWork.Leave ? ClientResult.Success : ClientResult.Refuse(why));
        }

        conversation.DeleteGroup();
        conversation.Set(new ConversationSession());
        conversation.Set(conversation.Record with { Membership = membership, LogEpoch = null, AreKeysStale = false, HasAskedToReturn = false, IsAdmin = false, HasProposals = false, HasUnlawfulProposals = false, Voters = 0, IsDisputing = false, Objectors = [] });
    }
}

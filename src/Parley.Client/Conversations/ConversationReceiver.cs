using System.Collections.Immutable;
using Parley.Client.Content;
using Parley.Client.Engine;
using Parley.Client.Identity;
using Parley.Client.Outbox;
using Parley.Client.Receipts;
using Parley.Contracts.Identity;
using Parley.Contracts.Wire;
using Parley.Mls;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;

namespace Parley.Client.Conversations;

/// <summary>
/// Processes a group's log, entry by entry. Whatever an entry turns out to be, three things go into one batch: the group's new state, what
/// the timeline shows of it, and the cursor behind it. So an entry is processed exactly once, and nothing that cannot be read stops the
/// log: it becomes an item that says why.
/// </summary>
internal sealed partial class ConversationReceiver(EngineContext context, ConversationReceipts receipts)
{
    /// <summary>Processes one envelope. False if it does not follow the last one, and nothing was changed.</summary>
    public bool Receive(ConversationState conversation, Envelope envelope, DateTimeOffset now)
    {
        ulong cursor = conversation.Record.Cursor;
        if (envelope.Sequence <= cursor)
        {
            context.Step.Blame(LogFault.Repetition);
            return true;
        }

        if (envelope.Sequence != cursor + 1)
        {
            context.Step.Blame(LogFault.Gap);
            return false;
        }

        Process(conversation, envelope, ServerTime.Read(envelope.ReceivedAtMs, now), now);
        conversation.Set(conversation.Record with { Cursor = envelope.Sequence });
        return true;
    }

    private void Process(ConversationState conversation, Envelope envelope, DateTimeOffset at, DateTimeOffset now)
    {
        bool isMessage = MlsMessage.TryDecode(envelope.Message.Span, out MlsMessage? message, out _);
        if (!isMessage || message is null || EntryHeader.Of(message) is not { } header || !header.GroupId.Span.SequenceEqual(conversation.Id.ToArray()))
        {
            context.Step.Blame(LogFault.Misplaced);
            AddUnreadable(conversation, Notices.NotAMessage(), at);
            return;
        }

        ulong epoch = conversation.Epoch;
        int voters = header.Type == ContentType.Commit ? CountVoters(conversation, envelope) : 0;
        if (conversation.Head is { Sealed: { } own } head && envelope.MessageId.Span.SequenceEqual(own.Id.Span) && envelope.Message.Span.SequenceEqual(own.Message.Span))
            Echo(conversation, head, message, envelope, at, now);
        else if (conversation.Record.IsLost && !(header.Type == ContentType.Application && conversation.HasGroup && header.Epoch <= conversation.Group.Epoch))
            Pass(conversation, message, header, envelope, at, now);
        else
            ProcessForeign(conversation, message, header, envelope, at, now);
        if (!conversation.IsFollowed)
            return;
        if (header.Type == ContentType.Commit)
            NoteCommit(conversation, envelope.Sequence, epoch, voters, now);
        conversation.SaveGroup();
    }

    /// <summary>
    /// The log has a Commit. One that has not brought this device into another epoch is disregarded by all members, who judge by what they have in
    /// common; the server does not know, and takes the next for that epoch only if it names this one. Whoever's turn is first makes it.
    /// </summary>
    private static void NoteCommit(ConversationState conversation, ulong sequence, ulong epochBefore, int voters, DateTimeOffset now)
    {
        ConversationRecord record = conversation.Record;
        bool isFollowed = !record.IsLost && conversation.Epoch != epochBefore;
        conversation.Set(record with
        {
            LastCommit = sequence,
            EpochCommit = isFollowed ? sequence : record.EpochCommit,
            Voters = isFollowed || (record is { IsDisputing: true, Voters: 0 }) ? voters : record.Voters,
            IsDisputing = record.IsDisputing && !isFollowed,
            Objectors = [],
        });
        if (conversation.Record.RefusedCommit is null)
            return;
        ScheduleCommit(conversation, now);
        conversation.Set(conversation.Session with { SealAfterEpoch = null });
    }

    /// <summary>The log has what this device sent: now it counts.</summary>
    private void Echo(ConversationState conversation, OutboxEntry head, MlsMessage message, Envelope envelope, DateTimeOffset at, DateTimeOffset now)
    {
        conversation.FinishHead(ClientResult.Success);
        switch (head.Work)
        {
            case OutboxWork.Message work:
                AddMessage(conversation, context.Profile.Identity.Certificate, work.Mimi, envelope.Sequence, at, now);
                break;
            case OutboxWork.Receipt told:
                ConversationReceipts.Announced(conversation, told);
                break;
            case OutboxWork.Signal:
                break;
            case OutboxWork.ShareState { Shared: var shared } when InternalMessage.TryDecode(shared) is InternalMessage.State state:
                context.Devices.Told(state, envelope.Sequence);
                break;
            case OutboxWork.HandOver work:
                context.Giver.HandedOver(conversation, work.Job, now);
                break;
            case OutboxWork.Return:
                conversation.Set(conversation.Record with { HasAskedToReturn = conversation.Record.IsLost });
                Object(conversation, context.Profile.Identity.Certificate.DeviceId, at, now);
                break;
            case OutboxWork.Leave:
                conversation.Group.Process(message, now: null);
                BeginToLeave(conversation, at);
                break;
            default:
                PendingCommit pending = conversation.Group.Pending ?? throw new InvalidOperationException("A Commit of ours was sent and is not pending.");
                var change = new EpochChange(context, conversation, ConversationRules.Of(conversation.Group), pending.Staged);
                CheckDevices(conversation, pending.Staged, envelope, at);
                conversation.Group.MergePendingCommit();
                change.Tell(at, now, askedAt: head.CreatedAt);
                break;
        }
    }

    private void ProcessForeign(ConversationState conversation, MlsMessage message, EntryHeader header, Envelope envelope, DateTimeOffset at, DateTimeOffset now)
    {
        if (header.Type == ContentType.Commit && conversation.Record.IsDisputing && header.Epoch > conversation.Group.Epoch)
        {
            // The others' next Commit was first: they have gone on from the one that this device could not follow.
            LoseAgain(conversation, at);
            Pass(conversation, message, header, envelope, at, now);
            return;
        }

        try
        {
            // Whoever adds a device checks its KeyPackage's lifetime. Here no clock is asked: a log may be read months later, or on a device whose
            // clock is wrong, and whoever refused what the others have followed would be out of the conversation.
            switch (conversation.Group.Process(message, now: null))
            {
                case Received.Application application:
                    if (application.Sender == conversation.Group.OwnLeafIndex)
                        Remember(conversation, application.Epoch);
                    AddMessage(conversation, CertificateCheck.Of(application.SenderLeaf), application.Data, envelope.Sequence, at, now);
                    break;
                case Received.Proposal proposal:
                    bool isOwn = proposal.Queued.Sender == new Sender.Member(conversation.Group.OwnLeafIndex);
                    if (isOwn)
                        Remember(conversation, header.Epoch);
                    if (isOwn && proposal.Queued.Proposal is Proposal.Remove { Removed: var leaf } && leaf == conversation.Group.OwnLeafIndex)
                        BeginToLeave(conversation, at);
                    else
                        Consider(conversation, proposal.Queued, now);
                    if (ConversationRules.Of(conversation.Group).ReturnOf(proposal.Queued) is not null && proposal.Queued.Proposal is Proposal.Add { KeyPackage.LeafNode: var wished })
                        Object(conversation, CertificateCheck.Of(wished).DeviceId, at, now);
                    break;
                case Received.Commit commit:
                    using (commit.Staged)
                        Follow(conversation, commit.Staged, envelope, at, now);
                    break;
            }
        }
        catch (MlsException refused)
        {
            Explain(conversation, header, refused.Error, at);
        }
    }

    private static void BeginToLeave(ConversationState conversation, DateTimeOffset at)
    {
        if (conversation.Record.Membership != Membership.Active)
            return;
        conversation.Set(conversation.Record with { Membership = Membership.Leaving });
        conversation.AddNotice(Notices.Left("You"), at);
    }

    /// <summary>
    /// What this device sent and has forgotten, because it was restored from an old copy, is in the log. What else it has sealed in this epoch
    /// nobody knows: none of its keys is used again, and what it sends next waits for a Commit, whose epoch has others.
    /// </summary>
    private static void Remember(ConversationState conversation, ulong epoch)
    {
        if (epoch == conversation.Group.Epoch)
            conversation.Set(conversation.Record with { AreKeysStale = true });
    }

    private void AddMessage(ConversationState conversation, DeviceCertificate from, ReadOnlyMemory<byte> mimi, ulong sequence, DateTimeOffset at, DateTimeOffset now)
    {
        Handle sender = from.Handle;
        DeliveryState state = sender == context.Self ? DeliveryState.Sent : DeliveryState.Received;
        if (!MimiCodec.TryDecode(mimi, out MimiContent? content))
        {
            conversation.Add(new TimelineRecord(at, sender, Id: null, state, new TimelineBody.Message(mimi)));
            return;
        }

        MessageId id = MimiIdentifier.Derive(
            context.Crypto, MimiIdentifier.SenderUri(context.Server, sender), MimiIdentifier.RoomUri(context.Server, conversation.Id), mimi.Span, content.Salt.Span);
        if (sender == context.Self)
            conversation.Withdraw(id);
        if (conversation.OrderOf(id) is not null)
        {
            context.Step.Blame(LogFault.Repetition);
            return;
        }

        switch (MessageBody.Read(content))
        {
            case MessageBody.Profile profile:
                conversation.Set(conversation.Roster.WithName(sender, profile.Name));
                break;
            case MessageBody.Receipt { What: var receipt }:
                receipts.Hear(conversation, sender, receipt);
                break;
            case MessageBody.Internal told:
                Hear(conversation, from, told.Message, sequence, now);
                break;
            default:
                conversation.Add(new TimelineRecord(at, sender, id, state, new TimelineBody.Message(mimi)) { Sequence = sequence });
                if (state == DeliveryState.Received)
                    receipts.Schedule(conversation, now);
                context.Devices.MessageArrived(conversation, id);
                break;
        }
    }

    /// <summary>What another's program says to this one.</summary>
    private void Hear(ConversationState conversation, DeviceCertificate from, InternalMessage? message, ulong sequence, DateTimeOffset now)
    {
        switch (message)
        {
            case InternalMessage.Ask ask:
                context.Giver.Receive(conversation, from, ask, now);
                break;
            case InternalMessage.HandOver part:
                context.Giver.Receive(conversation, from, part, now);
                context.Seeker.Receive(conversation, from, part, now);
                break;
            case InternalMessage.State or InternalMessage.Wishes when conversation.Record.Kind == ConversationKind.Devices:
                context.Devices.Receive(from, message, sequence, now);
                break;
        }
    }

    /// <summary>
    /// Somebody proposes a change; somebody else must commit it. All members would do at once: each waits the longer, the further to the
    /// right its leaf is, and whoever's Commit is first spares the others theirs.
    /// </summary>
    private static void Consider(ConversationState conversation, QueuedProposal queued, DateTimeOffset now)
    {
        bool isLawful = ConversationRules.Of(conversation.Group).Allows(queued);
        conversation.Set(conversation.Record with
        {
            HasProposals = true,
            HasUnlawfulProposals = conversation.Record.HasUnlawfulProposals || !isLawful,
        });
        ScheduleCommit(conversation, now);
    }

    /// <summary>Plans when to commit what others have proposed.</summary>
    public static void ScheduleCommit(ConversationState conversation, DateTimeOffset now)
    {
        int rank = conversation.Group.Members.Count(member => member.Index.Value < conversation.Group.OwnLeafIndex.Value);
        TimeSpan wait = TimeSpan.FromTicks(Math.Min(rank * MlsProfile.CommitRankDelay.Ticks, MlsProfile.CommitRankDelayMax.Ticks));
        conversation.Set(conversation.Session with { CommitAt = now + wait });
    }

    /// <summary>Another's Commit: judged by the conversation's rules, then merged.</summary>
    private void Follow(ConversationState conversation, StagedCommit staged, Envelope envelope, DateTimeOffset at, DateTimeOffset now)
    {
        ConversationRules rules = ConversationRules.Of(conversation.Group);
        if (!rules.Allows(staged))
        {
            AddUnreadable(conversation, Notices.Forbidden(conversation.Roster.NameOf(rules.HandleOf(staged.Committer))), at);
            return;
        }

        CheckDevices(conversation, staged, envelope, at);
        UnsealHandshake(conversation);
        if (staged.RemovesSelf && staged.Added.Any(added => CertificateCheck.Of(added.Leaf).DeviceId == context.Profile.Identity.Certificate.DeviceId))
        {
            // Its own wish, which it has forgotten. Delivery ended with the removal, and begins anew with the addition.
            Lose(conversation, staged.BaseEpoch + 1, at);
            conversation.Set(new ConversationSession());
            return;
        }

        if (staged.RemovesSelf)
        {
            Depart(conversation, rules, staged, at);
            return;
        }

        var change = new EpochChange(context, conversation, rules, staged);
        conversation.Group.Merge(staged);
        change.Tell(at, now, askedAt: null);
    }

    /// <summary>
    /// A Commit or proposal of ours that waits for its echo was made for an epoch that is over now. It is made again in the new one. A
    /// message is not: members keep the keys of past epochs, and the server says if it comes too late.
    /// </summary>
    private static void UnsealHandshake(ConversationState conversation)
    {
        conversation.ClearPendingCommit();
        if (conversation.Head is { Sealed: not null, Work.IsApplication: false } head)
            conversation.ReplaceHead(head with { Sealed = null });
    }

    /// <summary>What the committer told the server about who may read must be what the Commit does.</summary>
    private void CheckDevices(ConversationState conversation, StagedCommit staged, Envelope envelope, DateTimeOffset at)
    {
        if (Matches(staged.Added, envelope.AddedDevices) && Matches(staged.Removed, envelope.RemovedDevices))
            return;
        context.Step.Blame(LogFault.DeviceListMismatch);
        conversation.AddNotice(Notices.DeviceListMismatch(), at);
    }

    private static bool Matches(IReadOnlyList<Member> members, IReadOnlyList<Google.Protobuf.ByteString> told)
    {
        ImmutableHashSet<string> expected = [.. members.Select(static member => CertificateCheck.Of(member.Leaf).DeviceId.ToString())];
        return expected.SetEquals(told.Select(static device => Convert.ToHexStringLower(device.Span)));
    }

    private void Explain(ConversationState conversation, EntryHeader header, MlsError error, DateTimeOffset at)
    {
        switch (header.Type, error)
        {
            // A Commit of its own that this device has forgotten: the others have gone on by it.
            case (ContentType.Commit, MlsError.OwnCommitForgotten):
                Lose(conversation, header.Epoch + 1, at);
                break;
            // What is encrypted for each member apart may be good for the others.
            case (ContentType.Commit, MlsError.PathDecryptionFailed or MlsError.PathKeyMismatch):
                Lose(conversation, header.Epoch + 1, at);
                conversation.Set(conversation.Record with { IsDisputing = true });
                break;
            // Most of the others could not follow the Commit that began this epoch, and have gone on without it.
            case (ContentType.Commit, MlsError.WrongEpoch) when conversation.Record.IsOverruled && header.Epoch < conversation.Group.Epoch && header.Supersedes == conversation.Record.LastCommit:
                Lose(conversation, header.Epoch + 1, at);
                break;
            // All else about a Commit the members judge alike: none of them follows it.
            case (ContentType.Commit, _):
                AddUnreadable(conversation, Notices.Refused(), at);
                break;
            // A key is used once, and a sender's messages stand in the log in their order: only what the log has repeated comes too late for
            // its key. It was shown when it came first.
            case (_, MlsError.KeyConsumed):
            // Proposals of an epoch that was over before they came: they are void, and whoever made them sees so too.
            case (ContentType.Proposal, MlsError.WrongEpoch):
                context.Step.Blame(LogFault.Repetition);
                break;
            case (ContentType.Proposal, _):
                context.Step.Blame(LogFault.Misplaced);
                break;
            default:
                AddUnreadable(conversation, Notices.Unreadable(error), at);
                break;
        }
    }

    private static void AddUnreadable(ConversationState conversation, TimelineBody.Unreadable body, DateTimeOffset at)
    {
        conversation.Add(new TimelineRecord(at, Sender: null, Id: null, DeliveryState.Received, body) { Sequence = conversation.Record.Cursor + 1 });
        ConversationReceipts.Break(conversation);
    }
}

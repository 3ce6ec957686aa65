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

        if (conversation.Head is { Sealed: { } own } head && envelope.MessageId.Span.SequenceEqual(own.Id.Span) && envelope.Message.Span.SequenceEqual(own.Message.Span))
            Echo(conversation, head, message, envelope, at, now);
        else if (conversation.Record.LogEpoch is { } epoch)
            Pass(conversation, header, epoch, envelope, at);
        else
            ProcessForeign(conversation, message, header, envelope, at, now);
        if (conversation.IsFollowed)
            conversation.SaveGroup();
    }

    /// <summary>The log has what this device sent: now it counts.</summary>
    private void Echo(ConversationState conversation, OutboxEntry head, MlsMessage message, Envelope envelope, DateTimeOffset at, DateTimeOffset now)
    {
        conversation.FinishHead(ClientResult.Success);
        conversation.Set(conversation.Session with { IsAppended = false });
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
                conversation.Set(conversation.Record with { HasAskedToReturn = true });
                break;
            case OutboxWork.Leave:
                conversation.Group.Process(message, now: null);
                if (conversation.Record.Membership == Membership.Active)
                {
                    conversation.Set(conversation.Record with { Membership = Membership.Leaving });
                    conversation.AddNotice(Notices.Left("You"), at);
                }

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
        try
        {
            // Whoever adds a device checks its KeyPackage's lifetime. Here no clock is asked: a log may be read months later, or on a device whose
            // clock is wrong, and whoever refused what the others have followed would be out of the conversation.
            switch (conversation.Group.Process(message, now: null))
            {
                case Received.Application application:
                    AddMessage(conversation, CertificateCheck.Of(application.SenderLeaf), application.Data, envelope.Sequence, at, now);
                    break;
                case Received.Proposal proposal:
                    Consider(conversation, proposal.Queued, now);
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
            Break(conversation, Notices.Broken(rules.HandleOf(staged.Committer).ToString()), at);
            return;
        }

        CheckDevices(conversation, staged, envelope, at);
        UnsealHandshake(conversation);
        if (staged.RemovesSelf && staged.Added.Any(added => CertificateCheck.Of(added.Leaf).DeviceId == context.Profile.Identity.Certificate.DeviceId))
        {
            // Its own wish, which it has forgotten.
            Lose(conversation, staged.BaseEpoch + 1, at);
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
        conversation.Group.ClearPendingCommit();
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
            case (ContentType.Commit, MlsError.OwnMessage):
                Lose(conversation, header.Epoch + 1, at);
                break;
            // A key is used once, and a sender's messages stand in the log in their order: only what the log has repeated comes too late for
            // its key. It was shown when it came first.
            case (_, MlsError.KeyConsumed):
            // Proposals and Commits of an epoch that was over before they came: they are void, and whoever made them sees so too.
            case (not ContentType.Application, MlsError.WrongEpoch):
                context.Step.Blame(LogFault.Repetition);
                break;
            // A Commit that a member signed and that cannot be followed: the others have gone on without this device. One that no member
            // has signed is bytes like any other, and must not cost anybody a conversation.
            case (ContentType.Commit, _) when !IsUnauthentic(error):
                Lose(conversation, header.Epoch + 1, at);
                break;
            case (ContentType.Proposal, MlsError.OwnMessage):
                conversation.Set(conversation.Record with { AreKeysStale = true });
                break;
            case (ContentType.Proposal, _):
                context.Step.Blame(LogFault.Misplaced);
                break;
            // This device has forgotten what it sent, and so which keys of this epoch it has used: none is used again. The next message waits for
            // a Commit, whose epoch has other keys.
            case (_, MlsError.OwnMessage):
                AddUnreadable(conversation, Notices.Unreadable(error), at);
                conversation.Set(conversation.Record with { AreKeysStale = conversation.Record.AreKeysStale || header.Epoch == conversation.Group.Epoch });
                break;
            default:
                AddUnreadable(conversation, Notices.Unreadable(error), at);
                break;
        }
    }

    /// <summary>Whether the message was refused before it was known to be a member's.</summary>
    private static bool IsUnauthentic(MlsError error) => error is MlsError.Malformed
        or MlsError.WrongGroup
        or MlsError.SenderDataDecryptionFailed
        or MlsError.DecryptionFailed
        or MlsError.GenerationTooFarAhead
        or MlsError.PaddingInvalid
        or MlsError.SenderNotMember
        or MlsError.MembershipTagInvalid
        or MlsError.SignatureInvalid;

    private static void AddUnreadable(ConversationState conversation, TimelineBody.Unreadable body, DateTimeOffset at)
    {
        conversation.Add(new TimelineRecord(at, Sender: null, Id: null, DeliveryState.Received, body) { Sequence = conversation.Record.Cursor + 1 });
        ConversationReceipts.Break(conversation);
    }
}

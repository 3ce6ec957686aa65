using System.Buffers.Binary;
using System.Collections.Immutable;
using Parley.Client.Content;
using Parley.Client.Identity;
using Parley.Client.Outbox;
using Parley.Client.Receipts;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Mls;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;

namespace Parley.Client.Conversations;

/// <content>How what the user wants becomes an entry of the log: a message, a proposal or a Commit.</content>
internal sealed partial class ConversationSender
{
    /// <summary>Turns the head into what is sent. False if it has come to its end instead.</summary>
    private bool TrySeal(ConversationState conversation, OutboxEntry head, DateTimeOffset now)
    {
        try
        {
            SealedMessage? message = Seal(conversation, head, now);
            if (message is null)
            {
                if (conversation.IsFollowed)
                    conversation.SaveGroup();
                return false;
            }

            // What it is for may have been worked out only now.
            conversation.ReplaceHead((conversation.Head ?? head) with { Sealed = message });
            conversation.SaveGroup();
            int messageBytesMax = head.Work is { IsApplication: true } or OutboxWork.Leave or OutboxWork.Return ? Limits.MessageBytesMax : Limits.CommitBytesMax;
            if (message.Message.Length <= messageBytesMax && message.Welcome.Length <= Limits.WelcomeBytesMax)
                return true;
            Fail(conversation, conversation.Head!, ErrorText.Of(ClientErrorCode.MessageTooLong), now); // Replaced just above.
            return false;
        }
        catch (MlsException refused)
        {
            // A KeyPackage that has expired or is not valid, or a member that has gone: what was wanted cannot be had.
            Fail(conversation, head, ErrorText.Of(refused.Error == MlsError.LifetimeInvalid ? ClientErrorCode.PeerUnreachable : ClientErrorCode.CertificateInvalid), now);
            return false;
        }
    }

    /// <summary>What is sent for an entry; null if there is nothing to send any more and the entry has come to its end.</summary>
    private SealedMessage? Seal(ConversationState conversation, OutboxEntry head, DateTimeOffset now)
    {
        if (head.Work is OutboxWork.Return)
            return conversation.Record.LogEpoch is { } logEpoch ? SealReturn(conversation, logEpoch, now) : Done(conversation);
        Group group = conversation.Group;
        if (conversation.Record.AreKeysStale && head.Work is not OutboxWork.Update)
        {
            conversation.QueueFirst(new OutboxWork.Update(), now);
            return null;
        }

        switch (head.Work)
        {
            case OutboxWork.Receipt:
                return SealReceipt(conversation, head, now);
            case { IsApplication: true }:
                if (WorkBefore(conversation, head.Work, now) is not { } before)
                    return ContentOf(conversation, head) is { } content ? Of(group.Epoch, group.Protect(content.Span), now) : Done(conversation);
                conversation.QueueFirst(before, now);
                return null;
            case OutboxWork.CommitProposals:
                return conversation.Record.HasProposals || conversation.Record.RefusedCommit is not null ? Commit(conversation, [], now) : Done(conversation);
            case OutboxWork.Leave:
                return SealLeave(conversation, now);
            case OutboxWork.Update:
                bool isDone = conversation.Record is { AreKeysStale: false, IsLeafFromKeyPackage: false } record && record.LeafUpdatedAt > head.CreatedAt && record.LeafUpdatedAt <= now;
                return isDone ? Done(conversation) : Commit(conversation, [], now);
            case OutboxWork.Add add:
                ImmutableArray<Proposal> adds = NewMembers(conversation, add);
                return adds.IsEmpty ? Done(conversation) : CommitAsAdmin(conversation, adds, now, isLawful: group.Epoch == 0 || adds.All(IsOwnDevice));
            case OutboxWork.Remove remove:
                ImmutableArray<Proposal> removes = [.. ConversationRules.Of(conversation.Group).LeavesOf(remove.Handle).Select(static leaf => new Proposal.Remove(leaf))];
                return removes.IsEmpty ? Done(conversation) : CommitAsAdmin(conversation, removes, now);
            case OutboxWork.RemoveDevices devices:
                ImmutableArray<Proposal> gone = [.. OwnOthers(group).Where(member => devices.Devices.Contains(member.Device)).Select(static member => new Proposal.Remove(member.Leaf)), .. Revocation(group, devices)];
                return gone.IsEmpty ? Done(conversation) : Commit(conversation, gone, now);
            case OutboxWork.Rename rename:
                return CommitAsAdmin(conversation, [Change(ConversationProfile.Of(group) with { Name = rename.Name })], now);
            case OutboxWork.SetHistory set:
                return CommitAsAdmin(conversation, [Change(ConversationProfile.Of(group) with { History = set.Policy })], now);
            default:
                throw new InvalidOperationException("All kinds of work are named.");
        }
    }

    private static Proposal.GroupContextExtensions Change(ConversationProfile profile) => new(profile.ToExtensions());

    /// <summary>In the group of the account's devices: those that are taken out are noted for good, whether they are there or not.</summary>
    private static IEnumerable<Proposal> Revocation(Group group, OutboxWork.RemoveDevices devices)
    {
        ConversationProfile profile = ConversationProfile.Of(group);
        ImmutableArray<DeviceId> added = [.. devices.Devices.Except(profile.Revoked)];
        return profile.Kind == ConversationKind.Devices && !added.IsEmpty ? [Change(profile with { Revoked = [.. profile.Revoked, .. added] })] : [];
    }

    /// <summary>What an application message says; null if there is nothing to say any more. Some of it is read only now, and noted in the entry.</summary>
    private ReadOnlyMemory<byte>? ContentOf(ConversationState conversation, OutboxEntry head)
    {
        switch (head.Work)
        {
            case OutboxWork.Message message:
                return message.Mimi;
            case OutboxWork.Signal signal:
                return signal.Mimi;
            case OutboxWork.ShareState when context.Devices.TakeUntold() is { } state:
                conversation.ReplaceHead(head with { Work = new OutboxWork.ShareState(state.Encode()) });
                return OutgoingContent.Internal(context, state).Mimi;
            case OutboxWork.HandOver work when context.Giver.TakePart(conversation, work.Job) is { } taken:
                conversation.ReplaceHead(head with { Work = new OutboxWork.HandOver(taken.Job) });
                return OutgoingContent.Internal(context, taken.Part).Mimi;
            default:
                return null;
        }
    }

    private SealedMessage Of(ulong epoch, byte[] message, DateTimeOffset now) => new(NewMessageId(now), epoch, message, default, [], []);

    /// <summary>
    /// Random but for the time in front, by which the server finds it faster. It tells the server nothing new: what is sealed is sent at once.
    /// </summary>
    private byte[] NewMessageId(DateTimeOffset now)
    {
        byte[] id = context.Random(Limits.MessageIdBytes);
        Span<byte> milliseconds = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(milliseconds, now.ToUnixTimeMilliseconds());
        milliseconds[^Limits.MessageIdTimeBytes..].CopyTo(id);
        return id;
    }

    private static SealedMessage? Done(ConversationState conversation)
    {
        conversation.FinishHead(ClientResult.Success);
        return null;
    }

    /// <summary>What is told is what is so now, and not when it was queued. It is not worth a Commit: what was proposed is committed first, by whoever has to.</summary>
    private SealedMessage? SealReceipt(ConversationState conversation, OutboxEntry head, DateTimeOffset now)
    {
        if (conversation.Group.MustCommitFirst || !ConversationReceipts.AreIn(conversation) || receipts.Compose(conversation) is not { } told)
            return Done(conversation);
        conversation.ReplaceHead(head with { Work = told.Work });
        return Of(conversation.Group.Epoch, conversation.Group.Protect(OutgoingContent.Of(context, told.Receipt)), now);
    }

    /// <summary>Whatever the group's keys are, this needs none of them: it is signed by the device, and only a member who is there already is added by it.</summary>
    private SealedMessage SealReturn(ConversationState conversation, ulong logEpoch, DateTimeOffset now)
    {
        KeyPackage keyPackage = context.KeyPackages.CreateForReturn(conversation.Record.Suite, now, context.Batch);
        byte[] message = ExternalProposals.Add(context.Crypto, conversation.Id.ToArray(), logEpoch, keyPackage, context.Profile.Identity.Leaf.Signer);
        return Of(logEpoch, message, now);
    }

    /// <summary>The last one there has nobody who could let it go, and needs nobody.</summary>
    private SealedMessage? SealLeave(ConversationState conversation, DateTimeOffset now)
    {
        Group group = conversation.Group;
        ImmutableArray<DeviceId> others = [.. OwnOthers(group).Select(static member => member.Device)];
        if (!others.IsEmpty)
        {
            // A person leaves with all devices: the others first, by a Commit, because nobody may commit the removal of its own leaf.
            conversation.QueueFirst(new OutboxWork.RemoveDevices(others), now);
            return null;
        }

        if (group.MemberCount > 1)
            return Of(group.Epoch, group.Propose(new Proposal.Remove(group.OwnLeafIndex), now), now);
        receiver.Close(conversation, Membership.Left, ClientErrorCode.NotMember);
        return null;
    }

    /// <summary>Those of the devices to be added that are not members already.</summary>
    private static ImmutableArray<Proposal> NewMembers(ConversationState conversation, OutboxWork.Add add)
    {
        HashSet<DeviceId> present = [.. conversation.Group.Members.Select(static member => CertificateCheck.Of(member.Leaf).DeviceId)];
        var adds = ImmutableArray.CreateBuilder<Proposal>();
        foreach (ReadOnlyMemory<byte> encoded in add.KeyPackages)
        {
            if (Tls.TryDecode(encoded.Span, out KeyPackage? keyPackage, out _) && present.Add(CertificateCheck.Of(keyPackage.LeafNode).DeviceId))
                adds.Add(new Proposal.Add(keyPackage));
        }

        return adds.ToImmutable();
    }

    /// <summary>The other devices of one's own that are in a group.</summary>
    private IEnumerable<(LeafIndex Leaf, DeviceId Device)> OwnOthers(Group group)
    {
        foreach (Member member in group.Members)
        {
            DeviceCertificate certificate = CertificateCheck.Of(member.Leaf);
            if (certificate.Handle == context.Self && member.Index != group.OwnLeafIndex)
                yield return (member.Index, certificate.DeviceId);
        }
    }

    /// <summary>Everybody's own devices come and go.</summary>
    private bool IsOwnDevice(Proposal proposal) =>
        proposal is Proposal.Add add && CertificateCheck.TryDecode(add.KeyPackage.LeafNode, out DeviceCertificate? certificate) && certificate.Handle == context.Self;

    /// <summary>A Commit that the rules let an administrator make, or anybody where it is lawful so; someone may have ceased to be one since it was asked for.</summary>
    private SealedMessage? CommitAsAdmin(ConversationState conversation, ImmutableArray<Proposal> proposals, DateTimeOffset now, bool isLawful = false)
    {
        if (isLawful || ConversationRules.Of(conversation.Group).IsAdmin(context.Self))
            return Commit(conversation, proposals, now);
        conversation.FinishHead(ClientResult.Refuse(ClientErrorCode.NotAdmin));
        return null;
    }

    /// <summary>
    /// What must happen before a message: what was proposed in this epoch is committed (RFC 9420 §12.4), one's own keys are renewed if they
    /// are due, and members who have come are told the name one goes by.
    /// </summary>
    private OutboxWork? WorkBefore(ConversationState conversation, OutboxWork work, DateTimeOffset now)
    {
        if (conversation.Group.MustCommitFirst)
            return new OutboxWork.CommitProposals();
        if (conversation.Record.IsLeafFromKeyPackage || conversation.Record.LeafUpdatedAt + MlsProfile.LeafUpdateInterval <= now)
            return new OutboxWork.Update();
        if (!conversation.Record.IsProfileDue || conversation.Record.Kind == ConversationKind.Devices)
            return null;
        conversation.Set(conversation.Record with { IsProfileDue = false });
        bool isTold = context.Profile.Nickname.Length == 0 || (work is OutboxWork.Message message && MessageBody.IsProfile(message.Mimi));
        return isTold ? null : OutgoingContent.Profile(context, conversation.Id);
    }

    /// <summary>
    /// Makes a Commit. An unlawful proposal would make it one that every member refuses; as a Commit voids all proposals of its epoch, one
    /// without them clears the way, and whoever wants to leave proposes it again.
    /// </summary>
    private SealedMessage Commit(ConversationState conversation, ImmutableArray<Proposal> proposals, DateTimeOffset now)
    {
        Group group = conversation.Group;
        group.ClearPendingCommit();
        var rules = ConversationRules.Of(group);
        HashSet<LeafIndex> leaving =
        [
            .. proposals.OfType<Proposal.Remove>().Select(static remove => remove.Removed),
            .. group.ReceivedProposals.Select(static queued => queued.Proposal).OfType<Proposal.Remove>().Select(static remove => remove.Removed),
        ];

        // A device that wishes to be added again loses its former leaf; one that is to leave is not added.
        bool includesReceived = !conversation.Record.HasUnlawfulProposals;
        List<LeafIndex> returning = includesReceived ? [.. group.ReceivedProposals.Select(rules.ReturnOf).OfType<LeafIndex>().Distinct().Where(leaf => !leaving.Contains(leaf))] : [];
        var options = new CommitOptions
        {
            Proposals = [.. proposals, .. returning.Select(static leaf => new Proposal.Remove(leaf))],
            IncludesReceivedProposals = includesReceived,
            MayInclude = queued => rules.ReturnOf(queued) is not { } leaf || !leaving.Contains(leaf),
            // The server may have seen, and refused, a Commit of ours for this epoch. If this is an old copy that does not know of it, its key is not used again.
            IsPublic = conversation.Record.AreKeysStale || conversation.Record.RefusedCommit is not null,
            AuthenticatedData = conversation.Record.RefusedCommit is { } refused ? Supersession.Encode(refused) : default,
        };
        PendingCommit pending = group.Commit(options, now);
        if (returning.Count > 0 && !rules.Allows(pending.Staged))
        {
            // By this device's clock a KeyPackage among them is not valid: nobody is removed without being added again.
            group.ClearPendingCommit();
            pending = group.Commit(options with { Proposals = proposals, MayInclude = queued => rules.ReturnOf(queued) is null }, now);
        }

        return new SealedMessage(
            NewMessageId(now), group.Epoch, pending.Message, pending.Welcome ?? default, Devices(pending.Staged.Added), Devices(pending.Staged.Removed));
    }

    private static ImmutableArray<DeviceId> Devices(IReadOnlyList<Member> members) => [.. members.Select(static member => CertificateCheck.Of(member.Leaf).DeviceId)];
}

using System.Security.Cryptography;
using Parley.Mls.Crypto;
using Parley.Mls.Framing;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Schedule;
using Parley.Mls.Tree;
using Parley.Mls.Validation;

namespace Parley.Mls.Groups;

/// <content>
/// RFC 9420 §6, §12.4.2: messages from others. Parsed bytes are opened, then verified, then judged, and only then does anything change:
/// a message that breaks a rule leaves the group byte for byte as it was.
/// </content>
public sealed partial class Group
{
    /// <summary>
    /// Opens and verifies a message. A Commit is staged, not merged. The key of a PrivateMessage is used up by it, and what
    /// <see cref="TakeWrites"/> gives then has it no more: the message opens once. Whoever does not merge a staged Commit before those writes
    /// are stored keeps the state from before, or cannot follow the Commit any more.
    /// </summary>
    /// <param name="message">A PrivateMessage or PublicMessage.</param>
    /// <param name="now">
    /// The time that lifetimes are checked against, which RFC 9420 §7.3 recommends on receipt; null where they are not: members whose clocks
    /// differ, or who read a message long after it was sent, would otherwise not agree on whether it is good.
    /// </param>
    /// <exception cref="MlsException">The message breaks a rule; nothing has changed.</exception>
    public Received Process(MlsMessage message, DateTimeOffset? now)
    {
        ArgumentNullException.ThrowIfNull(message);
        MlsException.ThrowIf(IsRemoved, MlsError.RemovedFromGroup);
        return message switch
        {
            MlsMessage.Private { Message: { } sealedMessage } => ProcessPrivate(message, sealedMessage, now),
            MlsMessage.Public { Message: { } open } => ProcessPublic(message, open, now),
            _ => throw new MlsException(MlsError.UnexpectedMessage),
        };
    }

    private Received ProcessPrivate(MlsMessage message, PrivateMessage sealedMessage, DateTimeOffset? now)
    {
        CheckGroup(sealedMessage.GroupId);
        bool isCurrent = sealedMessage.Epoch == Epoch;
        if (!isCurrent)
        {
            MlsException.ThrowIf(sealedMessage.Epoch > Epoch || sealedMessage.ContentType != ContentType.Application, MlsError.WrongEpoch);
            PastEpoch past = PastEpochOf(sealedMessage) ?? throw new MlsException(MlsError.EpochExpired);
            return OpenApplication(past.SenderDataSecret, past.MessageSecrets, past.EncodedContext, sealedMessage);
        }

        MlsException.ThrowIf(IsReinitialized, MlsError.GroupReinitialized);
        if (sealedMessage.ContentType == ContentType.Application)
            return OpenApplication(_epoch.Secrets.SenderDataSecret, _epoch.MessageSecrets, _epoch.EncodedContext, sealedMessage);
        if (sealedMessage.ContentType == ContentType.Proposal && AcceptOwnProposal(message) is { } own)
            return own;
        using SecretTree.FoundKeys keys = PrivateMessages.Open(
            _suite, _epoch.Secrets.SenderDataSecret, _epoch.MessageSecrets, sealedMessage, OwnLeafIndex, out byte[] opened);
        try
        {
            AuthenticatedContent content = PrivateMessages.ReadContent(sealedMessage, keys.Leaf, opened);
            VerifySignature(content, _epoch.Tree.LeafAt(keys.Leaf), _epoch.EncodedContext);
            if (keys.Leaf == OwnLeafIndex)
                RefuseForgotten(content.Content.Content);
            Received received = ProcessHandshake(content, now);
            keys.Consume();
            return received;
        }
        catch
        {
            CryptographicOperations.ZeroMemory(opened); // Nobody is to have it.
            throw;
        }
    }

    private PastEpoch? PastEpochOf(PrivateMessage message) => _past.Find(past => past.Epoch == message.Epoch);

    private Received ProcessPublic(MlsMessage message, PublicMessage open, DateTimeOffset? now)
    {
        CheckGroup(open.Content.GroupId);
        MlsException.ThrowIf(open.Content.Epoch != Epoch, MlsError.WrongEpoch);
        MlsException.ThrowIf(IsReinitialized, MlsError.GroupReinitialized);
        bool isOwn = open.Content.Sender is Sender.Member { LeafIndex: var index } && index == OwnLeafIndex;
        if (isOwn && open.Content.Content is Content.ProposalContent && AcceptOwnProposal(message) is { } own)
            return own;
        AuthenticatedContent content = PublicMessages.Open(_suite, _epoch.Secrets.MembershipKey, open, _epoch.EncodedContext);
        VerifySender(content);

        // Only now: nobody else can make anyone believe that it has forgotten something.
        if (isOwn && Pending?.Message.Span.SequenceEqual(message.Encode()) != true)
            RefuseForgotten(content.Content.Content);
        MlsException.ThrowIf(isOwn, MlsError.OwnMessage);
        return ProcessHandshake(content, now);
    }

    /// <summary>What we signed in an epoch that we were restored to from an older copy, and cannot follow: its private keys are forgotten.</summary>
    private void RefuseForgotten(Content content)
    {
        MlsException.ThrowIf(content is Content.CommitContent, MlsError.OwnCommitForgotten);
        bool isWithoutKey = content is Content.ProposalContent { Proposal: Proposal.Update { LeafNode: { } leaf } } && !_updateKeys.ContainsKey(new KeyBytes(leaf.EncryptionKey));
        MlsException.ThrowIf(isWithoutKey, MlsError.OwnMessage);
    }

    private Received.Application OpenApplication(Secret senderDataSecret, SecretTree secrets, byte[] context, PrivateMessage message)
    {
        using SecretTree.FoundKeys keys = PrivateMessages.Open(_suite, senderDataSecret, secrets, message, OwnLeafIndex, out byte[] opened);
        try
        {
            ReadOnlyMemory<byte> data = PrivateMessages.ReadApplication(opened, out ReadOnlySpan<byte> signature);
            LeafNode sender = LeafInEpoch(keys.Leaf, message.Epoch) ?? throw new MlsException(MlsError.SenderNotMember);
            using var signed = new SignContent(FramedContentLabel, data.Length);
            AuthenticatedContent.WriteApplicationToBeSigned(
                signed.Writer, message.GroupId.Span, message.Epoch, keys.Leaf, message.AuthenticatedData.Span, data.Span, context);
            MlsException.ThrowIf(!signed.Verify(_suite, sender.SignatureKey.Span, signature), MlsError.SignatureInvalid);
            keys.Consume();
            return new Received.Application(keys.Leaf, sender, data, message.AuthenticatedData, message.Epoch);
        }
        catch
        {
            CryptographicOperations.ZeroMemory(opened);
            throw;
        }
    }

    private Received ProcessHandshake(AuthenticatedContent content, DateTimeOffset? now)
    {
        switch (content.Content.Content)
        {
            case Content.ProposalContent { Proposal: { } proposal }:
                MlsException.ThrowIf(proposal is Proposal.SelfRemove && content.WireFormat != WireFormat.PublicMessage, MlsError.SelfRemoveNotPublic);
                QueuedProposal queued = _proposals.Of(_suite, content);
                CheckReceivedProposal(queued, now);
                _proposals.Add(queued, content, _log);
                return new Received.Proposal(queued);
            case Content.CommitContent { Commit: { } commit }:
                var staging = new CommitStaging(_epoch, _config, Psks());
                return new Received.Commit(staging.Stage(content, Resolve(commit, content.Content.Sender), _updateKeys, null, now));
            default:
                throw new MlsException(MlsError.UnexpectedMessage);
        }
    }

    /// <summary>RFC 9420 §12.4: the proposals of a Commit, references looked up among those verified in this epoch.</summary>
    private List<QueuedProposal> Resolve(Commit commit, Sender committer)
    {
        var proposals = new List<QueuedProposal>(commit.Proposals.Length);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (ProposalOrRef entry in commit.Proposals)
        {
            switch (entry)
            {
                case ProposalOrRef.ByValue value:
                    proposals.Add(new QueuedProposal(value.Proposal, committer, null));
                    break;
                case ProposalOrRef.ByReference reference:
                    MlsException.ThrowIf(!seen.Add(Convert.ToHexString(reference.Reference.Span)), MlsError.DuplicateProposalReference);
                    proposals.Add(_proposals.Find(reference.Reference) ?? throw new MlsException(MlsError.UnknownProposalReference));
                    break;
            }
        }

        return proposals;
    }

    /// <summary>
    /// RFC 9420 §12.1, §12.2: a proposal that could not be committed by itself may yet stand beside others, such as an Add of a client
    /// beside its Remove. It is kept, or the Commit that names both could not be followed; if it stands alone, that Commit is refused.
    /// </summary>
    private void CheckReceivedProposal(QueuedProposal queued, DateTimeOffset? now)
    {
        try
        {
            CheckProposal(queued, now);
        }
        catch (MlsException broken) when (broken.Error is MlsError.DuplicateMember or MlsError.KeyNotUnique or MlsError.RequiredCapabilityMissing
            or MlsError.GroupExtensionNotSupported or MlsError.CredentialNotSupportedByGroup or MlsError.AppDataRefused)
        {
            // What is in the way may leave in the same Commit, and what a component's update builds on may come. A signature does not mend.
            CheckSignatures(queued);
        }
    }

    private void CheckSignatures(QueuedProposal queued)
    {
        var rules = new LeafNodeRules(_suite, _config, _epoch.Context.GroupId, _epoch.Context.Extensions);
        if (queued.Proposal is Proposal.Add add)
            KeyPackageRules.CheckProof(rules, add.KeyPackage, queued.AddProof ??= KeyPackageRules.Prove(_suite, rules, add.KeyPackage, isWelcomed: false));
        else if (queued.Proposal is Proposal.Update { LeafNode: { } leaf })
            rules.CheckProof(leaf, queued.UpdateProof ??= rules.Prove(leaf, LeafPlace.Update, ProposalListRules.SenderLeaf(queued)));
    }

    /// <summary>RFC 9420 §12.1: whether a proposal could be committed by itself.</summary>
    private void CheckProposal(QueuedProposal queued, DateTimeOffset? now)
    {
        ProposalListRules.CheckCommit(_suite, _epoch.Tree, null, [queued]);
        ProvisionalGroup.Apply(_epoch, _config, [queued], now);
    }

    private void CheckGroup(ReadOnlyMemory<byte> groupId) =>
        MlsException.ThrowIf(!groupId.Span.SequenceEqual(_epoch.Context.GroupId.Span), MlsError.WrongGroup);

    /// <summary>RFC 9420 §6.1: verifies the signature of a PublicMessage with the key that its kind of sender has.</summary>
    private void VerifySender(AuthenticatedContent content)
    {
        Content inner = content.Content.Content;
        switch (content.Content.Sender)
        {
            case Sender.Member member:
                VerifySignature(content, _epoch.Tree.LeafAt(member.LeafIndex), _epoch.EncodedContext);
                break;
            case Sender.External external:
                ExternalSenders? senders = GroupExtensionRules.ExternalSenders(_epoch.Context.Extensions);
                bool known = senders is not null && external.SenderIndex < senders.Senders.Length;
                bool allowed = inner is Content.ProposalContent { Proposal.IsAllowedFromExternalSender: true };
                MlsException.ThrowIf(!known || !allowed, MlsError.SenderNotAllowed);
                VerifySignature(content, senders!.Senders[(int)external.SenderIndex].SignatureKey, []);
                break;
            case Sender.NewMemberProposal:
                Proposal.Add add = (inner as Content.ProposalContent)?.Proposal as Proposal.Add ?? throw new MlsException(MlsError.SenderNotAllowed);
                VerifySignature(content, add.KeyPackage.LeafNode.SignatureKey, []);
                MlsException.ThrowIf(!_config.Authentication.MayProposeItself(add.KeyPackage.LeafNode), MlsError.SenderNotAllowed);
                break;
            case Sender.NewMemberCommit:
                Commit commit = (inner as Content.CommitContent)?.Commit ?? throw new MlsException(MlsError.SenderNotAllowed);
                MlsException.ThrowIf(commit.Path is null, MlsError.PathMissing);
                VerifySignature(content, commit.Path!.LeafNode.SignatureKey, _epoch.EncodedContext);
                break;
        }
    }

    private void VerifySignature(AuthenticatedContent content, LeafNode? sender, ReadOnlySpan<byte> context)
    {
        MlsException.ThrowIf(sender is null, MlsError.SenderNotMember);
        VerifySignature(content, sender!.SignatureKey, context);
    }

    private void VerifySignature(AuthenticatedContent content, ReadOnlyMemory<byte> signatureKey, ReadOnlySpan<byte> context)
    {
        using var signed = new SignContent(FramedContentLabel, content.Content.Content.CapacityHint());
        AuthenticatedContent.WriteToBeSigned(signed.Writer, content.WireFormat, content.Content, context);
        MlsException.ThrowIf(!signed.Verify(_suite, signatureKey.Span, content.Auth.Signature.Span), MlsError.SignatureInvalid);
    }

    /// <summary>A leaf as it was in a past epoch: the first epoch from then on that replaced it knows, else it is still there.</summary>
    private LeafNode? LeafInEpoch(LeafIndex index, ulong epoch)
    {
        foreach (PastEpoch past in _past)
        {
            if (past.Epoch >= epoch && past.TryGetReplaced(index, out LeafNode? leaf))
                return leaf;
        }

        return _epoch.Tree.LeafAt(index);
    }
}

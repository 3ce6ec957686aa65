using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Schedule;
using Parley.Mls.Tree;
using Parley.Mls.Validation;

namespace Parley.Mls.Groups;

/// <summary>
/// RFC 9420 §12.4.3: a GroupInfo whose signature and tree were verified as if the group were joined by a Welcome. The application looks
/// at the group it describes, and may join it by an external Commit. Its confirmation tag cannot be checked from outside: a GroupInfo
/// that a member forged or that is out of date leads to a Commit that the other members refuse.
/// </summary>
public sealed class VerifiedGroupInfo
{
    private readonly GroupConfig _config;
    private readonly PublicGroup _group;
    private readonly ReadOnlyMemory<byte> _externalPub;
    private IReadOnlyList<Member>? _members;

    private VerifiedGroupInfo(GroupConfig config, GroupInfo info, PublicGroup group, ReadOnlyMemory<byte> externalPub)
    {
        _config = config;
        _group = group;
        _externalPub = externalPub;
        Signer = info.Signer;
    }

    /// <summary>The group's state.</summary>
    public GroupContext Context => _group.Context;

    /// <summary>The members.</summary>
    public IReadOnlyList<Member> Members => _members ??= [.. _group.Tree.Members().Select(static member => new Member(member.Index, member.Leaf))];

    /// <summary>Who signed the GroupInfo.</summary>
    public LeafIndex Signer { get; }

    /// <summary>Verifies a GroupInfo with an <c>external_pub</c>.</summary>
    /// <param name="config">Policy.</param>
    /// <param name="info">The GroupInfo.</param>
    /// <param name="ratchetTree">The tree, if the GroupInfo does not carry it.</param>
    /// <exception cref="MlsException">The GroupInfo breaks a rule, or cannot be used to join.</exception>
    public static VerifiedGroupInfo Verify(GroupConfig config, GroupInfo info, RatchetTreeExtension? ratchetTree = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(info);
        GroupContext context = info.GroupContext;
        MlsException.ThrowIf(!CryptoSuite.IsSupported(config.Crypto, context.CipherSuite), MlsError.UnsupportedCipherSuite);
        var suite = new CryptoSuite(config.Crypto, context.CipherSuite);
        ExternalPub externalPub = GroupExtensionRules.Decode<ExternalPub>(info.Extensions, ExtensionType.ExternalPub)
            ?? throw new MlsException(MlsError.ExternalPubMissing);
        RatchetTree tree = GroupInfoRules.Check(suite, config, info, ratchetTree, IsSignedBy);
        byte[] interim = KeySchedule.InterimTranscriptHash(suite, context.ConfirmedTranscriptHash.Span, info.ConfirmationTag.Span);
        return new VerifiedGroupInfo(config, info, new PublicGroup(suite, context, tree, interim), externalPub.PublicKey);

        bool IsSignedBy(LeafNode signer)
        {
            using var signed = new SignContent("GroupInfoTBS", info.CapacityHint);
            info.WriteToBeSigned(signed.Writer);
            return signed.Verify(suite, signer.SignatureKey.Span, info.Signature.Span);
        }
    }

    /// <summary>RFC 9420 §12.4.3.2: makes the Commit by which we join the group.</summary>
    /// <param name="identity">Who we are, for as long as we are in the group.</param>
    /// <param name="options">What else the Commit does.</param>
    /// <param name="now">The time that lifetimes are checked against.</param>
    /// <returns>The Commit, to be joined when the Delivery Service has accepted it. The caller disposes it.</returns>
    /// <exception cref="MlsException">Our leaf or a proposal is not valid in this group, or a PSK is not known here.</exception>
    public PendingExternalCommit Commit(LeafIdentity identity, ExternalCommitOptions options, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentNullException.ThrowIfNull(options);
        CryptoSuite suite = _group.Suite;
        if (!KeySchedule.TryMakeExternalInit(suite, _externalPub.Span, out byte[] kemOutput, out Secret? initSecret))
            throw new MlsException(MlsError.HpkeKeyInvalid);
        using Secret init = initSecret;
        List<QueuedProposal> proposals = Proposals(options, kemOutput);
        ProposalListRules.CheckExternalCommit(suite, _group.Tree, proposals);
        ProvisionalGroup provisional = ProvisionalGroup.Apply(_group, _config, proposals, now);
        LeafIndex self = provisional.Tree.NextLeaf();
        MlsException.ThrowIf(self.Value >= MessageLimits.LeavesMax, MlsError.UnexpectedMessage);
        var making = new CommitMaking
        {
            Epoch = _group,
            Config = _config,
            Psks = new PskLookup(_config.PreSharedKeys, null),
            InitSecret = init,
            Sender = new Sender.NewMemberCommit(),
            Committer = self,
            Signer = identity.Signer,
            Identity = identity,
            IsNewIdentity = true,
            Format = WireFormat.PublicMessage,
            AuthenticatedData = options.AuthenticatedData,
        };
        LeafNode? formerLeaf = options.Replaces is { } replaced ? _group.Tree.LeafAt(replaced) : null;
        using MadeCommit made = making.Make(proposals, provisional, formerLeaf, hasPath: true);
        var message = new MlsMessage.Public(new PublicMessage(made.Content.Content, made.Content.Auth, null));
        EpochState joined = made.ToState(_config, new TreePrivateKeys());
        return new PendingExternalCommit(message.Encode<MlsMessage>(), Group.Start(_config, identity, joined));
    }

    private List<QueuedProposal> Proposals(ExternalCommitOptions options, byte[] kemOutput)
    {
        List<Proposal> proposals = [new Proposal.ExternalInit(kemOutput)];
        if (options.Replaces is { } replaced)
            proposals.Add(new Proposal.Remove(replaced));
        proposals.AddRange(options.PreSharedKeys);
        proposals.AddRange(options.AppEphemerals);
        proposals.AddRange(options.AppDataUpdates);
        return
        [
            .. proposals.Select(static proposal => new QueuedProposal(proposal, new Sender.NewMemberCommit(), null)),
            .. options.SelfRemoves.Select(VerifiedSelfRemove),
        ];
    }

    /// <summary>A member's SelfRemove as a Commit names it. Its membership tag is for the members to check.</summary>
    private QueuedProposal VerifiedSelfRemove(PublicMessage message)
    {
        FramedContent framed = message.Content;
        MlsException.ThrowIf(!framed.GroupId.Span.SequenceEqual(Context.GroupId.Span), MlsError.WrongGroup);
        MlsException.ThrowIf(framed.Epoch != Context.Epoch, MlsError.WrongEpoch);
        Proposal.SelfRemove proposal = (framed.Content as Content.ProposalContent)?.Proposal as Proposal.SelfRemove
            ?? throw new MlsException(MlsError.ExternalCommitProposalInvalid);
        LeafNode sender = framed.Sender is Sender.Member member && _group.Tree.LeafAt(member.LeafIndex) is { } leaf
            ? leaf
            : throw new MlsException(MlsError.SenderNotMember);
        var content = new AuthenticatedContent(WireFormat.PublicMessage, framed, message.Auth);
        using var signed = new SignContent("FramedContentTBS");
        AuthenticatedContent.WriteToBeSigned(signed.Writer, content.WireFormat, framed, _group.EncodedContext);
        MlsException.ThrowIf(!signed.Verify(_group.Suite, sender.SignatureKey.Span, content.Auth.Signature.Span), MlsError.SignatureInvalid);
        return new QueuedProposal(proposal, framed.Sender, _group.Suite.RefHash(CryptoSuite.ProposalReferenceLabel, content.Encode()));
    }
}

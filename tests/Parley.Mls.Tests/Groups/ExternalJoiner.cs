using System.Collections.Immutable;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Schedule;
using Parley.Mls.Tree;

namespace Parley.Mls.Tests.Groups;

/// <summary>
/// RFC 9420 §12.4.3.2: one who joins by an external Commit, written here from the RFC because the library only receives such Commits.
/// Each part can be changed before it is signed and confirmed.
/// </summary>
internal sealed class ExternalJoiner(Client client, byte[] groupInfo)
{
    private readonly CryptoSuite _suite = client.World.Suite;

    /// <summary>The old leaf to take out first, if any.</summary>
    public LeafIndex? Replaces { get; init; }

    /// <summary>The members whose SelfRemoves it carries out, with the references to them.</summary>
    public ImmutableArray<(LeafIndex Leaf, ProposalOrRef Reference)> SelfRemoves { get; init; } = [];

    /// <summary>What else is in the Commit by value.</summary>
    public ImmutableArray<Proposal> Others { get; init; } = [];

    /// <summary>Changes the list of proposals after everything else is made.</summary>
    public Func<ImmutableArray<ProposalOrRef>, ImmutableArray<ProposalOrRef>> ChangesProposals { get; init; } = static proposals => proposals;

    /// <summary>Changes the path's leaf before it is signed.</summary>
    public Func<LeafNode, LeafNode> ChangesLeaf { get; init; } = static leaf => leaf;

    /// <summary>Changes the Commit before it is signed.</summary>
    public Func<Commit, Commit> ChangesCommit { get; init; } = static commit => commit;

    /// <summary>The place of the joiner in the tree, if not the right one.</summary>
    public LeafIndex? Place { get; init; }

    /// <summary>Signs the message with another key than the leaf's.</summary>
    public SignatureKeyPair? Signer { get; init; }

    /// <summary>What the new epoch's members share, once <see cref="Join"/> has been called.</summary>
    public byte[]? EpochAuthenticator { get; private set; }

    public MlsMessage Join()
    {
        Assert.True(MlsMessage.TryDecode(groupInfo, out MlsMessage? decoded, out _));
        GroupInfo info = Assert.IsType<MlsMessage.GroupInfo>(decoded).Message;
        GroupContext context = info.GroupContext;
        RatchetTree tree = RatchetTree.FromExtension(Extension<RatchetTreeExtension>(info, ExtensionType.RatchetTree));
        ReadOnlyMemory<byte> externalPub = Extension<ExternalPub>(info, ExtensionType.ExternalPub).PublicKey;
        Assert.True(_suite.TryExportSender(externalPub.Span, [], "MLS 1.0 external init secret"u8, _suite.HashBytes, out byte[] kemOutput, out Secret? initSecret));
        using Secret init = initSecret;
        ImmutableArray<ProposalOrRef> proposals = [new ProposalOrRef.ByValue(new Proposal.ExternalInit(kemOutput))];
        if (Replaces is { } replaced)
        {
            proposals = proposals.Add(new ProposalOrRef.ByValue(new Proposal.Remove(replaced)));
            if (tree.LeafAt(replaced) is not null)
                tree = tree.Remove(replaced);
        }

        foreach ((LeafIndex leaf, ProposalOrRef reference) in SelfRemoves)
        {
            proposals = proposals.Add(reference);
            tree = tree.Remove(leaf);
        }

        tree = tree.Truncate();
        proposals = ChangesProposals(proposals.AddRange(Others.Select(static other => new ProposalOrRef.ByValue(other))));
        (UpdatePath path, RatchetTree joined, Secret commitSecret) = Path(tree, context);
        using Secret secret = commitSecret;
        var commit = ChangesCommit(new Commit(proposals, path));
        return Confirm(commit, info, context with { Epoch = context.Epoch + 1, TreeHash = joined.TreeHash(_suite) }, init, secret);
    }

    private (UpdatePath Path, RatchetTree Joined, Secret CommitSecret) Path(RatchetTree tree, GroupContext context)
    {
        LeafIndex place = Place ?? tree.NextLeaf();
        tree = tree.WithRoomFor(place);
        IReadOnlyList<PathNode> filtered = tree.FilteredDirectPath(place);
        using Secret first = Forge.RandomSecret(_suite);
        using FreshPath fresh = TreeKem.Derive(_suite, first, filtered.Count);
        (IReadOnlyList<ParentNode> nodes, byte[] parentHash) = ParentHash.OfPath(
            _suite, filtered, [.. fresh.KeyPairs.Select(static pair => (ReadOnlyMemory<byte>)pair.PublicKey)]);
        using HpkeKeyPair leafKey = _suite.GenerateHpkeKeyPair();
        LeafIdentity identity = client.Identity;
        LeafNode leaf = identity.Sign(_suite, leafKey.PublicKey, new LeafNodeSource.Commit(parentHash), context.GroupId, place);
        leaf = Forge.Resign(client, ChangesLeaf(leaf), context.GroupId.ToArray(), place);
        RatchetTree joined = tree.WithPath(place, leaf, filtered, nodes);
        byte[] provisional = (context with { Epoch = context.Epoch + 1, TreeHash = joined.TreeHash(_suite) }).Encode();
        return (new UpdatePath(leaf, TreeKem.Encrypt(_suite, filtered, fresh, null, provisional)), joined, fresh.CommitSecret!.Clone());
    }

    private MlsMessage.Public Confirm(Commit commit, GroupInfo info, GroupContext provisional, Secret initSecret, Secret commitSecret)
    {
        GroupContext context = info.GroupContext;
        var framed = new FramedContent(context.GroupId, context.Epoch, new Sender.NewMemberCommit(), default, new Content.CommitContent(commit));
        byte[] signed = AuthenticatedContent.EncodeToBeSigned(WireFormat.PublicMessage, framed, context.Encode());
        byte[] signature = (Signer ?? client.Identity.Signer).Sign(_suite, "FramedContentTBS", signed);
        var content = new AuthenticatedContent(WireFormat.PublicMessage, framed, new FramedContentAuthData(signature, null));
        byte[] interim = KeySchedule.InterimTranscriptHash(_suite, context.ConfirmedTranscriptHash.Span, info.ConfirmationTag.Span);
        byte[] confirmed = KeySchedule.ConfirmedTranscriptHash(_suite, interim, content);
        using Secret noPsk = new(_suite.HashBytes);
        using NewEpoch epoch = NewEpoch.Derive(_suite, initSecret, commitSecret, noPsk, provisional with { ConfirmedTranscriptHash = confirmed });
        EpochAuthenticator = epoch.Secrets.EpochAuthenticator.AsSpan().ToArray();
        byte[] tag = _suite.Mac(epoch.Secrets.ConfirmationKey.AsSpan(), confirmed);
        return new MlsMessage.Public(new PublicMessage(framed, content.Auth with { ConfirmationTag = tag }, null));
    }

    private static T Extension<T>(GroupInfo info, ExtensionType type)
        where T : class, ITlsStruct<T>
    {
        Assert.True(Tls.TryDecode(info.Extensions.Find(type)!.Data.Span, out T? extension, out _));
        return extension;
    }
}

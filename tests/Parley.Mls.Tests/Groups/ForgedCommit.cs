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
/// RFC 9420 §12.4.1, written here step by step and without a single rule: a Commit of a member that turned against its group. What one
/// step makes can be changed, and all that follows is made from the change, up to the confirmation tag. So a Commit that breaks one rule
/// leads to an epoch like any other, and nothing but the rule can refuse it.
/// </summary>
internal sealed class ForgedCommit(Client client)
{
    private readonly CryptoSuite _suite = client.World.Suite;
    private readonly EpochState _epoch = client.Epoch();
    private readonly HashSet<LeafIndex> _newLeaves = [];

    /// <summary>What it puts into effect, references included.</summary>
    public ImmutableArray<QueuedProposal> Proposals { get; init; } = [];

    public bool HasPath { get; init; } = true;

    /// <summary>The tree after the proposals and before the path.</summary>
    public Func<RatchetTree, RatchetTree> ChangesTree { get; init; } = static tree => tree;

    /// <summary>The public keys of the path, from the leaf up. Parent hashes follow from them.</summary>
    public Func<ImmutableArray<ReadOnlyMemory<byte>>, ImmutableArray<ReadOnlyMemory<byte>>> ChangesKeys { get; init; } = static keys => keys;

    /// <summary>The path's leaf before it is signed.</summary>
    public Func<LeafNode, LeafNode> ChangesLeaf { get; init; } = static leaf => leaf;

    /// <summary>What the path's leaf is signed with, where that is not the client's own key.</summary>
    public SignatureKeyPair? LeafSigner { get; init; }

    public string LeafLabel { get; init; } = "LeafNodeTBS";

    /// <summary>The path's leaf after it is signed.</summary>
    public Func<LeafNode, LeafNode> ChangesSignedLeaf { get; init; } = static leaf => leaf;

    /// <summary>The context that path secrets are encrypted in.</summary>
    public Func<GroupContext, GroupContext> ChangesPathContext { get; init; } = static context => context;

    public string PathLabel { get; init; } = "UpdatePathNode";

    /// <summary>The path secrets before they are encrypted.</summary>
    public Func<int, Secret, byte[]> ChangesPathSecret { get; init; } = static (_, secret) => secret.AsSpan().ToArray();

    /// <summary>The Commit before it is framed and signed.</summary>
    public Func<Commit, Commit> ChangesCommit { get; init; } = static commit => commit;

    public Func<FramedContent, FramedContent> ChangesFrame { get; init; } = static framed => framed;

    public WireFormat Format { get; init; } = WireFormat.PublicMessage;

    public SignatureKeyPair? Signer { get; init; }

    public string Label { get; init; } = "FramedContentTBS";

    /// <summary>The new epoch's GroupContext.</summary>
    public Func<GroupContext, GroupContext> ChangesContext { get; init; } = static context => context;

    public Func<byte[], byte[]> ChangesTag { get; init; } = static tag => tag;

    /// <summary>What the members of the new epoch share, once <see cref="Make"/> has been called.</summary>
    public byte[]? EpochAuthenticator { get; private set; }

    public MlsMessage Make()
    {
        (RatchetTree tree, ImmutableArray<Extension> extensions) = Applied();
        tree = ChangesTree(tree);
        UpdatePath? path = null;
        using Secret commitSecret = HasPath ? MakePath(ref tree, extensions, out path) : new Secret(_suite.HashBytes);
        var entries = Proposals.Select(static queued => queued.Reference is { } reference
            ? (ProposalOrRef)new ProposalOrRef.ByReference(reference)
            : new ProposalOrRef.ByValue(queued.Proposal));
        AuthenticatedContent content = Sign(ChangesCommit(new Commit([.. entries], path)));
        byte[] confirmed = KeySchedule.ConfirmedTranscriptHash(_suite, _epoch.InterimTranscriptHash, content);
        GroupContext context = ChangesContext(Context(tree, extensions) with { ConfirmedTranscriptHash = confirmed });
        using Secret pskSecret = PskSecretOf();
        using NewEpoch epoch = NewEpoch.Derive(_suite, _epoch.Secrets.InitSecret, commitSecret, pskSecret, context);
        EpochAuthenticator = epoch.Secrets.EpochAuthenticator.AsSpan().ToArray();
        byte[] tag = ChangesTag(_suite.Mac(epoch.Secrets.ConfirmationKey.AsSpan(), confirmed));
        return Forge.Seal(client, content with { Auth = content.Auth with { ConfirmationTag = tag } });
    }

    /// <summary>RFC 9420 §12.3, with no question asked.</summary>
    private (RatchetTree Tree, ImmutableArray<Extension> Extensions) Applied()
    {
        RatchetTree tree = _epoch.Tree;
        ImmutableArray<Extension> extensions = Proposals.Select(static queued => queued.Proposal).OfType<Proposal.GroupContextExtensions>()
            .FirstOrDefault()?.Extensions ?? _epoch.Context.Extensions;
        foreach (QueuedProposal queued in Proposals)
        {
            if (queued is { Proposal: Proposal.Update update, Sender: Sender.Member sender })
                tree = tree.Update(sender.LeafIndex, update.LeafNode);
        }

        foreach (Proposal.Remove remove in Proposals.Select(static queued => queued.Proposal).OfType<Proposal.Remove>())
        {
            if (tree.LeafAt(remove.Removed) is not null)
                tree = tree.Remove(remove.Removed);
        }

        tree = tree.Truncate();
        foreach (Proposal.Add add in Proposals.Select(static queued => queued.Proposal).OfType<Proposal.Add>())
        {
            tree = tree.Add(add.KeyPackage.LeafNode, out LeafIndex index);
            _newLeaves.Add(index);
        }

        return (tree, extensions);
    }

    /// <summary>RFC 9420 §7.5: a fresh path. Its commit secret is the caller's.</summary>
    private Secret MakePath(ref RatchetTree tree, ImmutableArray<Extension> extensions, out UpdatePath path)
    {
        IReadOnlyList<PathNode> filtered = tree.FilteredDirectPath(_epoch.Self);
        using Secret first = Forge.RandomSecret(_suite);
        using FreshPath fresh = TreeKem.Derive(_suite, first, filtered.Count);
        ImmutableArray<ReadOnlyMemory<byte>> keys = ChangesKeys([.. fresh.KeyPairs.Select(static pair => (ReadOnlyMemory<byte>)pair.PublicKey)]);
        (IReadOnlyList<ParentNode> nodes, byte[] parentHash) = ParentHash.OfPath(_suite, filtered, keys);
        using HpkeKeyPair leafKey = _suite.GenerateHpkeKeyPair();
        LeafNode leaf = _epoch.Tree.LeafAt(_epoch.Self)! with { EncryptionKey = leafKey.PublicKey, Source = new LeafNodeSource.Commit(parentHash) };
        leaf = ChangesLeaf(leaf);
        byte[] signed = leaf.EncodeToBeSigned(_epoch.Context.GroupId.Span, _epoch.Self);
        leaf = ChangesSignedLeaf(leaf with { Signature = (LeafSigner ?? client.Identity.Signer).Sign(_suite, LeafLabel, signed) });
        tree = tree.WithPath(_epoch.Self, leaf, filtered, nodes);
        byte[] context = ChangesPathContext(Context(tree, extensions)).Encode();
        path = new UpdatePath(leaf, [.. filtered.Select((node, i) => new UpdatePathNode(keys[i], Encrypt(node, ChangesPathSecret(i, fresh.PathSecrets[i]), context)))]);
        return fresh.CommitSecret!.Clone();
    }

    private ImmutableArray<HpkeCiphertext> Encrypt(PathNode node, byte[] pathSecret, byte[] context) =>
    [
        .. RatchetTree.Resolution(node.Copath, _newLeaves).Select(target =>
        {
            Assert.True(_suite.TryEncryptWithLabel(target.EncryptionKey!.Value.Span, PathLabel, context, pathSecret, out byte[] kemOutput, out byte[] ciphertext));
            return new HpkeCiphertext(kemOutput, ciphertext);
        }),
    ];

    private AuthenticatedContent Sign(Commit commit)
    {
        FramedContent framed = ChangesFrame(new FramedContent(
            _epoch.Context.GroupId, _epoch.Context.Epoch, new Sender.Member(_epoch.Self), default, new Content.CommitContent(commit)));
        byte[] signed = AuthenticatedContent.EncodeToBeSigned(Format, framed, _epoch.EncodedContext);
        return new AuthenticatedContent(Format, framed, new FramedContentAuthData((Signer ?? client.Identity.Signer).Sign(_suite, Label, signed), null));
    }

    /// <summary>RFC 9420 §12.4.1: the provisional GroupContext.</summary>
    private GroupContext Context(RatchetTree tree, ImmutableArray<Extension> extensions) =>
        _epoch.Context with { Epoch = _epoch.Context.Epoch + 1, TreeHash = tree.TreeHash(_suite), Extensions = extensions };

    private Secret PskSecretOf()
    {
        IEnumerable<PreSharedKeyId> ids = Proposals.Select(static queued => queued.Proposal).OfType<Proposal.PreSharedKey>().Select(static psk => psk.Psk);
        return PskSecret.Compute(_suite, [.. ids.Select(id => (id, client.World.Psks.Find(id) ?? new Secret(_suite.HashBytes)))]);
    }
}

using System.Collections.Immutable;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tree;
using Parley.Mls.Validation;

namespace Parley.Mls.Groups;

/// <summary>
/// RFC 9420 §12.3: a group as a list of proposals would make it, beside the group as it is. Made the same way by a Commit's maker
/// and by each receiver; nothing of the group changes.
/// </summary>
internal sealed class ProvisionalGroup
{
    private readonly PublicGroup _epoch;
    private readonly GroupConfig _config;
    private readonly DateTimeOffset? _now;
    private readonly HashSet<KeyBytes> _addedSignatureKeys = [];
    private readonly HashSet<KeyBytes> _addedHpkeKeys = [];
    private readonly bool _isOurs;

    private ProvisionalGroup(PublicGroup epoch, GroupConfig config, DateTimeOffset? now, bool isOurs)
    {
        _epoch = epoch;
        _config = config;
        _now = now;
        _isOurs = isOurs;
        Tree = epoch.Tree;
        Extensions = epoch.Context.Extensions;
        LeafRules = null!; // Set by Apply before anything reads it: it depends on the new extensions.
    }

    public RatchetTree Tree { get; private set; }

    public ImmutableArray<Extension> Extensions { get; private set; }

    public LeafNodeRules LeafRules { get; private set; }

    public List<(LeafIndex Index, KeyPackage KeyPackage)> Added { get; } = [];

    public HashSet<LeafIndex> NewLeaves { get; } = [];

    public List<Member> Removed { get; } = [];

    public List<Member> Updated { get; } = [];

    public List<PreSharedKeyId> Psks { get; } = [];

    public Proposal.ReInit? ReInit { get; private set; }

    public Proposal.ExternalInit? ExternalInit { get; private set; }

    /// <summary>Applies proposals whose list has been checked, in the order of RFC 9420 §12.3.</summary>
    /// <param name="epoch">The group as it is.</param>
    /// <param name="config">Policy.</param>
    /// <param name="proposals">The proposals.</param>
    /// <param name="now">The time that lifetimes are checked against.</param>
    /// <param name="isOurs">Whether they are for a Commit of ours, whose Welcome is encrypted to those who are added.</param>
    /// <exception cref="MlsException">A proposal is not valid, or what results is not.</exception>
    public static ProvisionalGroup Apply(
        PublicGroup epoch, GroupConfig config, IReadOnlyList<QueuedProposal> proposals, DateTimeOffset? now, bool isOurs = false)
    {
        var group = new ProvisionalGroup(epoch, config, now, isOurs);
        group.ApplyExtensions(proposals);
        group.ApplyUpdatesAndRemoves(proposals);
        group.ApplyRest(proposals);
        group.CheckCredentialTypes();
        return group;
    }

    /// <summary>
    /// RFC 9420 §12.4.2: checks a path's leaf, its keys and its shape, and puts it into the tree. The filtered path is returned for the
    /// path secrets, which are encrypted to the tree as it is without the path.
    /// </summary>
    /// <exception cref="MlsException">The path breaks a rule.</exception>
    public IReadOnlyList<PathNode> ApplyPath(LeafIndex committer, LeafNode? formerLeaf, UpdatePath path)
    {
        CheckPathLeaf(committer, formerLeaf, path.LeafNode);
        IReadOnlyList<PathNode> filtered = FilteredDirectPath(committer);
        TreeKem.CheckShape(filtered, path, NewLeaves);
        CheckPathKeys(path);
        MergePath(committer, filtered, path.LeafNode.Copy(), [.. path.Nodes.Select(static node => (ReadOnlyMemory<byte>)node.EncryptionKey.ToArray())]);
        CheckTree();
        return filtered;
    }

    /// <summary>RFC 9420 §4.1.2: the filtered direct path of a committer, for whom the tree is made wide enough.</summary>
    public IReadOnlyList<PathNode> FilteredDirectPath(LeafIndex committer)
    {
        Tree = Tree.WithRoomFor(committer);
        return Tree.FilteredDirectPath(committer);
    }

    /// <summary>RFC 9420 §12.4.1: makes the committer's new leaf and puts it and the path's keys into the tree.</summary>
    public LeafNode CreatePath(
        LeafIndex committer, LeafIdentity identity, ReadOnlyMemory<byte> leafKey, IReadOnlyList<PathNode> filtered, IReadOnlyList<ReadOnlyMemory<byte>> publicKeys)
    {
        ReadOnlyMemory<byte> groupId = _epoch.Context.GroupId;
        (IReadOnlyList<ParentNode> nodes, byte[] parentHash) = ParentHash.OfPath(_epoch.Suite, filtered, publicKeys);
        var source = new LeafNodeSource.Commit(parentHash);
        LeafNode leaf = identity.Sign(_epoch.Suite, leafKey, source, groupId, committer);
        Tree = Tree.WithPath(committer, leaf, filtered, nodes);
        return leaf;
    }

    /// <summary>RFC 9420 §7.3: checks the committer's leaf that <see cref="CreatePath"/> put into the tree, as every receiver will.</summary>
    /// <exception cref="MlsException">The leaf breaks a rule.</exception>
    public void CheckOwnLeaf(LeafIndex committer, LeafNode? formerLeaf)
    {
        LeafNode leaf = Tree.LeafAt(committer)!; // Put there by CreatePath.
        CheckPathLeaf(committer, formerLeaf, leaf);
        CheckTree();
    }

    /// <summary>RFC 9420 §12.4.1: the GroupContext of the new epoch; the provisional one has the old transcript hash.</summary>
    public GroupContext Context(ReadOnlyMemory<byte> confirmedTranscriptHash) => _epoch.Context with
    {
        Epoch = _epoch.Context.Epoch + 1,
        TreeHash = Tree.TreeHash(_epoch.Suite),
        ConfirmedTranscriptHash = confirmedTranscriptHash,
        Extensions = Extensions,
    };

    /// <summary>
    /// Whether one more Add can be put into effect, beside all those that could before it: for choosing among many in one pass. A group that
    /// Adds were tried on is of no other use.
    /// </summary>
    public bool TryAdd(QueuedProposal queued)
    {
        KeyPackage keyPackage = ((Proposal.Add)queued.Proposal).KeyPackage;
        RatchetTree former = Tree;
        try
        {
            CheckAdded(keyPackage);
            (KeyPackageProof proof, LeafNode leaf) = Prove(queued);
            ApplyAdd(keyPackage, proof, leaf);
            CheckCredentialTypes();
            return true;
        }
        catch (MlsException)
        {
            Tree = former;
            return false;
        }
    }

    private void ApplyExtensions(IReadOnlyList<QueuedProposal> proposals)
    {
        Proposal.GroupContextExtensions? replacement = proposals.Select(static queued => queued.Proposal).OfType<Proposal.GroupContextExtensions>().FirstOrDefault();
        if (replacement is not null)
        {
            GroupExtensionRules.CheckGroupContext(replacement.Extensions, _config.Authentication);
            AppDataRules.CheckReplacement(Extensions, replacement.Extensions);
            Extensions = replacement.Extensions;
        }

        ImmutableArray<Extension> updated = AppDataRules.Apply(Extensions, proposals, _config.Components);
        bool demandsOther = AppDataRules.DemandsOther(Extensions, updated);
        Extensions = updated;
        LeafRules = new LeafNodeRules(_epoch.Suite, _config, _epoch.Context.GroupId, Extensions);
        if (replacement is null && !demandsOther)
            return;
        HashSet<LeafIndex> removed = [.. proposals.Select(ProposalListRules.RemovedLeaf).OfType<LeafIndex>()];
        foreach ((LeafIndex index, LeafNode leaf) in Tree.Members())
        {
            if (!removed.Contains(index))
                LeafRules.CheckCapabilities(leaf);
        }
    }

    // In any order, says §12.3: so all leaves that go are blanked before the new ones are put in, and a key is compared with those of
    // the members there are after all Updates and Removes (§7.3, §12.2), not with one that goes with them.
    private void ApplyUpdatesAndRemoves(IReadOnlyList<QueuedProposal> proposals)
    {
        foreach (QueuedProposal queued in proposals)
        {
            if (queued.Proposal is Proposal.Update update)
                Updated.Add(CheckedUpdate(queued, ProposalListRules.SenderLeaf(queued), update.LeafNode));
            else if (ProposalListRules.RemovedLeaf(queued) is { } removed)
                Removed.Add(new Member(removed, Tree.LeafAt(removed) ?? throw new MlsException(MlsError.RemoveOfBlankLeaf)));
        }

        foreach (Member gone in Updated.Concat(Removed))
            Tree = Tree.Remove(gone.Index);
        foreach (Member updated in Updated)
            Tree = Tree.Update(updated.Index, updated.Leaf.Copy());
        MlsException.ThrowIf(Tree.Keys.HasDuplicate, MlsError.KeyNotUnique);
        if (Removed.Count > 0)
            Tree = Tree.Truncate();
    }

    private Member CheckedUpdate(QueuedProposal queued, LeafIndex index, LeafNode leaf)
    {
        LeafNode current = Tree.LeafAt(index) ?? throw new MlsException(MlsError.SenderNotMember); // Only from damaged storage: senders are verified.
        LeafRules.CheckContent(leaf, LeafPlace.Update, _now);
        MlsException.ThrowIf(current.EncryptionKey.Span.SequenceEqual(leaf.EncryptionKey.Span), MlsError.EncryptionKeyNotChanged);
        LeafRules.CheckProof(leaf, queued.UpdateProof ??= LeafRules.Prove(leaf, LeafPlace.Update, index));
        MlsException.ThrowIf(!_config.Authentication.IsSuccessor(current, leaf), MlsError.CredentialNotSuccessor);
        return new Member(index, leaf);
    }

    private void ApplyRest(IReadOnlyList<QueuedProposal> proposals)
    {
        List<QueuedProposal> added = [.. proposals.Where(static queued => queued.Proposal is Proposal.Add)];
        foreach (QueuedProposal queued in added)
            CheckAdded(((Proposal.Add)queued.Proposal).KeyPackage);
        using IEnumerator<(KeyPackageProof Proof, LeafNode Leaf)> checkedLeaves = SharedWork.Select(added, _config.ThreadsMax, Prove).GetEnumerator();
        foreach (QueuedProposal queued in proposals)
        {
            switch (queued.Proposal)
            {
                case Proposal.Add add:
                    checkedLeaves.MoveNext();
                    ApplyAdd(add.KeyPackage, checkedLeaves.Current.Proof, checkedLeaves.Current.Leaf);
                    break;
                case Proposal.PreSharedKey psk:
                    Psks.Add(psk.Psk);
                    break;
                case Proposal.ReInit reInit:
                    ReInit = reInit;
                    break;
                case Proposal.ExternalInit externalInit:
                    ExternalInit = externalInit;
                    break;
            }
        }
    }

    private (KeyPackageProof Proof, LeafNode Leaf) Prove(QueuedProposal queued)
    {
        KeyPackage keyPackage = ((Proposal.Add)queued.Proposal).KeyPackage;
        queued.AddProof ??= KeyPackageRules.Prove(_epoch.Suite, LeafRules, keyPackage, isWelcomed: _isOurs && queued.Reference is null);
        return (queued.AddProof, keyPackage.LeafNode.Copy());
    }

    // All that does not need a signature, for each Add before the first signature of any. Keys are compared with those of the members there
    // are after all Updates and Removes, and with those of the other Adds.
    private void CheckAdded(KeyPackage keyPackage)
    {
        KeyPackageRules.CheckContent(_epoch.Suite, LeafRules, keyPackage, _now);
        LeafNode leaf = keyPackage.LeafNode;
        bool isMember = Tree.Keys.HasSignatureKey(leaf.SignatureKey) || _addedSignatureKeys.Contains(new KeyBytes(leaf.SignatureKey));
        MlsException.ThrowIf(isMember, MlsError.DuplicateMember);
        MlsException.ThrowIf(IsInUse(leaf.EncryptionKey) || IsInUse(keyPackage.InitKey), MlsError.KeyNotUnique);

        // Only now: what is refused must not be in the way of what comes after it.
        _addedSignatureKeys.Add(new KeyBytes(leaf.SignatureKey));
        _addedHpkeKeys.Add(new KeyBytes(leaf.EncryptionKey));
        _addedHpkeKeys.Add(new KeyBytes(keyPackage.InitKey));

        bool IsInUse(ReadOnlyMemory<byte> key) => Tree.Keys.HasEncryptionKey(key) || _addedHpkeKeys.Contains(new KeyBytes(key));
    }

    private void ApplyAdd(KeyPackage keyPackage, KeyPackageProof proof, LeafNode leaf)
    {
        KeyPackageRules.CheckProof(LeafRules, keyPackage, proof);
        Tree = Tree.Add(leaf, out LeafIndex index);
        Added.Add((index, keyPackage));
        NewLeaves.Add(index);
    }

    private void CheckPathLeaf(LeafIndex committer, LeafNode? formerLeaf, LeafNode leaf)
    {
        LeafRules.Check(leaf, LeafPlace.Path, committer, _now);
        if (formerLeaf is null)
            return;
        MlsException.ThrowIf(formerLeaf.EncryptionKey.Span.SequenceEqual(leaf.EncryptionKey.Span), MlsError.EncryptionKeyNotChanged);
        MlsException.ThrowIf(!_config.Authentication.IsSuccessor(formerLeaf, leaf), MlsError.CredentialNotSuccessor);
    }

    private void CheckTree()
    {
        MlsException.ThrowIf(Tree.Keys.HasDuplicate, MlsError.KeyNotUnique);
        CheckCredentialTypes();
    }

    private void CheckCredentialTypes() => MlsException.ThrowIf(!Tree.Root.CredentialTypes.AreSupported, MlsError.CredentialNotSupportedByGroup);

    // RFC 9420 §12.4.2: none of the public keys in the path is in any node of the new tree, nor twice in the path.
    private void CheckPathKeys(UpdatePath path)
    {
        MlsException.ThrowIf(Tree.Keys.HasEncryptionKey(path.LeafNode.EncryptionKey), MlsError.KeyNotUnique);
        foreach (UpdatePathNode node in path.Nodes)
            MlsException.ThrowIf(Tree.Keys.HasEncryptionKey(node.EncryptionKey), MlsError.KeyNotUnique);
    }

    private void MergePath(LeafIndex committer, IReadOnlyList<PathNode> filtered, LeafNode leaf, IReadOnlyList<ReadOnlyMemory<byte>> publicKeys)
    {
        (IReadOnlyList<ParentNode> nodes, byte[] parentHash) = ParentHash.OfPath(_epoch.Suite, filtered, publicKeys);
        bool matches = leaf.Source is LeafNodeSource.Commit source && source.ParentHash.Span.SequenceEqual(parentHash);
        MlsException.ThrowIf(!matches, MlsError.ParentHashInvalid);
        Tree = Tree.WithPath(committer, leaf, filtered, nodes);
    }
}

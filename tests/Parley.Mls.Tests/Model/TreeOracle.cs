using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tests.Tree;

namespace Parley.Mls.Tests.Model;

/// <summary>The group's tree as <see cref="PlainTree"/> has it: what each Commit must make of it, written from RFC 9420 §12.3 alone.</summary>
internal sealed class TreeOracle
{
    private readonly PlainTree _plain;

    public TreeOracle(CryptoSuite suite, LeafNode creator)
    {
        _plain = new PlainTree(suite);
        _plain.Add(creator);
    }

    /// <summary>Is wrong on purpose, for a test of the checkers.</summary>
    public bool IgnoresUpdates { get; init; }

    public byte[] TreeHash => _plain.TreeHash(_plain.Root);

    public IEnumerable<(LeafIndex Index, LeafNode Leaf)> Members =>
        _plain.Nodes.Select(static (node, i) => (node, i)).Where(static entry => entry.node is Node.Leaf)
            .Select(static entry => (new LeafIndex((uint)entry.i / 2), ((Node.Leaf)entry.node!).LeafNode));

    /// <summary>Applies an accepted Commit.</summary>
    /// <param name="proposals">Its proposals with who made each.</param>
    /// <param name="committer">The committer's leaf, or null if it joins by this Commit.</param>
    /// <param name="path">Its path.</param>
    public void Apply(IReadOnlyList<QueuedProposal> proposals, LeafIndex? committer, UpdatePath? path)
    {
        foreach (QueuedProposal queued in proposals)
        {
            if (!IgnoresUpdates && queued is { Proposal: Proposal.Update update, Sender: Messages.Framing.Sender.Member sender })
                _plain.Update((int)sender.LeafIndex.Value, update.LeafNode);
        }

        foreach (QueuedProposal queued in proposals)
        {
            if (queued.Proposal is Proposal.Remove remove)
                _plain.Remove((int)remove.Removed.Value);
            else if (queued is { Proposal: Proposal.SelfRemove, Sender: Messages.Framing.Sender.Member leaver })
                _plain.Remove((int)leaver.LeafIndex.Value);
        }

        if (proposals.Any(static queued => queued.Proposal is Proposal.Remove or Proposal.SelfRemove))
            _plain.Truncate();
        foreach (QueuedProposal queued in proposals)
        {
            if (queued.Proposal is Proposal.Add add)
                _plain.Add(add.KeyPackage.LeafNode);
        }

        if (path is null)
            return;

        // RFC 9420 §12.4.3.2: one who joins by its own Commit takes the leftmost blank leaf.
        int index = committer is { } member ? (int)member.Value : _plain.Add(path.LeafNode);
        byte[] parentHash = _plain.SetPath(index, [.. path.Nodes.Select(static node => node.EncryptionKey)]);
        if (path.LeafNode.Source is not LeafNodeSource.Commit source || !source.ParentHash.Span.SequenceEqual(parentHash))
            throw new InvalidOperationException("a path has another parent hash than the oracle");
        _plain.SetLeaf(index, path.LeafNode);
    }
}

using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Tree;

/// <summary>RFC 9420 §7.9: parent hashes, which tie each node of a path to the committer's signed leaf.</summary>
internal static class ParentHash
{
    /// <summary>RFC 9420 §7.9: the parent hash of a node with a copath child.</summary>
    public static byte[] Of(CryptoSuite suite, ParentNode parent, Subtree copathChild)
    {
        var writer = new TlsWriter(256);
        writer.WriteVector(parent.EncryptionKey);
        writer.WriteVector(parent.ParentHash);
        writer.WriteVector(copathChild.TreeHashWithout(suite, parent.UnmergedLeaves.AsSpan()));
        return suite.Hash(writer.WrittenSpan);
    }

    /// <summary>
    /// RFC 9420 §7.5: the nodes of a fresh path with their parent hashes, computed from the top down, and the parent hash of the leaf below.
    /// </summary>
    public static (IReadOnlyList<ParentNode> Nodes, byte[] LeafParentHash) OfPath(
        CryptoSuite suite, IReadOnlyList<PathNode> path, IReadOnlyList<ReadOnlyMemory<byte>> publicKeys)
    {
        var nodes = new ParentNode[path.Count];
        byte[] parentHash = [];
        for (int i = path.Count - 1; i >= 0; i--)
        {
            nodes[i] = new ParentNode(publicKeys[i], parentHash, []);
            parentHash = Of(suite, nodes[i], path[i].Copath);
        }

        return (nodes, parentHash);
    }

    /// <summary>RFC 9420 §7.9.2: whether each parent that is not blank was set in one path with exactly one node below it.</summary>
    public static bool IsValid(CryptoSuite suite, Subtree node)
    {
        if (node is not Subtree.Branch branch)
            return true;
        if (!IsValid(suite, branch.Left) || !IsValid(suite, branch.Right))
            return false;
        return branch.Node is null
            || (IsLinked(suite, branch.Node, branch.Left, branch.Right) ^ IsLinked(suite, branch.Node, branch.Right, branch.Left));
    }

    /// <summary>
    /// Whether a node D in the resolution of <paramref name="child"/> has P's parent hash, and P's unmerged leaves below the child are
    /// the rest of that resolution. Stops as soon as the resolution is too long, so that a blank tree costs no more than its nodes.
    /// </summary>
    private static bool IsLinked(CryptoSuite suite, ParentNode parent, Subtree child, Subtree sibling)
    {
        ReadOnlySpan<LeafIndex> unmerged = child.Below(parent.UnmergedLeaves.AsSpan());
        var resolution = new List<Subtree>(unmerged.Length + 2);
        if (!TryResolve(child, resolution, unmerged.Length + 1) || resolution.Count != unmerged.Length + 1)
            return false;
        Subtree? linked = null;
        foreach (Subtree candidate in resolution)
        {
            if (candidate is Subtree.Leaf leaf && unmerged.BinarySearch(leaf.LeafIndex, LeafIndexOrder.Instance) >= 0)
                continue;
            if (linked is not null)
                return false;
            linked = candidate;
        }

        return linked is not null && ParentHashIn(linked) is { } hash && hash.Span.SequenceEqual(Of(suite, parent, sibling));
    }

    private static ReadOnlyMemory<byte>? ParentHashIn(Subtree node) => node switch
    {
        Subtree.Branch branch => branch.Node?.ParentHash,
        Subtree.Leaf { Node.Source: LeafNodeSource.Commit commit } => commit.ParentHash,
        _ => null,
    };

    private static bool TryResolve(Subtree node, List<Subtree> resolution, int countMax)
    {
        if (node.IsBlank)
            return true;
        switch (node)
        {
            case Subtree.Branch { Node: null } blank:
                return TryResolve(blank.Left, resolution, countMax) && TryResolve(blank.Right, resolution, countMax);
            case Subtree.Branch { Node: { } parent } branch:
                resolution.Add(branch);
                foreach (LeafIndex unmerged in parent.UnmergedLeaves)
                    resolution.Add(new Subtree.Leaf(unmerged.Value, null));
                break;
            default:
                resolution.Add(node);
                break;
        }

        return resolution.Count <= countMax;
    }

    private sealed class LeafIndexOrder : IComparer<LeafIndex>
    {
        public static LeafIndexOrder Instance { get; } = new();

        public int Compare(LeafIndex x, LeafIndex y) => x.Value.CompareTo(y.Value);
    }
}

using Parley.Mls.Crypto;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Tree;

/// <summary>RFC 9420 §7.9: parent hashes, which tie each node of a path to the committer's signed leaf.</summary>
internal static class ParentHash
{
    /// <summary>RFC 9420 §7.9: the parent hash of a node with a copath child.</summary>
    public static byte[] Of(CryptoSuite suite, ParentNode parent, Subtree copathChild)
    {
        byte[] hash = new byte[suite.HashBytes];
        Compute(suite, parent, copathChild, hash);
        return hash;
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
    /// the rest of that resolution.
    /// </summary>
    private static bool IsLinked(CryptoSuite suite, ParentNode parent, Subtree child, Subtree sibling)
    {
        if (!TryFindLinked(child, parent.UnmergedLeaves.AsSpan(), out Subtree? linked) || linked is null || ParentHashIn(linked) is not { } found)
            return false;
        Span<byte> expected = stackalloc byte[suite.HashBytes];
        Compute(suite, parent, sibling, expected);
        return found.Span.SequenceEqual(expected);
    }

    /// <summary>
    /// Finds the one node of a resolution that is not among the leaves, in ascending order; null if all are. False if there are more, or not
    /// all of the leaves. Stops as soon as the resolution is too long, so that a blank tree costs no more than its nodes.
    /// </summary>
    private static bool TryFindLinked(Subtree node, ReadOnlySpan<LeafIndex> leaves, out Subtree? linked)
    {
        leaves = node.Below(leaves);
        linked = null;
        if (node.IsBlank || node.ResolutionCount > leaves.Length + 1)
            return node.IsBlank && leaves.IsEmpty;
        switch (node)
        {
            case Subtree.Branch { Node: null } blank:
                if (!TryFindLinked(blank.Left, leaves, out Subtree? left) || !TryFindLinked(blank.Right, leaves, out Subtree? right))
                    return false;
                linked = left ?? right;
                return left is null || right is null;
            case Subtree.Branch { Node: { } parent }:
                linked = node;
                return parent.UnmergedLeaves.AsSpan().SequenceEqual(leaves);
            default:
                linked = leaves.IsEmpty ? node : null;
                return true;
        }
    }

    private static ReadOnlyMemory<byte>? ParentHashIn(Subtree node) => node switch
    {
        Subtree.Branch branch => branch.Node?.ParentHash,
        Subtree.Leaf { Node.Source: LeafNodeSource.Commit commit } => commit.ParentHash,
        _ => null,
    };

    private static void Compute(CryptoSuite suite, ParentNode parent, Subtree copathChild, Span<byte> hash)
    {
        byte[] siblingHash = copathChild.TreeHashWithout(suite, parent.UnmergedLeaves.AsSpan());
        using Scratch input = Scratch.Take();
        input.Writer.WriteVector(parent.EncryptionKey);
        input.Writer.WriteVector(parent.ParentHash);
        input.Writer.WriteVector(siblingHash);
        suite.Hash(input.Writer.WrittenSpan, hash);
    }
}

using System.Numerics;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Tree;

/// <summary>
/// RFC 9420 appendix C: a node's place in the tree laid out as an array, leaves at even places. A node at level k has k trailing
/// one bits; its subtree covers 2^k leaves.
/// </summary>
/// <param name="Value">The index.</param>
public readonly record struct NodeIndex(uint Value)
{
    /// <summary>0 for a leaf, one more than its children for a parent.</summary>
    public int Level => BitOperations.TrailingZeroCount(~Value);

    /// <summary>Whether this is a leaf.</summary>
    public bool IsLeaf => (Value & 1) == 0;

    /// <summary>The left child, or null for a leaf.</summary>
    public NodeIndex? Left => IsLeaf ? null : new NodeIndex(Value ^ (1u << (Level - 1)));

    /// <summary>The right child, or null for a leaf.</summary>
    public NodeIndex? Right => IsLeaf ? null : new NodeIndex(Value ^ (3u << (Level - 1)));

    /// <summary>The node of a leaf.</summary>
    public static NodeIndex OfLeaf(LeafIndex leaf) => new(leaf.Value * 2);

    /// <summary>The root of a full tree with that many leaves, a power of two.</summary>
    public static NodeIndex Root(int leafCount) => new((uint)leafCount - 1);

    /// <summary>How many nodes a full tree with that many leaves has.</summary>
    public static int Width(int leafCount) => (2 * leafCount) - 1;

    /// <summary>The parent in a full tree with that many leaves, or null for the root.</summary>
    public NodeIndex? Parent(int leafCount)
    {
        if (this == Root(leafCount))
            return null;
        int level = Level;
        uint bit = (Value >> (level + 1)) & 1;
        return new NodeIndex((Value | (1u << level)) ^ (bit << (level + 1)));
    }

    /// <summary>The other child of the parent, or null for the root.</summary>
    public NodeIndex? Sibling(int leafCount)
    {
        if (Parent(leafCount) is not { } parent)
            return null;
        return Value < parent.Value ? parent.Right : parent.Left;
    }

    /// <summary>Whether the leaf is this node or below it.</summary>
    public bool Covers(LeafIndex leaf)
    {
        int level = Level;
        return leaf.Value >> level == Value >> (level + 1);
    }
}

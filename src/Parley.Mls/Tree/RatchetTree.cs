using System.Collections.Immutable;
using System.Numerics;
using System.Runtime.InteropServices;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Tree;

/// <summary>
/// RFC 9420 §7: the public ratchet tree, always a full binary tree. Immutable; each operation returns the tree that results and
/// costs the nodes on one path.
/// </summary>
internal sealed class RatchetTree
{
    private readonly Subtree _root;

    private RatchetTree(Subtree root, KeyIndex keys)
    {
        _root = root;
        Keys = keys;
    }

    /// <summary>The keys in use, to tell at once whether a new one is.</summary>
    public KeyIndex Keys { get; }

    public Subtree Root => _root;

    /// <summary>Leaves of the full tree, blank ones included: a power of two.</summary>
    public int LeafCount => _root.LeafCount;

    public int MemberCount => _root.MemberCount;

    /// <summary>A tree of one leaf.</summary>
    public static RatchetTree Create(LeafNode leaf) => FromExtension(new RatchetTreeExtension([new Node.Leaf(leaf)]));

    /// <summary>RFC 9420 §12.4.3.3: the tree of an extension, completed to a full one by blank nodes.</summary>
    public static RatchetTree FromExtension(RatchetTreeExtension extension)
    {
        int height = 0;
        while (NodeIndex.Width(1 << height) < extension.Nodes.Length)
            height++;
        return FromNodes(extension.Nodes, height);
    }

    /// <summary>A tree of stored nodes, which were valid when they were stored.</summary>
    public static RatchetTree FromNodes(int leafCount, IReadOnlyDictionary<NodeIndex, Node> stored)
    {
        var nodes = new Node?[NodeIndex.Width(leafCount)];
        foreach ((NodeIndex index, Node node) in stored)
        {
            Invariant.That(index.Value < (uint)nodes.Length && index.IsLeaf == node is Node.Leaf);
            nodes[index.Value] = node;
        }

        ImmutableArray<Node?> array = ImmutableCollectionsMarshal.AsImmutableArray(nodes);
        return FromNodes(array, BitOperations.Log2((uint)leafCount));
    }

    /// <summary>Reads the number of leaves that a stored tree has.</summary>
    public static int ReadLeafCount(TlsReader reader)
    {
        uint count = reader.ReadUInt32();
        Invariant.That(count <= MessageLimits.LeavesMax && BitOperations.IsPow2(count));
        return (int)count;
    }

    /// <summary>RFC 9420 §12.4.3.3: the tree as an extension, blank nodes at the end left out.</summary>
    public RatchetTreeExtension ToExtension()
    {
        Subtree last = _root;
        while (last is Subtree.Branch branch && !(branch.Right.IsBlank && branch.Content is not null))
            last = branch.Right.IsBlank ? branch.Left : branch.Right;
        ImmutableArray<Node?>.Builder nodes = ImmutableArray.CreateBuilder<Node?>((int)last.Index.Value + 1);
        Flatten(_root, nodes);
        return new RatchetTreeExtension(nodes.MoveToImmutable());
    }

    public byte[] TreeHash(CryptoSuite suite) => _root.TreeHash(suite);

    /// <summary>The leaf, or null if it is blank or beyond the tree.</summary>
    public LeafNode? LeafAt(LeafIndex index)
    {
        if (!_root.Covers(index))
            return null;
        Subtree node = _root;
        while (node is Subtree.Branch branch)
            node = branch.Toward(index);
        return ((Subtree.Leaf)node).Node;
    }

    /// <summary>The leaves that are not blank, from left to right.</summary>
    public IEnumerable<(LeafIndex Index, LeafNode Leaf)> Members()
    {
        var pending = new Stack<Subtree>();
        pending.Push(_root);
        while (pending.TryPop(out Subtree? node))
        {
            if (node is Subtree.Leaf { Node: { } leaf } slot)
            {
                yield return (slot.LeafIndex, leaf);
            }
            else if (node is Subtree.Branch { MemberCount: > 0 } branch)
            {
                pending.Push(branch.Right);
                pending.Push(branch.Left);
            }
        }
    }

    /// <summary>RFC 9420 §12.1.1: puts the leaf at the leftmost blank place, growing the tree if there is none.</summary>
    public RatchetTree Add(LeafNode leaf, out LeafIndex index)
    {
        Subtree root = _root;
        if (root.IsFull)
            root = new Subtree.Branch(root, Subtree.Blank(root.Height, (uint)root.LeafCount), null);
        LeafIndex place = LeftmostBlank(root);
        index = place;
        Subtree added = Replace(root, place, new Node.Leaf(leaf), parent => new Node.Parent(WithUnmerged(parent.ParentNode, place)));
        KeyIndex.Builder keys = Keys.ToBuilder();
        keys.Add(leaf);
        return new RatchetTree(added, keys.ToIndex());
    }

    /// <summary>The place the next Add takes, in the tree as it is or as it would grow.</summary>
    public LeafIndex NextLeaf() => _root.IsFull ? new LeafIndex((uint)LeafCount) : LeftmostBlank(_root);

    /// <summary>RFC 9420 §12.4.2: the tree with the leaf's place in it, grown if it lies beyond, for one who joins by an external Commit.</summary>
    public RatchetTree WithRoomFor(LeafIndex index) =>
        _root.Covers(index) ? this : new(new Subtree.Branch(_root, Subtree.Blank(_root.Height, (uint)_root.LeafCount), null), Keys);

    /// <summary>The HPKE public key of a node, or null if it is blank or beyond the tree.</summary>
    public ReadOnlyMemory<byte>? EncryptionKeyAt(NodeIndex index)
    {
        Subtree node = _root;
        while (node.Index != index)
        {
            if (node is not Subtree.Branch branch || index.Value > _root.Index.Value * 2)
                return null;
            node = index.Value < branch.Index.Value ? branch.Left : branch.Right;
        }

        return node.EncryptionKey;
    }

    /// <summary>RFC 9420 §12.1.2: replaces the leaf and blanks the nodes above it.</summary>
    public RatchetTree Update(LeafIndex index, LeafNode leaf)
    {
        KeyIndex.Builder keys = KeysWithoutPath(index);
        keys.Add(leaf);
        return new RatchetTree(Replace(_root, index, new Node.Leaf(leaf), static _ => null), keys.ToIndex());
    }

    /// <summary>RFC 9420 §12.1.3: blanks the leaf and the nodes above it. <see cref="Truncate"/> follows when all removes are done.</summary>
    public RatchetTree Remove(LeafIndex index) => new(Replace(_root, index, null, static _ => null), KeysWithoutPath(index).ToIndex());

    /// <summary>RFC 9420 §7.7: halves the tree until its right half has a member.</summary>
    public RatchetTree Truncate()
    {
        Subtree root = _root;
        KeyIndex.Builder keys = Keys.ToBuilder();
        while (root is Subtree.Branch { Right.MemberCount: 0 } branch)
        {
            keys.Remove(branch.Node);
            root = branch.Left;
        }

        return new RatchetTree(root, keys.ToIndex());
    }

    /// <summary>RFC 9420 §7.5: sets the leaf and the nodes of its filtered direct path, given from the leaf up, and blanks the others above it.</summary>
    public RatchetTree WithPath(LeafIndex index, LeafNode leaf, IReadOnlyList<PathNode> filteredPath, IReadOnlyList<ParentNode> nodes)
    {
        KeyIndex.Builder keys = KeysWithoutPath(index);
        keys.Add(leaf);
        foreach (ParentNode node in nodes)
            keys.Add(node);
        int next = nodes.Count - 1;
        Subtree root = ReplacePath(_root, index, leaf, filteredPath, nodes, ref next);
        return new RatchetTree(root, keys.ToIndex());
    }

    /// <summary>RFC 9420 §4.1.2: the nodes above the leaf, from the leaf up, whose child on the copath does not resolve to nothing.</summary>
    public IReadOnlyList<PathNode> FilteredDirectPath(LeafIndex index)
    {
        var path = new List<PathNode>(_root.Height);
        Subtree node = _root;
        while (node is Subtree.Branch branch)
        {
            Subtree copath = branch.AwayFrom(index);
            if (!copath.IsBlank)
                path.Add(new PathNode(branch.Index, copath));
            node = branch.Toward(index);
        }

        path.Reverse();
        return path;
    }

    /// <summary>RFC 9420 §4.1.1: the fewest nodes that cover all members below, new leaves left out.</summary>
    public static List<Subtree> Resolution(Subtree node, ISet<LeafIndex> without)
    {
        var resolution = new List<Subtree>();
        Resolve(node, without, resolution);
        return resolution;
    }

    /// <summary>The nodes that differ, each with its new content, null where it became blank or fell away. Costs the paths that changed.</summary>
    public IEnumerable<(NodeIndex Index, Node? Content)> ChangesFrom(RatchetTree? former)
    {
        var pending = new Stack<(Subtree? Current, Subtree? Old)>([(_root, former?._root)]);
        while (pending.TryPop(out (Subtree? Current, Subtree? Old) pair))
        {
            (Subtree? current, Subtree? old) = pair;
            if (ReferenceEquals(current, old) || (current is null or { IsBlank: true } && old is null or { IsBlank: true }))
                continue;

            // A taller tree has the shorter one as its leftmost subtree.
            int height = Math.Max(current?.Height ?? 0, old?.Height ?? 0);
            Subtree? top = current?.Height == height ? current : null;
            Subtree? oldTop = old?.Height == height ? old : null;
            if (!ReferenceEquals(top?.Content, oldTop?.Content))
                yield return ((top ?? oldTop)!.Index, top?.Content); // One of them is the tallest.
            if (height == 0)
                continue;
            var branch = top as Subtree.Branch;
            var oldBranch = oldTop as Subtree.Branch;
            pending.Push((branch?.Right, oldBranch?.Right));
            pending.Push((top is null ? current : branch?.Left, oldTop is null ? old : oldBranch?.Left));
        }
    }

    private static RatchetTree FromNodes(ImmutableArray<Node?> nodes, int height) => new(Build(nodes, height, 0) ?? Subtree.Blank(height, 0), KeyIndex.Of(nodes));

    /// <summary>A subtree of the nodes, or null if it is blank.</summary>
    private static Subtree? Build(ImmutableArray<Node?> nodes, int height, uint firstLeaf)
    {
        int position = (int)(firstLeaf * 2) + (1 << height) - 1;
        Node? node = position < nodes.Length ? nodes[position] : null;
        if (height == 0)
            return node is Node.Leaf leaf ? new Subtree.Leaf(firstLeaf, leaf) : null;
        uint middle = firstLeaf + (1u << (height - 1));
        Subtree? left = Build(nodes, height - 1, firstLeaf);
        Subtree? right = Build(nodes, height - 1, middle);
        if (left is null && right is null && node is null)
            return null;
        return new Subtree.Branch(left ?? Subtree.Blank(height - 1, firstLeaf), right ?? Subtree.Blank(height - 1, middle), node as Node.Parent);
    }

    /// <summary>Lays the nodes out from left to right, as many as there is room for.</summary>
    private static void Flatten(Subtree subtree, ImmutableArray<Node?>.Builder nodes)
    {
        if (nodes.Count == nodes.Capacity)
            return;
        if (subtree.IsBlank)
        {
            nodes.AddRange(new Node?[Math.Min(NodeIndex.Width(subtree.LeafCount), nodes.Capacity - nodes.Count)]);
            return;
        }

        if (subtree is not Subtree.Branch branch)
        {
            nodes.Add(subtree.Content);
            return;
        }

        Flatten(branch.Left, nodes);
        if (nodes.Count < nodes.Capacity)
            nodes.Add(branch.Content);
        Flatten(branch.Right, nodes);
    }

    private static LeafIndex LeftmostBlank(Subtree node)
    {
        while (node is Subtree.Branch branch)
            node = branch.Left.IsFull ? branch.Right : branch.Left;
        return new LeafIndex(node.FirstLeaf);
    }

    private static Subtree Replace(Subtree node, LeafIndex index, Node.Leaf? leaf, Func<Node.Parent, Node.Parent?> change)
    {
        if (node is not Subtree.Branch branch)
            return new Subtree.Leaf(index.Value, leaf);
        Node.Parent? parent = branch.Content is Node.Parent content ? change(content) : null;
        return branch.Left.Covers(index)
            ? new Subtree.Branch(Replace(branch.Left, index, leaf, change), branch.Right, parent)
            : new Subtree.Branch(branch.Left, Replace(branch.Right, index, leaf, change), parent);
    }

    private static Subtree ReplacePath(
        Subtree node, LeafIndex index, LeafNode leaf, IReadOnlyList<PathNode> filteredPath, IReadOnlyList<ParentNode> nodes, ref int next)
    {
        if (node is not Subtree.Branch branch)
            return new Subtree.Leaf(index.Value, new Node.Leaf(leaf));
        Node.Parent? parent = null;
        if (next >= 0 && filteredPath[next].Index == branch.Index)
            parent = new Node.Parent(nodes[next--]);
        return branch.Left.Covers(index)
            ? new Subtree.Branch(ReplacePath(branch.Left, index, leaf, filteredPath, nodes, ref next), branch.Right, parent)
            : new Subtree.Branch(branch.Left, ReplacePath(branch.Right, index, leaf, filteredPath, nodes, ref next), parent);
    }

    private static void Resolve(Subtree node, ISet<LeafIndex> without, List<Subtree> resolution)
    {
        switch (node)
        {
            case { IsBlank: true }:
                break;
            case Subtree.Leaf leaf:
                if (!without.Contains(leaf.LeafIndex))
                    resolution.Add(leaf);
                break;
            case Subtree.Branch { Node: { } parent } branch:
                resolution.Add(branch);
                foreach (LeafIndex unmerged in parent.UnmergedLeaves)
                {
                    if (!without.Contains(unmerged))
                        resolution.Add(LeafBelow(branch, unmerged));
                }

                break;
            case Subtree.Branch branch:
                Resolve(branch.Left, without, resolution);
                Resolve(branch.Right, without, resolution);
                break;
        }
    }

    /// <summary>The leaf, of a tree that covers it.</summary>
    public static Subtree LeafBelow(Subtree node, LeafIndex index)
    {
        while (node is Subtree.Branch branch)
            node = branch.Toward(index);
        return node;
    }

    private static ParentNode WithUnmerged(ParentNode parent, LeafIndex leaf)
    {
        int place = parent.UnmergedLeaves.Length;
        while (place > 0 && parent.UnmergedLeaves[place - 1].Value > leaf.Value)
            place--;
        return parent with { UnmergedLeaves = parent.UnmergedLeaves.Insert(place, leaf) };
    }

    private KeyIndex.Builder KeysWithoutPath(LeafIndex index)
    {
        KeyIndex.Builder keys = Keys.ToBuilder();
        Subtree node = _root;
        while (node is Subtree.Branch branch)
        {
            keys.Remove(branch.Node);
            node = branch.Toward(index);
        }

        keys.Remove(((Subtree.Leaf)node).Node);
        return keys;
    }
}

/// <summary>A node of a filtered direct path.</summary>
/// <param name="Index">The node.</param>
/// <param name="Copath">Its child that is not on the path.</param>
internal sealed record PathNode(NodeIndex Index, Subtree Copath);

using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Tests.Tree;

/// <summary>
/// The ratchet tree as RFC 9420 describes it, slowly: an array of optional nodes (appendix C), walked again for everything. What the
/// library's tree is compared with.
/// </summary>
internal sealed class PlainTree(CryptoSuite suite)
{
    public List<Node?> Nodes { get; private set; } = [null];

    public int LeafCount => (Nodes.Count + 1) / 2;

    public int Root => LeafCount - 1;

    public static int Level(int x)
    {
        int level = 0;
        while (((x >> level) & 1) == 1)
            level++;
        return level;
    }

    public static int Left(int x) => x ^ (1 << (Level(x) - 1));

    public static int Right(int x) => x ^ (3 << (Level(x) - 1));

    public int Parent(int x)
    {
        int level = Level(x);
        return (x | (1 << level)) & ~(1 << (level + 1));
    }

    public int Sibling(int x) => x < Parent(x) ? Right(Parent(x)) : Left(Parent(x));

    public IEnumerable<int> DirectPath(int x)
    {
        while (x != Root)
        {
            x = Parent(x);
            yield return x;
        }
    }

    /// <summary>RFC 9420 §7.7, §12.1.1.</summary>
    public int Add(LeafNode leaf)
    {
        int index = 0;
        while (index < LeafCount && Nodes[index * 2] is not null)
            index++;
        if (index == LeafCount)
            Nodes.AddRange(new Node?[Nodes.Count + 1]);
        Nodes[index * 2] = new Node.Leaf(leaf);
        foreach (int above in DirectPath(index * 2))
        {
            if (Nodes[above] is Node.Parent { ParentNode: { } parent })
                Nodes[above] = new Node.Parent(parent with { UnmergedLeaves = [.. parent.UnmergedLeaves.Append(new LeafIndex((uint)index)).OrderBy(static l => l.Value)] });
        }

        return index;
    }

    /// <summary>RFC 9420 §12.1.2.</summary>
    public void Update(int index, LeafNode leaf)
    {
        BlankPath(index);
        Nodes[index * 2] = new Node.Leaf(leaf);
    }

    /// <summary>RFC 9420 §12.1.3, without the truncation.</summary>
    public void Remove(int index)
    {
        BlankPath(index);
        Nodes[index * 2] = null;
    }

    /// <summary>RFC 9420 §7.7.</summary>
    public void Truncate()
    {
        while (LeafCount > 1 && Enumerable.Range(LeafCount / 2, LeafCount / 2).All(leaf => Nodes[leaf * 2] is null))
            Nodes = Nodes[..(LeafCount - 1)];
    }

    /// <summary>RFC 9420 §4.1.1.</summary>
    public List<int> Resolution(int x) => Nodes[x] switch
    {
        Node.Leaf => [x],
        Node.Parent parent => [x, .. parent.ParentNode.UnmergedLeaves.Select(static leaf => (int)leaf.Value * 2)],
        _ => Level(x) == 0 ? [] : [.. Resolution(Left(x)), .. Resolution(Right(x))],
    };

    /// <summary>RFC 9420 §4.1.2.</summary>
    public List<(int Node, int Copath)> FilteredDirectPath(int index)
    {
        var path = new List<(int, int)>();
        int below = index * 2;
        foreach (int node in DirectPath(below))
        {
            int copath = Sibling(below);
            if (Resolution(copath).Count > 0)
                path.Add((node, copath));
            below = node;
        }

        return path;
    }

    /// <summary>RFC 9420 §7.5, §7.9: puts new keys on the filtered direct path, and gives the parent hash of the leaf below it.</summary>
    public byte[] SetPath(int index, IReadOnlyList<ReadOnlyMemory<byte>> keys)
    {
        List<(int Node, int Copath)> path = FilteredDirectPath(index);
        BlankPath(index);
        byte[] parentHash = [];
        for (int i = path.Count - 1; i >= 0; i--)
        {
            Nodes[path[i].Node] = new Node.Parent(new ParentNode(keys[i], parentHash, []));
            var writer = new TlsWriter();
            writer.WriteVector(keys[i]);
            writer.WriteVector(parentHash);
            writer.WriteVector(TreeHash(path[i].Copath));
            parentHash = suite.Hash(writer.WrittenSpan);
        }

        return parentHash;
    }

    public void SetLeaf(int index, LeafNode leaf) => Nodes[index * 2] = new Node.Leaf(leaf);

    /// <summary>RFC 9420 §7.8.</summary>
    public byte[] TreeHash(int x)
    {
        var writer = new TlsWriter();
        if (Level(x) == 0)
        {
            writer.WriteUInt8(1);
            writer.WriteUInt32((uint)(x / 2));
            writer.WriteOptional((Nodes[x] as Node.Leaf)?.LeafNode, static (w, leaf) => leaf.Write(w));
        }
        else
        {
            writer.WriteUInt8(2);
            writer.WriteOptional((Nodes[x] as Node.Parent)?.ParentNode, static (w, parent) => parent.Write(w));
            writer.WriteVector(TreeHash(Left(x)));
            writer.WriteVector(TreeHash(Right(x)));
        }

        return suite.Hash(writer.WrittenSpan);
    }

    private void BlankPath(int index)
    {
        foreach (int above in DirectPath(index * 2))
            Nodes[above] = null;
    }
}

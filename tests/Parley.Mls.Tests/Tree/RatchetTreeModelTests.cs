using System.Buffers.Binary;
using Parley.Mls.Crypto;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tests.Groups;
using Parley.Mls.Tests.Vectors;
using Parley.Mls.Tree;
using Parley.Mls.Validation;

namespace Parley.Mls.Tests.Tree;

/// <summary>Random histories of the ratchet tree beside <see cref="PlainTree"/>: after each step every node, hash, resolution and filtered path is the same.</summary>
public sealed class RatchetTreeModelTests
{
    private const int Steps = 60;

    private static readonly HashSet<LeafIndex> None = [];

    private readonly CryptoSuite _suite = new(Suites.Provider, CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519);
    private uint _keys;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void A_random_history_gives_the_same_tree(int seed)
    {
        var random = new Random(seed);
        var plain = new PlainTree(_suite);
        LeafNode first = Leaf();
        plain.Add(first);
        RatchetTree tree = RatchetTree.Create(first);
        for (int step = 0; step < Steps; step++)
        {
            RatchetTree former = tree;
            tree = Step(random, plain, tree);
            string where = $"seed {seed}, step {step}";
            AssertSame(plain, tree, where);
            AssertStored(former, tree, where);
        }
    }

    /// <summary>Removes before adds, as in a Commit; then a path, or none.</summary>
    private RatchetTree Step(Random random, PlainTree plain, RatchetTree tree)
    {
        List<LeafIndex> members = [.. tree.Members().Select(static member => member.Index)];
        int removes = random.Next(3) == 0 ? random.Next(members.Count) : 0;
        if (random.Next(3) == 0)
        {
            LeafIndex updated = members[random.Next(members.Count)];
            LeafNode leaf = Leaf();
            plain.Update((int)updated.Value, leaf);
            tree = tree.Update(updated, leaf);
        }

        for (int i = 0; i < removes; i++)
        {
            LeafIndex removed = members[random.Next(members.Count)];
            members.Remove(removed);
            plain.Remove((int)removed.Value);
            tree = tree.Remove(removed);
        }

        plain.Truncate();
        tree = tree.Truncate();
        int adds = random.Next(4) == 0 ? random.Next(12) : random.Next(3);
        for (int i = 0; i < adds; i++)
        {
            LeafNode leaf = Leaf();
            LeafIndex next = tree.NextLeaf();
            tree = tree.Add(leaf, out LeafIndex index);
            Assert.Equal(plain.Add(leaf), (int)index.Value);
            Assert.Equal(next, index);
        }

        return random.Next(3) == 0 ? tree : WithPath(members[random.Next(members.Count)], plain, tree);
    }

    private RatchetTree WithPath(LeafIndex committer, PlainTree plain, RatchetTree tree)
    {
        IReadOnlyList<PathNode> filtered = tree.FilteredDirectPath(committer);
        ReadOnlyMemory<byte>[] keys = [.. filtered.Select(_ => Key())];
        (IReadOnlyList<ParentNode> nodes, byte[] parentHash) = ParentHash.OfPath(_suite, filtered, keys);
        Assert.Equal(plain.SetPath((int)committer.Value, keys), parentHash);
        LeafNode leaf = Leaf() with { Source = new LeafNodeSource.Commit(parentHash) };
        plain.SetLeaf((int)committer.Value, leaf);
        return tree.WithPath(committer, leaf, filtered, nodes);
    }

    private void AssertSame(PlainTree plain, RatchetTree tree, string where)
    {
        Assert.True(plain.LeafCount == tree.LeafCount, where);
        Assert.True(plain.TreeHash(plain.Root).AsSpan().SequenceEqual(tree.TreeHash(_suite)), where);
        for (int x = 0; x < plain.Nodes.Count; x++)
        {
            Subtree subtree = SubtreeAt(tree, x);
            Assert.True(plain.TreeHash(x).AsSpan().SequenceEqual(subtree.TreeHash(_suite)), $"tree hash of node {x}, {where}");
            IEnumerable<int> resolution = RatchetTree.Resolution(subtree, None).Select(static node => (int)node.Index.Value);
            Assert.True(plain.Resolution(x).SequenceEqual(resolution), $"resolution of node {x}, {where}");
        }

        for (int leaf = 0; leaf < plain.LeafCount; leaf++)
        {
            IEnumerable<(int, int)> filtered = tree.FilteredDirectPath(new LeafIndex((uint)leaf)).Select(static node => ((int)node.Index.Value, (int)node.Copath.Index.Value));
            Assert.True(plain.FilteredDirectPath(leaf).SequenceEqual(filtered), $"filtered direct path of leaf {leaf}, {where}");
        }

        Node?[] exported = [.. tree.ToExtension().Nodes];
        Assert.True(plain.Nodes.Take(exported.Length).Select(Encoded).SequenceEqual(exported.Select(Encoded)), where);
        Assert.All(plain.Nodes.Skip(exported.Length), Assert.Null);
        Assert.Equal(plain.Nodes.Count(static node => node is Node.Leaf), tree.MemberCount);

        // What an honest history leads to is what a joiner accepts.
        Assert.True(ParentHash.IsValid(_suite, tree.Root), where);
        TreeRules.CheckUnmergedLeaves(tree);
        Assert.False(tree.Keys.HasDuplicate, where);
    }

    /// <summary>The changes from one tree to the next, applied to the stored nodes of the first, are the stored nodes of the second.</summary>
    private void AssertStored(RatchetTree former, RatchetTree tree, string where)
    {
        Dictionary<NodeIndex, Node> stored = former.ChangesFrom(null).Where(static change => change.Content is not null).ToDictionary(static c => c.Index, static c => c.Content!);
        foreach ((NodeIndex index, Node? content) in tree.ChangesFrom(former))
        {
            if (content is null)
                stored.Remove(index);
            else
                stored[index] = content;
        }

        RatchetTree restored = RatchetTree.FromNodes(tree.LeafCount, stored);
        Assert.True(tree.TreeHash(_suite).AsSpan().SequenceEqual(restored.TreeHash(_suite)), where);
        RatchetTree imported = RatchetTree.FromExtension(tree.ToExtension());
        Assert.True(tree.TreeHash(_suite).AsSpan().SequenceEqual(imported.TreeHash(_suite)), where);
    }

    private static Subtree SubtreeAt(RatchetTree tree, int x)
    {
        Subtree node = tree.Root;
        while ((int)node.Index.Value != x)
            node = x < (int)node.Index.Value ? ((Subtree.Branch)node).Left : ((Subtree.Branch)node).Right;
        return node;
    }

    private static string Encoded(Node? node) => node is null ? "" : Convert.ToHexString(node.Encode());

    private LeafNode Leaf() => new(
        Key(), Key(), new Credential.Basic(default), World.DefaultCapabilities, new LeafNodeSource.KeyPackage(new Lifetime(0, 1)), [], default);

    /// <summary>Bytes that were not used as a key before.</summary>
    private ReadOnlyMemory<byte> Key()
    {
        byte[] key = new byte[32];
        BinaryPrimitives.WriteUInt32BigEndian(key, ++_keys);
        return key;
    }
}

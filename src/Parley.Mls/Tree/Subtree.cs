using System.Collections.Immutable;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Tree;

/// <summary>
/// A node of the ratchet tree with everything below it. Immutable: a change makes new nodes from the changed leaf up to the root
/// and shares all others, so a staged Commit is a second root beside the first, a failed one is dropped without a trace, and a
/// tree hash once computed stays true for as long as the node is in use.
/// </summary>
internal abstract class Subtree
{
    private byte[]? _treeHash;

    protected Subtree(int height, uint firstLeaf, int resolutionCount, CredentialTypes credentialTypes)
    {
        Height = height;
        FirstLeaf = firstLeaf;
        ResolutionCount = resolutionCount;
        CredentialTypes = credentialTypes;
    }

    /// <summary>0 for a leaf; a node of height k covers 2^k leaves.</summary>
    public int Height { get; }

    /// <summary>The index of the leftmost leaf below.</summary>
    public uint FirstLeaf { get; }

    /// <summary>How many leaves below are not blank.</summary>
    public abstract int MemberCount { get; }

    /// <summary>RFC 9420 §4.1.1: how many nodes the resolution has.</summary>
    public int ResolutionCount { get; }

    /// <summary>Whether this node and all below are blank, so that the resolution is empty.</summary>
    public bool IsBlank => ResolutionCount == 0;

    /// <summary>What the tree has here, or null if it is blank.</summary>
    public abstract Node? Content { get; }

    /// <summary>The HPKE public key of this node alone, or null if it is blank.</summary>
    public abstract ReadOnlyMemory<byte>? EncryptionKey { get; }

    /// <summary>RFC 9420 §7.3: which credential types the members below use, and which all of them support.</summary>
    public CredentialTypes CredentialTypes { get; }

    public int LeafCount => 1 << Height;

    public bool IsFull => MemberCount == LeafCount;

    public NodeIndex Index => new((FirstLeaf * 2) + (uint)LeafCount - 1);

    public bool Covers(LeafIndex leaf) => leaf.Value >= FirstLeaf && leaf.Value - FirstLeaf < (uint)LeafCount;

    /// <summary>A subtree of blank nodes.</summary>
    public static Subtree Blank(int height, uint firstLeaf) => height == 0 ? new Leaf(firstLeaf, null) : new Branch(height, firstLeaf);

    /// <summary>RFC 9420 §7.8: the tree hash. The caller does not change the array.</summary>
    public byte[] TreeHash(CryptoSuite suite) => _treeHash ??= IsBlank ? BlankTreeHash.Of(suite, Height, FirstLeaf) : ComputeTreeHash(suite, []);

    /// <summary>
    /// RFC 9420 §7.9: the tree hash as if the leaves, in ascending order, were blank and in no list of unmerged leaves.
    /// Costs the paths of those leaves that are below this node.
    /// </summary>
    public byte[] TreeHashWithout(CryptoSuite suite, ReadOnlySpan<LeafIndex> leaves)
    {
        ReadOnlySpan<LeafIndex> below = Below(leaves);
        return below.IsEmpty || IsBlank ? TreeHash(suite) : ComputeTreeHash(suite, below);
    }

    /// <summary>Those of the leaves, in ascending order, that this node covers.</summary>
    public ReadOnlySpan<LeafIndex> Below(ReadOnlySpan<LeafIndex> leaves)
    {
        int start = LowerBound(leaves, FirstLeaf);
        return leaves[start..LowerBound(leaves, FirstLeaf + (uint)LeafCount)];
    }

    /// <summary>RFC 9420 §7.8: the hash of a LeafNodeHashInput.</summary>
    public static byte[] HashOfLeaf(CryptoSuite suite, uint index, LeafNode? leaf)
    {
        using Scratch input = Scratch.Take();
        input.Writer.WriteUInt8(Node.LeafType);
        input.Writer.WriteUInt32(index);
        input.Writer.WriteOptional(leaf, Tls.WriteStruct);
        return suite.Hash(input.Writer.WrittenSpan);
    }

    /// <summary>RFC 9420 §7.8: the hash of a ParentNodeHashInput.</summary>
    public static byte[] HashOfParent(CryptoSuite suite, ParentNode? parent, byte[] left, byte[] right)
    {
        using Scratch input = Scratch.Take();
        input.Writer.WriteUInt8(Node.ParentType);
        input.Writer.WriteOptional(parent, Tls.WriteStruct);
        input.Writer.WriteVector(left);
        input.Writer.WriteVector(right);
        return suite.Hash(input.Writer.WrittenSpan);
    }

    protected abstract byte[] ComputeTreeHash(CryptoSuite suite, ReadOnlySpan<LeafIndex> without);

    private static int LowerBound(ReadOnlySpan<LeafIndex> leaves, uint value)
    {
        int low = 0;
        int high = leaves.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (leaves[middle].Value < value)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    /// <summary>A leaf of the tree.</summary>
    internal sealed class Leaf : Subtree
    {
        private readonly Node.Leaf? _content;

        public Leaf(uint index, Node.Leaf? content)
            : base(0, index, content is null ? 0 : 1, CredentialTypes.Of(content?.LeafNode)) => _content = content;

        public LeafNode? Node => _content?.LeafNode;

        public LeafIndex LeafIndex => new(FirstLeaf);

        public override int MemberCount => _content is null ? 0 : 1;

        public override Node? Content => _content;

        public override ReadOnlyMemory<byte>? EncryptionKey => Node?.EncryptionKey;

        protected override byte[] ComputeTreeHash(CryptoSuite suite, ReadOnlySpan<LeafIndex> without) =>
            HashOfLeaf(suite, FirstLeaf, without.IsEmpty ? Node : null);
    }

    /// <summary>A parent node of the tree.</summary>
    internal sealed class Branch : Subtree
    {
        private readonly Node.Parent? _content;
        private readonly Subtree? _left;
        private readonly Subtree? _right;

        /// <summary>A blank one, whose children are made for whoever asks for them: a sparse tree costs the nodes that it has.</summary>
        public Branch(int height, uint firstLeaf)
            : base(height, firstLeaf, 0, CredentialTypes.Of(null))
        {
        }

        public Branch(Subtree left, Subtree right, Node.Parent? content)
            : base(
                left.Height + 1,
                left.FirstLeaf,
                content is null ? left.ResolutionCount + right.ResolutionCount : 1 + content.ParentNode.UnmergedLeaves.Length,
                left.CredentialTypes.And(right.CredentialTypes))
        {
            _left = left;
            _right = right;
            _content = content;
            MemberCount = left.MemberCount + right.MemberCount;
        }

        public Subtree Left => _left ?? Blank(Height - 1, FirstLeaf);

        public Subtree Right => _right ?? Blank(Height - 1, FirstLeaf + (1u << (Height - 1)));

        public ParentNode? Node => _content?.ParentNode;

        public override int MemberCount { get; }

        public override Node? Content => _content;

        public override ReadOnlyMemory<byte>? EncryptionKey => Node?.EncryptionKey;

        /// <summary>The child that covers the leaf.</summary>
        public Subtree Toward(LeafIndex leaf) => Left.Covers(leaf) ? Left : Right;

        /// <summary>The child that does not cover the leaf.</summary>
        public Subtree AwayFrom(LeafIndex leaf) => Left.Covers(leaf) ? Right : Left;

        protected override byte[] ComputeTreeHash(CryptoSuite suite, ReadOnlySpan<LeafIndex> without) =>
            HashOfParent(suite, WithoutUnmerged(without), Left.TreeHashWithout(suite, without), Right.TreeHashWithout(suite, without));

        private ParentNode? WithoutUnmerged(ReadOnlySpan<LeafIndex> leaves)
        {
            if (Node is null || leaves.IsEmpty || Node.UnmergedLeaves.IsEmpty)
                return Node;
            ImmutableArray<LeafIndex>.Builder kept = ImmutableArray.CreateBuilder<LeafIndex>(Node.UnmergedLeaves.Length);
            foreach (LeafIndex leaf in Node.UnmergedLeaves)
            {
                int place = LowerBound(leaves, leaf.Value);
                if (place == leaves.Length || leaves[place] != leaf)
                    kept.Add(leaf);
            }

            return Node with { UnmergedLeaves = kept.DrainToImmutable() };
        }
    }
}

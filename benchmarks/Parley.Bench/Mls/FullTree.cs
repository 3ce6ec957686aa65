using System.Security.Cryptography;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Schedule;
using Parley.Mls.Tree;

namespace Parley.Bench.Mls;

/// <summary>
/// A tree in which every member has committed once, made as it is in the end instead of commit by commit: ten thousand joins and Commits
/// would take an hour. Had the members committed from left to right, each node's key would be from the rightmost leaf below it, and its
/// parent hash would be in its right child (RFC 9420 §7.9); what the left child holds is from an earlier Commit and no longer known.
/// </summary>
internal sealed class FullTree
{
    private static readonly byte[] GroupId = "benchmark"u8.ToArray();

    private readonly CryptoSuite _suite;
    private readonly int _leaves;
    private readonly Dictionary<LeafIndex, LeafIdentity> _kept;
    private readonly Dictionary<NodeIndex, Node> _nodes = [];
    private readonly Dictionary<NodeIndex, HpkeKeyPair> _keys = [];
    private readonly RatchetTree _tree;
    private readonly GroupContext _context;
    private readonly byte[] _epochSecret;

    /// <param name="suite">The suite.</param>
    /// <param name="leaves">How many members there are.</param>
    /// <param name="kept">The members whose groups will be asked for.</param>
    public FullTree(CryptoSuite suite, int leaves, params ReadOnlySpan<LeafIndex> kept)
    {
        _suite = suite;
        _leaves = leaves;
        _kept = [];
        foreach (LeafIndex index in kept)
            _kept[index] = BenchGroup.NewIdentity(suite.Provider, suite.Id);
        int height = 0;
        while (1 << height < leaves)
            height++;
        Build(height, 0, []);
        _tree = RatchetTree.FromNodes(1 << height, _nodes);
        _context = new GroupContext(suite.Id, GroupId, 1, _tree.TreeHash(suite), RandomHash(), []);
        _epochSecret = RandomHash();
    }

    /// <summary>The group as one of the members who are kept has it.</summary>
    public Group GroupOf(LeafIndex self, GroupConfig config)
    {
        var privateKeys = new TreePrivateKeys();
        foreach ((NodeIndex index, HpkeKeyPair pair) in _keys)
        {
            if (index.Covers(self))
                privateKeys.Set(index, pair.PrivateKey.Clone());
        }

        EpochSecrets secrets = EpochSecrets.FromEpochSecret(_suite, _epochSecret);
        byte[] tag = _suite.Mac(secrets.ConfirmationKey.AsSpan(), _context.ConfirmedTranscriptHash.Span);
        byte[] interim = KeySchedule.InterimTranscriptHash(_suite, _context.ConfirmedTranscriptHash.Span, tag);
        SecretTree messageSecrets = SecretTree.Create(_suite, _context.Epoch, _tree.LeafCount, config.RatchetLimits, secrets.TakeEncryptionSecret());
        return Group.Start(config, _kept[self], new EpochState(_suite, _context, _tree, self, privateKeys, secrets, messageSecrets, interim, tag, null));
    }

    private Subtree Build(int height, uint firstLeaf, byte[] parentHash)
    {
        if (firstLeaf >= _leaves)
            return Subtree.Blank(height, firstLeaf);
        if (height == 0)
            return BuildLeaf(new LeafIndex(firstLeaf), parentHash);
        uint middle = firstLeaf + (1u << (height - 1));
        if (middle >= _leaves)
            return new Subtree.Branch(Build(height - 1, firstLeaf, parentHash), Subtree.Blank(height - 1, middle), null);

        var content = new Node.Parent(new ParentNode(NewKey(new NodeIndex((middle * 2) - 1)), parentHash, []));
        Subtree left = Build(height - 1, firstLeaf, RandomHash());
        Subtree right = Build(height - 1, middle, ParentHash.Of(_suite, content.ParentNode, left));
        var branch = new Subtree.Branch(left, right, content);
        _nodes.Add(branch.Index, content);
        return branch;
    }

    private Subtree.Leaf BuildLeaf(LeafIndex index, byte[] parentHash)
    {
        LeafIdentity identity = _kept.GetValueOrDefault(index) ?? BenchGroup.NewIdentity(_suite.Provider, _suite.Id);
        LeafNode leaf = identity.Sign(_suite, NewKey(NodeIndex.OfLeaf(index)), new LeafNodeSource.Commit(parentHash), GroupId, index).Copy();
        var content = new Node.Leaf(leaf);
        _nodes.Add(NodeIndex.OfLeaf(index), content);
        return new Subtree.Leaf(index.Value, content);
    }

    private byte[] NewKey(NodeIndex index)
    {
        HpkeKeyPair pair = _suite.GenerateHpkeKeyPair();
        if (_kept.Keys.Any(index.Covers))
            _keys.Add(index, pair);
        return pair.PublicKey;
    }

    private byte[] RandomHash() => RandomNumberGenerator.GetBytes(_suite.HashBytes);
}

using System.Text.Json;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tree;

namespace Parley.Mls.Tests.Vectors;

/// <summary>
/// The working group's <c>treekem.json</c> (RFC 9420 §7.4–§7.6): each member loads its private state, follows every path of every other
/// member, and makes a path of its own that all others follow.
/// </summary>
public sealed class TreeKemVectorTests
{
    [Fact]
    public void Treekem() => VectorFiles.RunAll("mls", "treekem", RunCase);

    private static string? RunCase(JsonElement vector)
    {
        CryptoSuite suite = Suites.Of(vector);
        var test = new Case(suite, vector);
        foreach (JsonElement update in vector.Items("update_paths"))
            test.FollowGivenPath(update);
        foreach (Participant sender in test.Participants)
            test.FollowPathMadeHere(sender);
        return null;
    }

    private sealed record Participant(LeafIndex Index, TreePrivateKeys Keys, SignatureKeyPair Signer);

    private sealed class Case
    {
        private readonly CryptoSuite _suite;
        private readonly RatchetTree _tree;
        private readonly GroupContext _context;

        public Case(CryptoSuite suite, JsonElement vector)
        {
            _suite = suite;
            _tree = RatchetTree.FromExtension(Suites.Decode<RatchetTreeExtension>(vector.Hex("ratchet_tree")));
            _context = new GroupContext(
                suite.Id, vector.Hex("group_id"), vector.ULong("epoch"), _tree.TreeHash(suite), vector.Hex("confirmed_transcript_hash"), []);
            Participants = [.. vector.Items("leaves_private").Select(Load)];
        }

        public IReadOnlyList<Participant> Participants { get; }

        public void FollowGivenPath(JsonElement vector)
        {
            var sender = new LeafIndex(vector.UInt("sender"));
            UpdatePath update = Suites.Decode<UpdatePath>(vector.Hex("update_path"));
            RatchetTree after = Merge(sender, update, out IReadOnlyList<PathNode> filtered);
            Assert.Equal(vector.Hex("tree_hash_after"), after.TreeHash(_suite));
            foreach (Participant receiver in Participants)
            {
                if (receiver.Index == sender)
                    continue;
                using Secret commitSecret = Follow(receiver, update, filtered, after, out TreePrivateKeys keys);
                Assert.Equal(vector.Hex("commit_secret"), commitSecret.AsSpan());
                ComparePathSecret(vector.GetProperty("path_secrets")[(int)receiver.Index.Value], filtered, receiver.Index, keys);
            }
        }

        public void FollowPathMadeHere(Participant sender)
        {
            IReadOnlyList<PathNode> filtered = _tree.FilteredDirectPath(sender.Index);
            using Secret first = new(Enumerable.Repeat((byte)7, _suite.HashBytes).ToArray());
            using FreshPath fresh = TreeKem.Derive(_suite, first, filtered.Count);
            using HpkeKeyPair leafKey = _suite.GenerateHpkeKeyPair();
            (IReadOnlyList<ParentNode> nodes, byte[] parentHash) = ParentHash.OfPath(
                _suite, filtered, [.. fresh.KeyPairs.Select(static pair => (ReadOnlyMemory<byte>)pair.PublicKey)]);
            LeafNode current = _tree.LeafAt(sender.Index)!; // A sender is a member.
            var identity = new LeafIdentity(sender.Signer, current.Credential, current.Capabilities, current.Extensions);
            LeafNode leaf = identity.Sign(_suite, leafKey.PublicKey, new LeafNodeSource.Commit(parentHash), _context.GroupId, sender.Index);
            RatchetTree after = _tree.WithPath(sender.Index, leaf, filtered, nodes);
            var update = new UpdatePath(leaf, TreeKem.Encrypt(_suite, filtered, fresh, null, Context(after)));
            foreach (Participant receiver in Participants)
            {
                if (receiver.Index == sender.Index)
                    continue;
                using Secret commitSecret = Follow(receiver, Suites.Decode<UpdatePath>(update.Encode()), filtered, after, out _);
                Assert.Equal(fresh.CommitSecret!.AsSpan(), commitSecret.AsSpan()); // Derive sets it.
            }
        }

        private Secret Follow(Participant receiver, UpdatePath update, IReadOnlyList<PathNode> filtered, RatchetTree after, out TreePrivateKeys keys)
        {
            keys = receiver.Keys.Where(static _ => true);
            TreeKem.CheckShape(filtered, update, null);
            return TreeKem.Decrypt(_suite, filtered, update, receiver.Index, keys, null, Context(after));
        }

        private RatchetTree Merge(LeafIndex sender, UpdatePath update, out IReadOnlyList<PathNode> filtered)
        {
            filtered = _tree.FilteredDirectPath(sender);
            (IReadOnlyList<ParentNode> nodes, byte[] parentHash) = ParentHash.OfPath(
                _suite, filtered, [.. update.Nodes.Select(static node => node.EncryptionKey)]);
            var source = Assert.IsType<LeafNodeSource.Commit>(update.LeafNode.Source);
            Assert.Equal(parentHash, source.ParentHash.ToArray());
            return _tree.WithPath(sender, update.LeafNode, filtered, nodes);
        }

        private void ComparePathSecret(JsonElement expected, IReadOnlyList<PathNode> filtered, LeafIndex receiver, TreePrivateKeys keys)
        {
            NodeIndex common = filtered.First(node => node.Copath.Covers(receiver)).Index;
            using Secret pathSecret = new(Convert.FromHexString(expected.GetString()!)); // Every receiver has one.
            using FreshPath derived = TreeKem.Derive(_suite, pathSecret, 1);
            Assert.Equal(derived.KeyPairs[0].PrivateKey.AsSpan(), keys[common]!.AsSpan()); // Decrypt sets it.
        }

        private byte[] Context(RatchetTree after) => (_context with { TreeHash = after.TreeHash(_suite) }).Encode();

        private Participant Load(JsonElement vector)
        {
            var index = new LeafIndex(vector.UInt("index"));
            var keys = new TreePrivateKeys();
            HpkeKeyPair? leaf = _suite.ImportHpkeKeyPair(vector.PrivateKey(_suite, "encryption_priv"));
            Assert.NotNull(leaf);
            Assert.Equal(_tree.LeafAt(index)!.EncryptionKey.ToArray(), leaf.PublicKey); // The case names members only.
            keys.Set(NodeIndex.OfLeaf(index), leaf.PrivateKey);
            foreach (JsonElement pathSecret in vector.Items("path_secrets"))
            {
                var node = new NodeIndex(pathSecret.UInt("node"));
                using Secret secret = new(pathSecret.Hex("path_secret"));
                using FreshPath derived = TreeKem.Derive(_suite, secret, 1);
                Assert.Equal(_tree.EncryptionKeyAt(node)!.Value.ToArray(), derived.KeyPairs[0].PublicKey);
                keys.Set(node, derived.KeyPairs[0].PrivateKey.Clone());
            }

            return new Participant(index, keys, new SignatureKeyPair(new Secret(vector.PrivateKey(_suite, "signature_priv")), _tree.LeafAt(index)!.SignatureKey.ToArray()));
        }
    }
}

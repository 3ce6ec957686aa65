using System.Collections.Immutable;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tests.Groups;

namespace Parley.Mls.Tests.Tree;

/// <summary>
/// RFC 9420 §7.9, §12.4.3.1: a joined tree broken in one place, and otherwise hashed, confirmed and signed again by a committer that is
/// in on it. Leaves 0 to 6 have committed with paths in turn, leaf 7 came by an Add without a path, and the joiner is at leaf 8, with
/// nothing but blank nodes above it:
/// <code>
///                 7 (unmerged 7)
///         3                 11 (unmerged 7)
///     1       5         9        13 (blank)
///   0   2   4   6     8   10   12   14        16
/// </code>
/// </summary>
public sealed class JoinedTreeTests : IDisposable
{
    private const int Top = 7;

    private readonly World _world = new World(World.DefaultSuite).WithMembers(7).Filled();
    private readonly WelcomeForge _forge;

    public JoinedTreeTests()
    {
        _world.Add(_world[2], 1, new CommitOptions { ForcesPath = false });
        _forge = new WelcomeForge(_world[2], _world.NewClient(), new CommitOptions { ForcesPath = false });
    }

    public void Dispose()
    {
        _forge.Dispose();
        _world.Dispose();
    }

    [Fact]
    public void The_tree_is_of_the_shape_that_these_tests_break()
    {
        Assert.Equal(17, _forge.Nodes.Length);
        Assert.Equal([7u], Unmerged(_forge.Nodes, Top));
        Assert.Equal([7u], Unmerged(_forge.Nodes, 11));
        Assert.Null(_forge.Nodes[13]);
        Assert.Null(_forge.Nodes[15]);
        Assert.Equal(new LeafIndex(8), _forge.Place);
        _forge.AssertAccepted(_forge.Make());
    }

    [Fact]
    public void The_tree_hash_must_be_that_of_the_GroupContext() =>
        _forge.AssertRefused(MlsError.TreeHashMismatch, _forge.Make(changeContext: context => context with { TreeHash = new byte[_world.Suite.HashBytes] }));

    [Fact]
    public void A_parent_with_another_key_is_refused() =>
        AssertEachParentRefused(MlsError.ParentHashInvalid, parent => parent with { EncryptionKey = _world.Suite.GenerateHpkeKeyPair().PublicKey });

    [Fact]
    public void A_parent_with_another_parent_hash_is_refused()
    {
        foreach (int index in (int[])[1, 3, 5, 9, 11])
        {
            _forge.AssertRefused(MlsError.ParentHashInvalid, Change(index, parent => parent with { ParentHash = new byte[_world.Suite.HashBytes] }));
            if (!Parent(_forge.Nodes, index).ParentHash.IsEmpty)
                _forge.AssertRefused(MlsError.ParentHashInvalid, Change(index, static parent => parent with { ParentHash = default }));
        }
    }

    [Fact]
    public void A_parent_put_where_a_blank_was_is_refused()
    {
        var invented = new ParentNode(_world.Suite.GenerateHpkeKeyPair().PublicKey, default, []);
        _forge.AssertRefused(MlsError.UnmergedLeavesInvalid, _forge.Make(nodes => nodes.SetItem(13, new Node.Parent(invented))));
        ParentNode listing = invented with { UnmergedLeaves = [new LeafIndex(7)] };
        _forge.AssertRefused(MlsError.ParentHashInvalid, _forge.Make(nodes => nodes.SetItem(13, new Node.Parent(listing))));
    }

    [Fact]
    public void A_parent_between_two_others_cannot_be_blanked() =>
        _forge.AssertRefused(MlsError.ParentHashInvalid, _forge.Make(static nodes => nodes.SetItem(3, null)));

    [Fact]
    public void An_unmerged_leaf_that_the_top_does_not_list_is_refused_though_its_hashes_fit()
    {
        // RFC 9420 §7.9.2: the resolution below must be the one linked node and exactly the unmerged leaves, or a key would be
        // encrypted to that someone put there.
        _forge.AssertRefused(MlsError.ParentHashInvalid, Change(Top, static parent => parent with { UnmergedLeaves = [] }));
    }

    [Fact]
    public void An_unmerged_leaf_must_be_listed_by_every_parent_between() =>
        _forge.AssertRefused(MlsError.UnmergedLeavesInvalid, Change(11, static parent => parent with { UnmergedLeaves = [] }));

    [Fact]
    public void An_unmerged_leaf_must_be_a_member_below_the_node()
    {
        _forge.AssertRefused(MlsError.UnmergedLeavesInvalid, Change(1, static parent => parent with { UnmergedLeaves = [new LeafIndex(6)] }));
        _forge.AssertRefused(MlsError.UnmergedLeavesInvalid, Change(11, static parent => parent with { UnmergedLeaves = [new LeafIndex(2), new LeafIndex(7)] }));
        _forge.AssertRefused(
            MlsError.UnmergedLeavesInvalid, Change(Top, static parent => parent with { UnmergedLeaves = [new LeafIndex(7), new LeafIndex(8)] }));
        _forge.AssertRefused(
            MlsError.UnmergedLeavesInvalid, Change(Top, static parent => parent with { UnmergedLeaves = [new LeafIndex(7), new LeafIndex(uint.MaxValue)] }));
        _forge.AssertRefused(MlsError.UnmergedLeavesInvalid, _forge.Make(static nodes => nodes.SetItem(14, null)));
    }

    [Fact]
    public void A_merged_leaf_listed_as_unmerged_is_refused()
    {
        _forge.AssertRefused(MlsError.UnmergedLeavesInvalid, Change(Top, static parent => parent with { UnmergedLeaves = [new LeafIndex(0), new LeafIndex(7)] }));
        _forge.AssertRefused(MlsError.ParentHashInvalid, Change(1, static parent => parent with { UnmergedLeaves = [new LeafIndex(0)] }));
    }

    [Fact]
    public void Unmerged_leaves_out_of_order_or_doubled_do_not_decode()
    {
        foreach (LeafIndex[] leaves in (LeafIndex[][])[[new(7), new(6)], [new(6), new(6), new(7)]])
            _forge.AssertRefused(MlsError.ExtensionMalformed, Change(Top, parent => parent with { UnmergedLeaves = [.. leaves] }));
    }

    [Fact]
    public void A_leaf_put_in_under_a_parent_that_knows_nothing_of_it_is_refused()
    {
        // A removed member's place is filled again without blanking what it could read.
        _forge.AssertRefused(MlsError.ParentHashInvalid, _forge.Make(nodes => nodes.SetItem(2, LeafOf(_world[1], static leaf => leaf))));
    }

    [Fact]
    public void An_encryption_key_may_be_in_one_node_only()
    {
        ReadOnlyMemory<byte> key = Parent(_forge.Nodes, 1).EncryptionKey;
        _forge.AssertRefused(MlsError.KeyNotUnique, Change(9, parent => parent with { EncryptionKey = key }));
        _forge.AssertRefused(MlsError.KeyNotUnique, _forge.Make(nodes => nodes.SetItem(14, LeafOf(_world[7], leaf => leaf with { EncryptionKey = key }))));
        LeafNode other = ((Node.Leaf)_forge.Nodes[0]!).LeafNode;
        _forge.AssertRefused(
            MlsError.KeyNotUnique, _forge.Make(nodes => nodes.SetItem(14, LeafOf(_world[7], leaf => leaf with { EncryptionKey = other.EncryptionKey }))));
        _forge.AssertRefused(
            MlsError.KeyNotUnique, _forge.Make(nodes => nodes.SetItem(14, LeafOf(_world[7], leaf => leaf with { SignatureKey = other.SignatureKey }))));
    }

    [Fact]
    public void Every_leaf_is_checked_the_last_one_too()
    {
        AssertLeafRefused(MlsError.LeafSignatureInvalid, static leaf => leaf, resigned: false);
        AssertLeafRefused(MlsError.CredentialNotInCapabilities, static leaf => leaf with { Capabilities = leaf.Capabilities with { Credentials = [CredentialType.X509] } }, inUse: true);
        AssertLeafRefused(MlsError.RequiredCapabilityMissing, static leaf => leaf with { Capabilities = leaf.Capabilities with { CipherSuites = [] } });
        AssertLeafRefused(
            MlsError.LeafExtensionInvalid, static leaf => leaf with { Extensions = [new Extension((ExtensionType)0xf001, default)] });
        foreach (Lifetime lifetime in (Lifetime[])[new(0, ulong.MaxValue), new(5, 4)])
            AssertLeafRefused(MlsError.LifetimeInvalid, leaf => leaf with { Source = new LeafNodeSource.KeyPackage(lifetime) });
        _world.Judge.Refused.Add("mallory");
        AssertLeafRefused(MlsError.CredentialInvalid, static leaf => leaf with { Credential = new Credential.Basic("mallory"u8.ToArray()) });
    }

    [Fact]
    public void A_leaf_of_a_path_is_bound_to_its_group_and_place()
    {
        LeafNode leaf = ((Node.Leaf)_forge.Nodes[12]!).LeafNode;
        LeafNode elsewhere = Forge.Resign(_world[6], leaf, "another group"u8.ToArray(), new LeafIndex(6));
        LeafNode misplaced = Forge.Resign(_world[6], leaf, _world.GroupId, new LeafIndex(5));
        foreach (LeafNode wrong in (LeafNode[])[elsewhere, misplaced])
        {
            // The last leaf that committed: no parent hash covers its signature.
            Welcome welcome = _forge.Make(nodes => nodes.SetItem(12, new Node.Leaf(wrong)));
            _forge.AssertRefused(MlsError.LeafSignatureInvalid, welcome);
        }
    }

    [Fact]
    public void Our_own_leaf_must_be_there_to_the_last_byte()
    {
        Node.Leaf changed = new(Forge.Resign(
            _forge.Joiner, ((Node.Leaf)_forge.Nodes[16]!).LeafNode with { Credential = new Credential.Basic("somebody else"u8.ToArray()) }, _world.GroupId, default));
        _forge.AssertRefused(MlsError.OwnLeafMissing, _forge.Make(nodes => nodes.SetItem(16, changed)));
    }

    [Fact]
    public void A_tree_from_outside_is_checked_in_the_same_way()
    {
        ImmutableArray<Node?> broken = _forge.Nodes.SetItem(3, null);
        _forge.AssertRefused(MlsError.ParentHashInvalid, _forge.Make(_ => broken, withTree: false), new RatchetTreeExtension(broken));
        _forge.AssertRefused(MlsError.TreeHashMismatch, _forge.Make(withTree: false), new RatchetTreeExtension(broken));
    }

    private static uint[] Unmerged(ImmutableArray<Node?> nodes, int index) => [.. Parent(nodes, index).UnmergedLeaves.Select(static leaf => leaf.Value)];

    private static ParentNode Parent(ImmutableArray<Node?> nodes, int index) => ((Node.Parent)nodes[index]!).ParentNode;

    private Welcome Change(int index, Func<ParentNode, ParentNode> change) =>
        _forge.Make(nodes => nodes.SetItem(index, new Node.Parent(change(Parent(nodes, index)))));

    private void AssertEachParentRefused(MlsError expected, Func<ParentNode, ParentNode> change)
    {
        foreach (int index in (int[])[1, 3, 5, Top, 9, 11])
            _forge.AssertRefused(expected, Change(index, change));
    }

    /// <summary>The leaf of a member as it is in the forge's tree, changed and signed by its owner.</summary>
    private Node.Leaf LeafOf(Client owner, Func<LeafNode, LeafNode> change)
    {
        LeafNode leaf = ((Node.Leaf)_forge.Nodes[(int)owner.Index.Value * 2]!).LeafNode;
        LeafNode changed = change(leaf with { Source = new LeafNodeSource.Update() });
        return new Node.Leaf(Forge.Resign(owner, changed));
    }

    /// <summary>Leaf 7, which came by an Add and is in no parent hash, changed.</summary>
    private void AssertLeafRefused(MlsError expected, Func<LeafNode, LeafNode> change, bool resigned = true, bool inUse = false)
    {
        LeafNode leaf = ((Node.Leaf)_forge.Nodes[14]!).LeafNode;
        LeafNode changed = resigned ? Forge.Resign(_world[7], change(leaf)) : leaf with { Signature = new byte[64] };
        MlsError first = inUse ? MlsError.CredentialNotSupportedByGroup : expected;
        _forge.AssertRefused(first, _forge.Make(nodes => nodes.SetItem(14, new Node.Leaf(changed))));
    }
}

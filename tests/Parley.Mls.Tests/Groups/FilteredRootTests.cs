using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tree;

namespace Parley.Mls.Tests.Groups;

/// <summary>
/// RFC 9420 §4.1.2, §7.4: with the left half of the tree blank, the root is not on the filtered direct path of those in the right half.
/// No public vector has this shape, and ts-mls reads the RFC otherwise, so what the RFC says is worked out here step by step.
/// </summary>
public sealed class FilteredRootTests : IDisposable
{
    private readonly World _world = new World(World.DefaultSuite) { HandshakeFormat = WireFormat.PublicMessage }.WithMembers(4).Filled();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void The_commit_secret_is_one_step_after_the_last_node_of_the_filtered_direct_path()
    {
        CryptoSuite suite = _world.Suite;
        Client committer = _world[2];
        Client receiver = _world[3];
        EpochState former = receiver.Epoch();
        LeafNode receiverLeaf = former.Tree.LeafAt(receiver.Index)!; // A member's own leaf is never blank.
        PendingCommit pending = committer.Commit(new CommitOptions { Proposals = [World.RemoveOf(_world[0]), World.RemoveOf(_world[1])] });
        GroupContext context = pending.Staged.Context;
        Assert.True(MlsMessage.TryDecode(pending.Message.Span, out MlsMessage? message, out _));
        Commit commit = Assert.IsType<Content.CommitContent>(Assert.IsType<MlsMessage.Public>(message).Message.Content.Content).Commit;

        // §4.1.2: of the direct path of leaf 2, nodes 5 and 3, only 5 is left: all below 3's other child is blank.
        UpdatePathNode node = Assert.Single(commit.Path!.Nodes); // A Remove needs a path.
        HpkeCiphertext ciphertext = Assert.Single(node.EncryptedPathSecret);

        // §7.5, §7.6: the receiver opens the path secret of node 5 with its leaf key.
        byte[] provisional = (context with { ConfirmedTranscriptHash = former.Context.ConfirmedTranscriptHash }).Encode();
        using Secret? pathSecret = suite.DecryptWithLabel(
            former.PrivateKeys[NodeIndex.OfLeaf(receiver.Index)]!.AsSpan(), // As above.
            receiverLeaf.EncryptionKey.Span,
            "UpdatePathNode",
            provisional,
            ciphertext.KemOutput.Span,
            ciphertext.Ciphertext.Span);
        Assert.NotNull(pathSecret);

        // §7.4: path_secret[0] gives the key of the path's only node, and path_secret[1] is the commit secret.
        using Secret nodeSecret = suite.DeriveSecret(pathSecret.AsSpan(), "node");
        using HpkeKeyPair nodeKey = suite.DeriveHpkeKeyPair(nodeSecret.AsSpan());
        Assert.Equal(node.EncryptionKey.ToArray(), nodeKey.PublicKey);
        using Secret commitSecret = suite.DeriveSecret(pathSecret.AsSpan(), "path");

        // §12.4.2, §8: the epoch it begins.
        using Secret noPsk = new(suite.HashBytes);
        using NewEpoch expected = NewEpoch.Derive(suite, former.Secrets.InitSecret, commitSecret, noPsk, context);
        byte[] authenticator = expected.Secrets.EpochAuthenticator.AsSpan().ToArray();
        receiver.Receive(pending.Message.ToArray());
        committer.Merge();
        Assert.Equal(authenticator, committer.Group.EpochAuthenticator);
        Assert.Equal(authenticator, receiver.Group.EpochAuthenticator);
    }

    [Fact]
    public void A_group_whose_root_is_filtered_out_goes_on_and_fills_its_left_half_again()
    {
        _world.Commit(_world[2], World.RemoveOf(_world[0]), World.RemoveOf(_world[1]));
        Assert.Null(_world[0].Group.ExportRatchetTree().Nodes[3]); // The root is blank.
        _world.Commit(_world[1]);
        _world.AssertTalk();
        _world.Add(_world[0], 1);
        Assert.NotNull(_world[0].Group.ExportRatchetTree().Nodes[3]);
        _world.Commit(_world[2]);
        _world.AssertTalk();
    }
}

using System.Collections.Immutable;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Tests.Groups;

/// <summary>RFC 9420 §7.5, §7.6, §12.4: Commits and paths with one thing wrong. The next honest Commit works.</summary>
public sealed class CommitRuleTests : IDisposable
{
    private readonly World _world = new World(World.DefaultSuite) { HandshakeFormat = WireFormat.PublicMessage }.WithMembers(6).Filled();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void A_path_is_needed_unless_only_Adds_psks_or_a_ReInit_are_committed()
    {
        _world[1].Refuses(MlsError.PathMissing, Forge.Commit(_world[0]));
        _world[1].Refuses(MlsError.PathMissing, Forge.Commit(_world[0], World.RemoveOf(_world[3])));
        _world[1].Refuses(MlsError.PathMissing, Forge.Commit(_world[0], new Proposal.GroupContextExtensions([])));
        _world[1].Refuses(MlsError.PathMissing, Forge.Commit(_world[0], World.AddOf(_world.NewClient()), World.RemoveOf(_world[3])));
        AuthenticatedContent update = Forge.Sign(_world[2], new Content.ProposalContent(new Proposal.Update(Forge.UpdateLeaf(_world[2]))));
        _world[1].Receive(Forge.Seal(_world[2], update));
        byte[] reference = _world.Suite.RefHash(CryptoSuite.ProposalReferenceLabel, update.Encode());
        _world[1].Refuses(MlsError.PathMissing, Forge.Commit(_world[0], new Commit([new ProposalOrRef.ByReference(reference)], null)));
    }

    [Fact]
    public void A_forged_Commit_that_breaks_no_rule_is_accepted()
    {
        // What the tests here and beside them change is refused for the change, and for nothing that the forge does otherwise.
        _world.Psks.Add("id"u8, "shared"u8);
        Proposal psk = new Proposal.PreSharedKey(new PreSharedKeyId.External("id"u8.ToArray(), new byte[_world.Suite.HashBytes]));
        Proposal[][] lists = [[], [psk], [World.AddOf(_world.NewClient())], [World.RemoveOf(_world[5]), World.AddOf(_world.NewClient()), psk, new Proposal.GroupContextExtensions([])]];
        foreach (WireFormat format in (WireFormat[])[WireFormat.PublicMessage, WireFormat.PrivateMessage])
        {
            foreach (Proposal[] proposals in lists)
            {
                var forged = new ForgedCommit(_world[0]) { Format = format, Proposals = Forge.ByValue(_world[0], proposals) };
                MlsMessage commit = forged.Make();
                foreach (Client member in _world.Members.Skip(1).Take(4))
                {
                    using StagedCommit staged = Assert.IsType<Received.Commit>(member.Group.Process(commit, World.Now)).Staged;
                    Assert.Equal(forged.EpochAuthenticator, staged.Next!.Secrets.EpochAuthenticator.AsSpan().ToArray());
                    Assert.NotNull(member.Group.TakeWrites());
                }
            }
        }
    }

    [Fact]
    public void A_maker_adds_the_path_where_it_is_needed()
    {
        var options = new CommitOptions { ForcesPath = false };
        Assert.NotNull(CommitOf(_world[0], options).Path);
        Assert.NotNull(CommitOf(_world[0], options with { Proposals = [World.RemoveOf(_world[3])] }).Path);
        Assert.NotNull(CommitOf(_world[0], options with { Proposals = [new Proposal.GroupContextExtensions([])] }).Path);
        Assert.Null(CommitOf(_world[0], options with { Proposals = [World.AddOf(_world.NewClient())] }).Path);
    }

    [Fact]
    public void A_path_of_another_length_than_the_filtered_direct_path_is_refused()
    {
        AssertPathRefused(MlsError.PathLengthInvalid, static nodes => nodes.RemoveAt(nodes.Length - 1));
        AssertPathRefused(MlsError.PathLengthInvalid, static nodes => nodes.Add(nodes[0]));
        AssertPathRefused(MlsError.PathLengthInvalid, static _ => []);
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_node_with_more_or_fewer_ciphertexts_than_the_resolution_is_refused()
    {
        AssertPathRefused(MlsError.PathCiphertextCountInvalid, static nodes => nodes.SetItem(1, nodes[1] with { EncryptedPathSecret = [] }));
        AssertPathRefused(
            MlsError.PathCiphertextCountInvalid,
            static nodes => nodes.SetItem(0, nodes[0] with { EncryptedPathSecret = nodes[0].EncryptedPathSecret.Add(nodes[0].EncryptedPathSecret[0]) }));
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_path_secret_for_a_member_that_the_same_Commit_adds_is_refused()
    {
        Proposal add = World.AddOf(_world.NewClient());
        MlsMessage commit = Forge.Commit(
            _world[4],
            static honest =>
            {
                // The new member is at leaf 6; members 4 and 5 are on the other side of their parent.
                ImmutableArray<UpdatePathNode> nodes = honest.Path!.Nodes;
                UpdatePathNode node = nodes[1] with { EncryptedPathSecret = nodes[1].EncryptedPathSecret.Add(nodes[0].EncryptedPathSecret[0]) };
                return honest with { Path = honest.Path with { Nodes = nodes.SetItem(1, node) } };
            },
            add);
        _world[0].Refuses(MlsError.PathCiphertextCountInvalid, commit);
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_path_leaf_with_a_wrong_parent_hash_is_refused()
    {
        byte[] wrong = new byte[_world.Suite.HashBytes];
        _world[1].Refuses(MlsError.ParentHashInvalid, Forge.CommitWithLeaf(_world[0], leaf => leaf with { Source = new LeafNodeSource.Commit(wrong) }));
        _world[1].Refuses(MlsError.ParentHashInvalid, Forge.CommitWithLeaf(_world[0], leaf => leaf with { Source = new LeafNodeSource.Commit(default) }));
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_public_key_that_is_elsewhere_in_the_tree_or_twice_in_the_path_is_refused()
    {
        // Leaves and parents, those of the committer's own path too, which the path replaces.
        foreach (uint node in (uint[])[1, 2, 3, 5, 7, 8, 9])
        {
            _world[1].Refuses(MlsError.KeyNotUnique, new ForgedCommit(_world[0]) { ChangesKeys = keys => keys.SetItem(0, KeyAt(node)) }.Make());
            _world[1].Refuses(MlsError.KeyNotUnique, Forge.CommitWithLeaf(_world[0], leaf => leaf with { EncryptionKey = KeyAt(node) }));
        }

        _world[1].Refuses(MlsError.KeyNotUnique, new ForgedCommit(_world[0]) { ChangesKeys = keys => keys.SetItem(0, KeyAt(0)) }.Make());

        _world[1].Refuses(MlsError.KeyNotUnique, new ForgedCommit(_world[0]) { ChangesKeys = static keys => keys.SetItem(1, keys[0]) }.Make());
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_path_secret_that_does_not_open_is_refused()
    {
        foreach (int target in (int[])[0, 1, 2])
        {
            AssertPathRefused(
                MlsError.PathDecryptionFailed,
                nodes => nodes.SetItem(target, nodes[target] with { EncryptedPathSecret = [.. nodes[target].EncryptedPathSecret.Select(Flip)] }),
                _world[target == 0 ? 1 : target == 1 ? 2 : 5]);
        }

        _world.AssertUnharmed();
    }

    [Fact]
    public void A_kem_output_that_is_no_valid_key_is_refused()
    {
        foreach (byte[] kemOutput in (byte[][])[[], new byte[32], new byte[31], new byte[33]])
        {
            AssertPathRefused(
                MlsError.PathDecryptionFailed,
                nodes => nodes.SetItem(0, nodes[0] with { EncryptedPathSecret = [nodes[0].EncryptedPathSecret[0] with { KemOutput = kemOutput }] }));
        }

        _world.AssertUnharmed();
    }

    [Fact]
    public void A_path_secret_that_gives_other_keys_is_refused_by_all()
    {
        using Secret other = Forge.RandomSecret(_world.Suite);
        MlsMessage commit = new ForgedCommit(_world[0]) { ChangesPathSecret = (_, _) => other.AsSpan().ToArray() }.Make();
        foreach (Client member in _world.Members.Skip(1))
            member.Refuses(MlsError.PathKeyMismatch, commit);
        _world.AssertUnharmed();
    }

    [Fact]
    public void Keys_must_fit_up_to_the_root()
    {
        // The lowest secret is right, the root's key is another one.
        byte[] other = _world.Suite.GenerateHpkeKeyPair().PublicKey;
        _world[1].Refuses(MlsError.PathKeyMismatch, new ForgedCommit(_world[0]) { ChangesKeys = keys => keys.SetItem(2, other) }.Make());
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_parents_key_that_nobody_can_encrypt_to_goes_with_its_maker()
    {
        // RFC 9420 §16.12: of the lowest parent only leaf 1 learns the secret, so only leaf 1 can see that there is none.
        MlsMessage commit = new ForgedCommit(_world[0]) { ChangesKeys = static keys => keys.SetItem(0, new byte[32]) }.Make();
        _world[1].Refuses(MlsError.PathKeyMismatch, commit);
        Client[] others = [.. _world.Members.Skip(2)];
        foreach (Client member in others)
            member.Receive(commit);
        others[0].CannotCommit(MlsError.PathDecryptionFailed, new CommitOptions());
        byte[] removal = others[0].Commit(new CommitOptions { Proposals = [World.RemoveOf(_world[0])] }).Message.ToArray();
        others[0].Merge();
        foreach (Client member in others.Skip(1))
            member.Receive(removal);
        Assert.Equal("text", others[1].Read(others[0].Send("text")));
    }

    [Fact]
    public void A_wrong_confirmation_tag_is_refused_and_the_right_Commit_still_works()
    {
        AuthenticatedContent honest = _world[0].Commit().Content;
        byte[] tag = honest.Auth.ConfirmationTag!.Value.ToArray();
        byte[] flipped = [.. tag];
        flipped[^1] ^= 1;
        foreach (byte[] wrong in (byte[][])[[], tag[..1], tag[..^1], [.. tag, 0], flipped, new byte[tag.Length]])
        {
            MlsMessage commit = Forge.Seal(_world[0], honest with { Auth = honest.Auth with { ConfirmationTag = wrong } });
            foreach (Client member in _world.Members.Skip(1))
                member.Refuses(MlsError.ConfirmationTagInvalid, commit);
        }

        byte[] message = _world[0].Group.Pending!.Message.ToArray();
        _world.Deliver(_world[0], message, null, true);
        _world.AssertTalk();
    }

    [Fact]
    public void Proposals_added_to_or_taken_from_a_finished_Commit_are_noticed()
    {
        _world.Psks.Add("id"u8, "shared"u8);
        var psk = new Proposal.PreSharedKey(new PreSharedKeyId.External("id"u8.ToArray(), new byte[_world.Suite.HashBytes]));
        AuthenticatedContent honest = _world[0].Commit(new CommitOptions { Proposals = [psk] }).Content;
        _world[0].Clear();
        Commit commit = ((Content.CommitContent)honest.Content.Content).Commit with { Proposals = [] };
        AuthenticatedContent changed = Forge.Sign(_world[0], new Content.CommitContent(commit));
        _world[1].Refuses(MlsError.ConfirmationTagInvalid, Forge.Seal(_world[0], changed with { Auth = changed.Auth with { ConfirmationTag = honest.Auth.ConfirmationTag } }));
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_Commit_replayed_or_of_another_epoch_is_refused()
    {
        byte[] commit = _world[0].Commit().Message.ToArray();
        _world.Deliver(_world[0], commit, null, true);
        foreach (Client member in _world.Members)
            member.Refuses(MlsError.WrongEpoch, commit);
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_staged_Commit_is_merged_once_in_its_epoch_and_by_its_own_group()
    {
        Assert.True(MlsMessage.TryDecode(_world[0].Commit().Message.Span, out MlsMessage? first, out _));
        Assert.True(MlsMessage.TryDecode(_world[5].Commit().Message.Span, out MlsMessage? second, out _));
        StagedCommit staged = Assert.IsType<Received.Commit>(_world[1].Group.Process(first, World.Now)).Staged;
        StagedCommit other = Assert.IsType<Received.Commit>(_world[1].Group.Process(second, World.Now)).Staged;
        Assert.Throws<InvalidOperationException>(() => _world[2].Group.Merge(staged));
        _world[1].Group.Merge(staged);
        Assert.Throws<InvalidOperationException>(() => _world[1].Group.Merge(staged));
        Assert.Throws<InvalidOperationException>(() => _world[1].Group.Merge(other));
        other.Dispose();
        staged.Dispose();
        _world[0].Merge();
        Assert.Equal(_world[0].Group.EpochAuthenticator, _world[1].Group.EpochAuthenticator);
        byte[] message = _world[0].Send("text");
        Assert.Equal("text", _world[1].Read(message));
    }

    [Fact]
    public void A_failed_Commit_of_our_own_changes_nothing()
    {
        string before = _world[0].Store.ToString();
        _world[0].CannotCommit(MlsError.RemoveOfCommitter, new CommitOptions { Proposals = [World.RemoveOf(_world[0])] });
        _world[0].CannotCommit(MlsError.PskUnknown, new CommitOptions
        {
            Proposals = [new Proposal.PreSharedKey(new PreSharedKeyId.External("unknown"u8.ToArray(), new byte[_world.Suite.HashBytes]))],
        });
        _world[0].CannotCommit(MlsError.ExtensionMisplaced, new CommitOptions
        {
            Proposals = [new Proposal.GroupContextExtensions([new Extension(ExtensionType.RatchetTree, default)])],
        });
        Assert.Equal(before, _world[0].Store.ToString());
        _world.AssertUnharmed();
    }

    private static HpkeCiphertext Flip(HpkeCiphertext sealedSecret)
    {
        byte[] ciphertext = sealedSecret.Ciphertext.ToArray();
        ciphertext[0] ^= 1;
        return sealedSecret with { Ciphertext = ciphertext };
    }

    private static Commit CommitOf(Client client, CommitOptions options)
    {
        AuthenticatedContent content = client.Commit(options).Content;
        client.Clear();
        return ((Content.CommitContent)content.Content.Content).Commit;
    }

    private ReadOnlyMemory<byte> KeyAt(uint node) => _world[0].Epoch().Tree.EncryptionKeyAt(new Parley.Mls.Tree.NodeIndex(node))!.Value;

    private void AssertPathRefused(MlsError expected, Func<ImmutableArray<UpdatePathNode>, ImmutableArray<UpdatePathNode>> change, Client? victim = null)
    {
        MlsMessage commit = Forge.Commit(_world[0], honest => honest with { Path = honest.Path! with { Nodes = change(honest.Path.Nodes) } });
        (victim ?? _world[1]).Refuses(expected, commit);
    }
}

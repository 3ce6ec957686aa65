using System.Text;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;

namespace Parley.Mls.Tests.Groups;

/// <summary>
/// What honest clients do (RFC 9420 §11, §12), each scenario with clients that live on and with clients that are restored from their
/// stores after every operation, with handshakes encrypted and open, on the suites built here.
/// </summary>
public sealed class ScenarioTests
{
    public static TheoryData<CipherSuite, bool, WireFormat> Worlds { get; } = new()
    {
        { CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519, false, WireFormat.PrivateMessage },
        { CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519, true, WireFormat.PublicMessage },
        { CipherSuite.X25519Aes128GcmSha256Ed25519, true, WireFormat.PrivateMessage },
        { CipherSuite.P256Aes128GcmSha256P256, false, WireFormat.PublicMessage },
        { CipherSuite.X448ChaCha20Poly1305Sha512Ed448, false, WireFormat.PrivateMessage },
        { CipherSuite.P521Aes256GcmSha512P521, false, WireFormat.PrivateMessage },
        { CipherSuite.P384Aes256GcmSha384P384, true, WireFormat.PrivateMessage },
        { CipherSuite.XWingChaCha20Poly1305Sha256Ed25519, true, WireFormat.PrivateMessage },
        { CipherSuite.XWingChaCha20Poly1305Sha256Ed25519, false, WireFormat.PublicMessage },
    };

    [Theory]
    [MemberData(nameof(Worlds))]
    public void A_group_of_one_commits_and_grows(CipherSuite suite, bool restarts, WireFormat format)
    {
        using World world = Of(suite, restarts, format).WithMembers(1);
        Assert.Equal(0ul, world[0].Group.Epoch);
        world.Commit(world[0]);
        world.Add(world[0], 1);
        Assert.Equal(2ul, world[0].Group.Epoch);
        world.AssertTalk();
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void Members_join_with_the_tree_inside_and_outside_of_the_Welcome(CipherSuite suite, bool restarts, WireFormat format)
    {
        using World world = Of(suite, restarts, format).WithMembers(1);
        world.Add(world[0], 1, new CommitOptions { WelcomeHasRatchetTree = true, ForcesPath = true });
        world.Add(world[1], 2, new CommitOptions { WelcomeHasRatchetTree = false, ForcesPath = true });
        world.Add(world[2], 1, new CommitOptions { WelcomeHasRatchetTree = true, ForcesPath = false });
        world.Add(world[3], 1, new CommitOptions { WelcomeHasRatchetTree = false, ForcesPath = false });
        Assert.Equal(6, world[0].Group.MemberCount);
        world.AssertTalk();
        world.Filled().AssertTalk();
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void A_removed_member_sees_so_and_stops(CipherSuite suite, bool restarts, WireFormat format)
    {
        using World world = Of(suite, restarts, format).WithMembers(4);
        Client removed = world[2];
        world.Commit(world[0], World.RemoveOf(removed));
        Assert.True(removed.Group.IsRemoved);
        Assert.Equal(3, world.Members.Count);
        byte[] later = world[0].Send("later");
        Assert.Equal(MlsError.RemovedFromGroup, Refusal(removed, later));
        Assert.Throws<InvalidOperationException>(() => removed.Group.Protect([]));
        Assert.Throws<InvalidOperationException>(() => removed.Group.Commit(new CommitOptions(), World.Now));
        Assert.Throws<InvalidOperationException>(() => removed.Group.ProposeUpdate());
        Assert.Throws<InvalidOperationException>(() => removed.Group.Export("label", [], 32));
        Assert.Throws<InvalidOperationException>(() => removed.Group.EpochAuthenticator);
        world.AssertTalk();
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void Proposals_are_committed_by_reference(CipherSuite suite, bool restarts, WireFormat format)
    {
        using World world = Of(suite, restarts, format).WithMembers(5);
        Client joiner = world.NewClient();
        byte[] before = world[1].Epoch().Tree.LeafAt(world[1].Index)!.EncryptionKey.ToArray();
        world.Propose(world[1].Propose(static group => group.ProposeUpdate()));
        world.Propose(world[2].Propose(group => group.Propose(new Proposal.Add(joiner.NewKeyPackage().KeyPackage), World.Now)));
        world.Propose(world[3].Propose(group => group.Propose(new Proposal.Remove(world[4].Index), World.Now)));
        Assert.True(world[0].Group.MustCommitFirst);
        Assert.Throws<InvalidOperationException>(() => world[0].Group.Protect([]));
        world.Commit(world[0]);
        Assert.Equal(5, world.Members.Count);
        Assert.Contains(joiner, world.Members);
        Assert.NotEqual(before, world[1].Epoch().Tree.LeafAt(world[1].Index)!.EncryptionKey.ToArray());
        world.AssertTalk();
        world.Filled().AssertTalk();
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void A_member_leaves_by_a_proposal_that_another_commits(CipherSuite suite, bool restarts, WireFormat format)
    {
        using World world = Of(suite, restarts, format).WithMembers(3);
        Client leaver = world[1];
        world.Propose(leaver.Propose(group => group.Propose(new Proposal.Remove(group.OwnLeafIndex), World.Now)));
        Assert.False(leaver.Group.MustCommitFirst);
        world.Commit(world[2]);
        Assert.True(leaver.Group.IsRemoved);
        world.AssertTalk();
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void Commits_with_and_without_a_path_follow_each_other(CipherSuite suite, bool restarts, WireFormat format)
    {
        using World world = Of(suite, restarts, format).WithMembers(3);
        world.Add(world[1], 2, new CommitOptions { ForcesPath = false });
        world.Commit(world[3]);
        world.Commit(world[0], new CommitOptions { ForcesPath = false });
        world.Add(world[4], 1, new CommitOptions { ForcesPath = false });
        world.Commit(world[5], World.RemoveOf(world[0]));
        world.AssertTalk();
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void External_and_resumption_psks_go_into_the_epoch(CipherSuite suite, bool restarts, WireFormat format)
    {
        using World world = Of(suite, restarts, format).WithMembers(3);
        world.Psks.Add("id"u8, "shared"u8);
        world.Commit(world[1], PreSharedKeyProposals.External(world.Suite, "id"u8));
        world.Commit(world[0]);
        Proposal resumption = PreSharedKeyProposals.Resumption(world.Suite, world.GroupId, world[0].Group.Epoch - 1);
        world.Commit(world[2], new CommitOptions { Proposals = [resumption], ForcesPath = false });
        world.AssertTalk();
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void Psks_of_this_and_of_another_group_are_proposed_and_committed_together(CipherSuite suite, bool restarts, WireFormat format)
    {
        using World other = Of(suite, restarts, format).WithMembers(2);
        using World world = Of(suite, restarts, format).WithMembers(3);
        world.Psks.Add("id"u8, "shared"u8);
        Proposal.PreSharedKey ofOther = PreSharedKeyProposals.Resumption(world.Suite, "another"u8, other[0].Group.Epoch);
        using Secret key = other[0].Group.FindResumptionPsk(other[0].Group.Epoch)!; // Of the current epoch, which is kept.
        world.Psks.Add(ofOther.Psk.Encode(), key.AsSpan());
        world.Commit(world[0]);
        Proposal[] proposals =
        [
            PreSharedKeyProposals.External(world.Suite, "id"u8),
            PreSharedKeyProposals.Resumption(world.Suite, world.GroupId, world[0].Group.Epoch - 1),
            PreSharedKeyProposals.Resumption(world.Suite, world.GroupId, world[0].Group.Epoch),
            ofOther,
        ];
        for (int i = 0; i < proposals.Length; i++)
            world.Propose(world[i % 2].Propose(group => group.Propose(proposals[i], World.Now)));
        PendingCommit pending = world[2].Commit(new CommitOptions { Proposals = [PreSharedKeyProposals.External(world.Suite, "id"u8)] });
        Assert.Equal(5, pending.Staged.Proposals.Count);
        world.Deliver(world[2], pending.Message.ToArray(), null, true);
        world.AssertTalk();
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void A_ReInit_and_GroupContext_extensions_are_proposed(CipherSuite suite, bool restarts, WireFormat format)
    {
        using World world = Of(suite, restarts, format).WithMembers(3);
        world.Propose(world[1].Propose(static group => group.Propose(new Proposal.ReInit("next"u8.ToArray(), ProtocolVersion.Mls10, World.DefaultSuite, []), World.Now)));
        world.Propose(world[2].Propose(static group => group.Propose(new Proposal.GroupContextExtensions([]), World.Now)));
        world.Commit(world[0]); // RFC 9420 §12.2: other proposals go before a ReInit.
        Assert.False(world[0].Group.IsReinitialized);
        world.Propose(world[1].Propose(static group => group.Propose(new Proposal.ReInit("next"u8.ToArray(), ProtocolVersion.Mls10, World.DefaultSuite, []), World.Now)));
        world.Commit(world[0]);
        Assert.All(world.Members, static member => Assert.Equal("next"u8.ToArray(), member.Group.ReInit!.GroupId.ToArray()));
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void A_Commit_takes_the_proposals_that_the_application_permits(CipherSuite suite, bool restarts, WireFormat format)
    {
        using World world = Of(suite, restarts, format).WithMembers(4);
        world.Propose(world[1].Propose(static group => group.ProposeUpdate()));
        world.Propose(world[2].Propose(group => group.Propose(new Proposal.Remove(world[3].Index), World.Now)));
        Assert.Equal(2, world[0].Group.ReceivedProposals.Count());
        Func<QueuedProposal, bool> mayInclude = static queued => queued is { Proposal: not Proposal.Remove, Sender: Sender.Member };
        PendingCommit pending = world[0].Commit(new CommitOptions { MayInclude = mayInclude });
        Assert.IsType<Proposal.Update>(Assert.Single(pending.Staged.Proposals).Proposal);
        world.Deliver(world[0], pending.Message.ToArray(), null, true);
        Assert.Equal(4, world.Members.Count);
        Assert.Empty(world[0].Group.ReceivedProposals);
        world.AssertTalk();
    }

    [Fact]
    public void A_proposal_that_has_a_method_of_its_own_is_made_by_it()
    {
        using World world = new World(World.DefaultSuite).WithMembers(2);
        Assert.Throws<ArgumentException>(() => world[0].Group.Propose(new Proposal.Update(Forge.UpdateLeaf(world[0])), World.Now));
        Assert.Throws<ArgumentException>(() => world[0].Group.Propose(new Proposal.SelfRemove(), World.Now));
        MlsError refused = Assert.Throws<MlsException>(() => world[0].Group.Propose(new Proposal.ExternalInit(new byte[32]), World.Now)).Error;
        Assert.Equal(MlsError.ExternalInitNotAllowed, refused);
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void GroupContext_extensions_are_replaced(CipherSuite suite, bool restarts, WireFormat format)
    {
        using World world = Of(suite, restarts, format).WithMembers(3);
        var required = new RequiredCapabilities([], [ProposalType.Add], [Messages.Credentials.CredentialType.Basic]);
        world.Commit(world[1], new Proposal.GroupContextExtensions([new Extension(ExtensionType.RequiredCapabilities, required.Encode())]));
        Assert.Single(world[0].Group.Context.Extensions);
        world.Add(world[2], 1);
        world.Commit(world[3], new Proposal.GroupContextExtensions([]));
        Assert.Empty(world[0].Group.Context.Extensions);
        world.AssertTalk();
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void A_pending_Commit_gives_way_to_another(CipherSuite suite, bool restarts, WireFormat format)
    {
        using World world = Of(suite, restarts, format).WithMembers(3);
        byte[] loser = world[0].Commit().Message.ToArray();
        byte[] winner = world[1].Commit().Message.ToArray();
        Assert.Equal(1ul, world[0].Group.Epoch);
        world.Deliver(world[1], winner, null, true);
        Assert.Null(world[0].Group.Pending);
        world[2].Refuses(MlsError.WrongEpoch, loser);
        world.Commit(world[0]);
        world.AssertTalk();
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void A_pending_Commit_that_is_cleared_leaves_no_trace(CipherSuite suite, bool restarts, WireFormat format)
    {
        using World world = Of(suite, restarts, format).WithMembers(2);
        byte[] authenticator = world[0].Group.EpochAuthenticator;
        world[0].Commit(new CommitOptions { Proposals = [World.AddOf(world.NewClient())] });
        Assert.Throws<InvalidOperationException>(() => world[0].Group.Commit(new CommitOptions(), World.Now));
        world[0].Clear();
        Assert.Equal(authenticator, world[0].Group.EpochAuthenticator);
        world.Commit(world[0]);
        world.AssertTalk();
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void A_member_with_a_pending_Commit_of_its_own_is_removed(CipherSuite suite, bool restarts, WireFormat format)
    {
        using World world = Of(suite, restarts, format).WithMembers(3);
        Client removed = world[2];
        removed.Commit(new CommitOptions { Proposals = [World.RemoveOf(world[0])] });
        world.Commit(world[0], World.RemoveOf(removed));
        Assert.True(removed.Group.IsRemoved);
        Assert.Null(removed.Group.Pending);
        world.AssertTalk();
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void A_member_is_removed_and_added_again_in_one_Commit(CipherSuite suite, bool restarts, WireFormat format)
    {
        using World world = Of(suite, restarts, format).WithMembers(3);
        Client again = world[1];
        byte[] late = again.Send("late");
        Proposal remove = World.RemoveOf(again);
        world.Commit(world[0], World.AddOf(again), remove);
        Assert.Equal(3, world.Members.Count);
        world.AssertTalk();
        Client reader = world.Members.Find(member => member != again && member != world[0])!;
        Assert.Equal("late", reader.Read(late));
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void A_reinitialized_group_sends_nothing_more(CipherSuite suite, bool restarts, WireFormat format)
    {
        using World world = Of(suite, restarts, format).WithMembers(3);
        byte[] last = world[1].Send("last");
        world.Commit(world[0], new Proposal.ReInit("next"u8.ToArray(), ProtocolVersion.Mls10, suite, []));
        foreach (Client member in world.Members)
        {
            Assert.True(member.Group.IsReinitialized);
            Assert.Throws<InvalidOperationException>(() => member.Group.Protect([]));
            Assert.Throws<InvalidOperationException>(() => member.Group.Commit(new CommitOptions(), World.Now));
        }

        Assert.Equal("last", world[2].Read(last));
        MlsMessage more = Forge.Send(world[0], new Content.Application(default), WireFormat.PrivateMessage);
        world[2].Refuses(MlsError.GroupReinitialized, more);
        world[2].Refuses(MlsError.GroupReinitialized, Forge.Commit(world[0], new Commit([], null)));
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void Authenticated_data_and_sender_come_with_a_message(CipherSuite suite, bool restarts, WireFormat format)
    {
        using World world = Of(suite, restarts, format).WithMembers(2);
        byte[] message = world[1].Group.Protect("data"u8, "beside"u8);
        world[1].Save();
        var received = Assert.IsType<Received.Application>(world[0].Receive(message));
        Assert.Equal("data", Encoding.UTF8.GetString(received.Data.Span));
        Assert.Equal("beside", Encoding.UTF8.GetString(received.AuthenticatedData.Span));
        Assert.Equal(world[1].Index, received.Sender);
        Assert.Equal(world[1].Identity.Signer.PublicKey.ToArray(), received.SenderLeaf.SignatureKey.ToArray());
        Assert.Equal(world[0].Group.Epoch, received.Epoch);
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void Exporter_depends_on_label_context_length_and_epoch(CipherSuite suite, bool restarts, WireFormat format)
    {
        using World world = Of(suite, restarts, format).WithMembers(2);
        using Secret first = world[0].Group.Export("a", [], 32);
        using Secret otherLabel = world[0].Group.Export("b", [], 32);
        using Secret otherContext = world[0].Group.Export("a", [1], 32);
        using Secret longer = world[0].Group.Export("a", [], 64);
        world.Commit(world[1]);
        using Secret otherEpoch = world[0].Group.Export("a", [], 32);
        Assert.False(first.AsSpan().SequenceEqual(otherLabel.AsSpan()));
        Assert.False(first.AsSpan().SequenceEqual(otherContext.AsSpan()));
        Assert.False(first.AsSpan().SequenceEqual(longer.AsSpan()[..32]));
        Assert.False(first.AsSpan().SequenceEqual(otherEpoch.AsSpan()));
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void The_latest_Update_and_the_Remove_of_a_leaf_win_over_others(CipherSuite suite, bool restarts, WireFormat format)
    {
        using World world = Of(suite, restarts, format).WithMembers(4);
        world.Propose(world[1].Propose(static group => group.ProposeUpdate()));
        world.Propose(world[1].Propose(static group => group.ProposeUpdate()));
        world.Propose(world[2].Propose(static group => group.ProposeUpdate()));
        world.Propose(world[0].Propose(group => group.Propose(new Proposal.Remove(world[2].Index), World.Now)));
        world.Commit(world[3]);
        Assert.Equal(3, world.Members.Count);
        world.AssertTalk();
        world.Filled().AssertTalk();
    }

    private static World Of(CipherSuite suite, bool restarts, WireFormat format) => new(suite) { Restarts = restarts, HandshakeFormat = format };

    private static MlsError Refusal(Client client, byte[] message)
    {
        Assert.True(MlsMessage.TryDecode(message, out MlsMessage? decoded, out _));
        return Assert.Throws<MlsException>(() => client.Group.Process(decoded, World.Now)).Error;
    }
}

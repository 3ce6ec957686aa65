using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Tests.Groups;

/// <summary>draft-ietf-mls-extensions-09 §6.3: a member removes itself, and whoever commits next carries it out.</summary>
public sealed class SelfRemoveTests : IDisposable
{
    private static readonly Capabilities Capable = World.DefaultCapabilities with { Proposals = [ProposalType.SelfRemove] };

    private readonly World _world = new World(World.DefaultSuite) { HandshakeFormat = WireFormat.PublicMessage, Capabilities = Capable }.WithMembers(5).Filled();

    public void Dispose() => _world.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_member_leaves_and_another_commits_it(bool restarts)
    {
        using World world = new World(World.DefaultSuite) { Capabilities = Capable, Restarts = restarts }.WithMembers(5).Filled();
        Client leaver = world[1];
        byte[] message = leaver.Propose(static group => group.ProposeSelfRemove());
        Assert.True(MlsMessage.TryDecode(message, out MlsMessage? decoded, out _));
        Assert.IsType<MlsMessage.Public>(decoded); // Though the group's handshakes are PrivateMessages.
        world.Propose(message);
        Assert.True(world[0].Group.MustCommitFirst);
        Assert.False(leaver.Group.MustCommitFirst);
        world.Commit(world[3], new CommitOptions { ForcesPath = false });
        Assert.True(leaver.Group.IsRemoved);
        Assert.DoesNotContain(leaver, world.Members);
        world.AssertTalk();
    }

    [Fact]
    public void A_Commit_of_a_SelfRemove_has_a_path()
    {
        ProposalOrRef reference = Received(_world[3]);
        _world[1].Refuses(MlsError.PathMissing, Forge.Commit(_world[0], new Commit([reference], null)));
    }

    [Fact]
    public void A_SelfRemove_is_committed_by_reference_only()
    {
        _world[0].CannotCommit(MlsError.SelfRemoveByValue, new CommitOptions { Proposals = [new Proposal.SelfRemove()] });
        Commit honest = Forge.HonestCommit(_world[0]);
        _world[1].Refuses(MlsError.SelfRemoveByValue, Forge.Commit(_world[0], honest with { Proposals = [new ProposalOrRef.ByValue(new Proposal.SelfRemove())] }));
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_SelfRemove_in_a_PrivateMessage_is_refused()
    {
        var content = new Content.ProposalContent(new Proposal.SelfRemove());
        _world[1].Refuses(MlsError.SelfRemoveNotPublic, Forge.Send(_world[0], content, WireFormat.PrivateMessage));
        _world.AssertUnharmed();
    }

    [Fact]
    public void One_outside_of_the_group_cannot_send_a_SelfRemove()
    {
        using var world = new World(World.DefaultSuite) { HandshakeFormat = WireFormat.PublicMessage, Capabilities = Capable };
        Client server = world.NewClient("server");
        var senders = new ExternalSenders([new ExternalSender(server.Identity.Signer.PublicKey, server.Identity.Credential)]);
        world.WithMembers(3, new Extension(ExtensionType.ExternalSenders, senders.Encode()));
        MlsMessage proposal = Forge.Propose(world[0], new Proposal.SelfRemove(), new Sender.External(0), server.Identity.Signer, []);
        world[1].Refuses(MlsError.SenderNotAllowed, proposal);
        Client stranger = world.NewClient();
        world[1].Refuses(
            MlsError.SenderNotAllowed, Forge.Propose(world[0], new Proposal.SelfRemove(), new Sender.NewMemberProposal(), stranger.Identity.Signer, []));
        Assert.Throws<ArgumentException>(() => ExternalProposals.Create(
            world.Config.Crypto, world.Suite.Id, world.GroupId, world[0].Group.Epoch, 0, new Proposal.SelfRemove(), server.Identity.Signer));
        world.AssertUnharmed();
    }

    [Fact]
    public void The_one_who_leaves_cannot_commit_it()
    {
        ProposalOrRef reference = Received(_world[0]);
        Commit honest = Forge.HonestCommit(_world[0]);
        _world[1].Refuses(MlsError.RemoveOfCommitter, Forge.Commit(_world[0], honest with { Proposals = [reference] }));
    }

    [Fact]
    public void There_is_one_change_of_the_leaf_that_leaves()
    {
        ProposalOrRef reference = Received(_world[3]);
        ProposalOrRef again = Received(_world[3], "again");
        ProposalOrRef update = Receive(_world[3], new Proposal.Update(Forge.UpdateLeaf(_world[3])));
        ProposalOrRef remove = Receive(_world[4], World.RemoveOf(_world[3]));
        foreach (ProposalOrRef other in (ProposalOrRef[])[again, update, remove, new ProposalOrRef.ByValue(World.RemoveOf(_world[3]))])
            _world[1].Refuses(MlsError.DuplicateLeafChange, Forge.Commit(_world[0], new Commit([reference, other], null)));
    }

    [Fact]
    public void All_who_process_the_Commit_support_it_and_those_who_are_removed_need_not()
    {
        Client old = _world.NewClient(capabilities: World.DefaultCapabilities);
        _world.Commit(_world[0], World.AddOf(old));
        Assert.Equal(MlsError.ProposalNotSupported, Assert.Throws<MlsException>(_world[3].Group.ProposeSelfRemove).Error);
        _world[1].Refuses(MlsError.ProposalNotSupported, Forge.Propose(_world[3], new Proposal.SelfRemove()));
        _world.Commit(_world[0], World.RemoveOf(old));
        _world.Propose(_world[3].Propose(static group => group.ProposeSelfRemove()));
        _world.Commit(_world[0], World.AddOf(_world.NewClient(capabilities: World.DefaultCapabilities)));
        _world.AssertTalk();
    }

    [Fact]
    public void One_who_joins_carries_it_out_only_where_all_support_it()
    {
        Client old = _world.NewClient(capabilities: World.DefaultCapabilities);
        _world.Commit(_world[0], World.AddOf(old));
        AssertCannotJoin(MlsError.ProposalNotSupported, Open(Forge.Propose(_world[1], new Proposal.SelfRemove())));
    }

    [Fact]
    public void Members_check_its_tag_and_signature_and_one_who_joins_the_signature_alone()
    {
        PublicMessage leaving = ReceivedByAll(_world[1]);
        PublicMessage untagged = leaving with { MembershipTag = new byte[_world.Suite.HashBytes] };
        _world[2].Refuses(MlsError.MembershipTagInvalid, new MlsMessage.Public(untagged));
        _world[2].Refuses(MlsError.SignatureInvalid, Forge.Propose(_world[1], new Proposal.SelfRemove(), signer: _world[3].Identity.Signer));
        AssertJoins(_world.NewClient(), new ExternalCommitOptions { SelfRemoves = [untagged] }, new LeafIndex(1), leavers: [_world[1]]);
    }

    [Fact]
    public void It_counts_in_its_epoch_alone()
    {
        ProposalOrRef reference = Received(_world[3]);
        MlsMessage late = Forge.Propose(_world[4], new Proposal.SelfRemove());
        _world.Deliver(_world[0], _world[0].Commit(new CommitOptions { IncludesReceivedProposals = false }).Message.ToArray(), null, true);
        _world[1].Refuses(MlsError.WrongEpoch, late);
        Commit honest = Forge.HonestCommit(_world[0]);
        _world[1].Refuses(MlsError.UnknownProposalReference, Forge.Commit(_world[0], honest with { Proposals = [reference] }));
        Assert.Contains(_world[1].Group.Members, member => member.Index == _world[3].Index);
        _world.AssertUnharmed();
    }

    [Fact]
    public void Nothing_is_said_before_it_is_committed()
    {
        _world.Propose(_world[3].Propose(static group => group.ProposeSelfRemove()));
        Assert.Throws<InvalidOperationException>(() => _world[0].Group.Protect("text"u8));
        PendingCommit commit = _world[0].Commit(new CommitOptions { ForcesPath = false }); // Nobody asks for it to be in there.
        Assert.Equal(_world[3].Index, Assert.Single(commit.Staged.Removed).Index);
    }

    [Fact]
    public void A_SelfRemove_has_no_content()
    {
        Assert.Equal(new byte[] { 0, (byte)ProposalType.SelfRemove }, Tls.Encode<Proposal>(new Proposal.SelfRemove()));
    }

    [Fact]
    public void It_is_proposed_once_in_an_epoch()
    {
        byte[] message = _world[3].Propose(static group => group.ProposeSelfRemove());
        Assert.Throws<InvalidOperationException>(_world[3].Group.ProposeSelfRemove);
        _world[3].Receive(message);
        Assert.Throws<InvalidOperationException>(_world[3].Group.ProposeSelfRemove);
        _world.Commit(_world[0]);
        _world[3].Propose(static group => group.ProposeSelfRemove());
    }

    [Fact]
    public void A_Remove_of_our_own_gives_way_to_it()
    {
        Client leaver = _world[3];
        _world.Propose(leaver.Propose(static group => group.ProposeSelfRemove()));
        _world.Commit(_world[0], World.RemoveOf(leaver));
        Assert.True(leaver.Group.IsRemoved);
        _world.AssertTalk();
    }

    [Fact]
    public void One_who_joins_carries_it_out_and_takes_the_leaf_that_becomes_free()
    {
        var options = new ExternalCommitOptions { SelfRemoves = [ReceivedByAll(_world[1]), ReceivedByAll(_world[3])] };
        AssertJoins(_world.NewClient(), options, new LeafIndex(1), leavers: [_world[1], _world[3]]);
    }

    [Fact]
    public void One_who_takes_its_old_leafs_place_carries_out_those_of_others()
    {
        var options = new ExternalCommitOptions { Replaces = _world[2].Index, SelfRemoves = [ReceivedByAll(_world[1])] };
        AssertJoins(_world[2], options, new LeafIndex(1), leavers: [_world[1], _world[2]]);
    }

    [Fact]
    public void One_who_joins_verifies_it_first()
    {
        PublicMessage leaving = ReceivedByAll(_world[1]);
        PublicMessage update = Open(Forge.Propose(_world[1], new Proposal.Update(Forge.UpdateLeaf(_world[1]))));
        PublicMessage forged = Open(Forge.Propose(_world[1], new Proposal.SelfRemove(), signer: _world[2].Identity.Signer));
        PublicMessage ofNobody = Open(Forge.Propose(_world[1], new Proposal.SelfRemove(), new Sender.Member(new LeafIndex(7))));
        AssertCannotJoin(MlsError.WrongGroup, leaving with { Content = leaving.Content with { GroupId = default } });
        AssertCannotJoin(MlsError.WrongEpoch, leaving with { Content = leaving.Content with { Epoch = 1 } });
        AssertCannotJoin(MlsError.ExternalCommitProposalInvalid, update);
        AssertCannotJoin(MlsError.SignatureInvalid, forged);
        AssertCannotJoin(MlsError.SenderNotMember, ofNobody);
        AssertCannotJoin(MlsError.DuplicateLeafChange, leaving, leaving);
    }

    [Fact]
    public void In_an_external_Commit_too_it_stands_by_reference_and_once()
    {
        PublicMessage message = ReceivedByAll(_world[1]);
        ProposalOrRef leaving = ReferenceTo(new AuthenticatedContent(WireFormat.PublicMessage, message.Content, message.Auth));
        AssertJoinRefused(MlsError.SelfRemoveByValue, new ProposalOrRef.ByValue(new Proposal.SelfRemove()));
        AssertJoinRefused(MlsError.DuplicateProposalReference, leaving, leaving);
        AssertJoinRefused(MlsError.DuplicateLeafChange, leaving, new ProposalOrRef.ByValue(World.RemoveOf(_world[1])));
        AssertJoinRefused(MlsError.DuplicateLeafChange, leaving, Receive(_world[1], new Proposal.SelfRemove(), "again", [_world[2]]));
        AssertJoinRefused(MlsError.ExternalCommitProposalInvalid, Receive(_world[4], World.RemoveOf(_world[1]), "", [_world[2]]));
    }

    private void AssertJoins(Client joiner, ExternalCommitOptions options, LeafIndex place, Client[] leavers)
    {
        byte[] commit = joiner.CommitExternally(_world[0].Group.CreateGroupInfo(true), options);
        foreach (Client member in _world.Members)
        {
            var staged = Assert.IsType<Received.Commit>(member.Receive(commit)).Staged;
            Assert.Equal(leavers.Contains(member), member.Group.IsRemoved);
            Assert.Equal(place, staged.Committer);
            Assert.Equal(leavers.Length, staged.Removed.Count);
        }

        _world.Members.RemoveAll(static member => member.Group.IsRemoved);
        _world.Joins(joiner);
        _world.AssertUnharmed();
    }

    private void AssertCannotJoin(MlsError expected, params PublicMessage[] selfRemoves) => Assert.Equal(
        expected,
        Assert.Throws<MlsException>(() => _world.NewClient(capabilities: Capable).CommitExternally(
            _world[0].Group.CreateGroupInfo(true), new ExternalCommitOptions { SelfRemoves = selfRemoves })).Error);

    private void AssertJoinRefused(MlsError expected, params ProposalOrRef[] others) => _world[2].Refuses(
        expected,
        Forge.ExternalCommit(_world.NewClient(), _world[0].Group.CreateGroupInfo(true), commit => commit with { Proposals = [.. commit.Proposals, .. others] }));

    private ProposalOrRef.ByReference Received(Client sender, string data = "") => Receive(sender, new Proposal.SelfRemove(), data);

    private PublicMessage ReceivedByAll(Client sender)
    {
        byte[] message = sender.Propose(static group => group.ProposeSelfRemove());
        _world.Propose(message);
        Assert.True(MlsMessage.TryDecode(message, out MlsMessage? decoded, out _));
        return Open(decoded);
    }

    private static PublicMessage Open(MlsMessage message) => Assert.IsType<MlsMessage.Public>(message).Message;

    /// <summary>A proposal that others receive, the second member if nothing else is said, as a Commit names it.</summary>
    private ProposalOrRef.ByReference Receive(Client sender, Proposal proposal, string data = "", Client[]? receivers = null)
    {
        AuthenticatedContent content = Forge.Sign(
            sender, new Content.ProposalContent(proposal), change: framed => framed with { AuthenticatedData = System.Text.Encoding.ASCII.GetBytes(data) });
        foreach (Client receiver in receivers ?? [_world[1]])
            receiver.Receive(Forge.Seal(sender, content));
        return ReferenceTo(content);
    }

    private ProposalOrRef.ByReference ReferenceTo(AuthenticatedContent content) => new(_world.Suite.RefHash(CryptoSuite.ProposalReferenceLabel, content.Encode()));
}

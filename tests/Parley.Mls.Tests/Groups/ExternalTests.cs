using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Tests.Groups;

/// <summary>RFC 9420 §12.1.8, §12.4.3.2: those who speak to the group from outside, rightly and wrongly.</summary>
public sealed class ExternalTests : IDisposable
{
    private readonly World _world = new World(World.DefaultSuite) { HandshakeFormat = WireFormat.PublicMessage }.WithMembers(5).Filled();

    public static TheoryData<CipherSuite, int> Joins { get; } = new()
    {
        { CipherSuite.X25519Aes128GcmSha256Ed25519, 1 },
        { CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519, 2 },
        { CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519, 4 },
        { CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519, 5 },
        { CipherSuite.P256Aes128GcmSha256P256, 3 },
    };

    public void Dispose() => _world.Dispose();

    [Theory]
    [MemberData(nameof(Joins))]
    public void A_client_joins_by_an_external_Commit(CipherSuite suite, int members)
    {
        foreach (bool restarts in (bool[])[false, true])
        {
            using World world = new World(suite) { Restarts = restarts }.WithMembers(members).Filled();
            var joiner = new ExternalJoiner(world.NewClient(), world[0].Group.CreateGroupInfo(true));
            MlsMessage commit = joiner.Join();
            foreach (Client member in world.Members)
            {
                member.Commit(); // A pending Commit of its own gives way.
                member.Receive(commit);
                Assert.Equal(joiner.EpochAuthenticator, member.Group.EpochAuthenticator);
                Assert.Equal(members + 1, member.Group.MemberCount);
                Assert.Null(member.Group.Pending);
            }
        }
    }

    [Fact]
    public void A_client_that_lost_its_state_takes_the_place_of_its_old_leaf()
    {
        var joiner = new ExternalJoiner(_world[1], _world[0].Group.CreateGroupInfo(true)) { Replaces = _world[1].Index };
        MlsMessage commit = joiner.Join();
        foreach (Client member in (Client[])[_world[0], _world[2], _world[3], _world[4]])
        {
            var staged = Assert.IsType<Received.Commit>(member.Receive(commit)).Staged;
            Assert.True(staged.IsExternal);
            Assert.Equal(new LeafIndex(1), staged.Committer);
            Assert.Equal(joiner.EpochAuthenticator, member.Group.EpochAuthenticator);
        }

        _world[1].Receive(commit);
        Assert.True(_world[1].Group.IsRemoved);
    }

    [Fact]
    public void A_client_that_is_a_member_cannot_join_beside_its_old_leaf() =>
        AssertJoinRefused(MlsError.KeyNotUnique, _world[1], groupInfo => new ExternalJoiner(_world[1], groupInfo));

    [Fact]
    public void A_client_whose_credential_may_not_follow_the_removed_one_is_refused()
    {
        _world.Judge.AcceptsSuccessors = false;
        AssertJoinRefused(MlsError.CredentialNotSuccessor, _world.NewClient(), (client, groupInfo) => new ExternalJoiner(client, groupInfo) { Replaces = new LeafIndex(1) });
        _world.Judge.AcceptsSuccessors = true;
        _world.AssertUnharmed();
    }

    [Fact]
    public void There_is_exactly_one_ExternalInit()
    {
        AssertJoinRefused(MlsError.ExternalInitMissing, static proposals => []);
        AssertJoinRefused(MlsError.ExternalInitMissing, static proposals => [proposals[0], proposals[0]]);
        _world.AssertUnharmed();
    }

    [Fact]
    public void Only_an_ExternalInit_one_Remove_and_psks_may_be_in_an_external_Commit()
    {
        ProposalOrRef ByValue(Proposal proposal) => new ProposalOrRef.ByValue(proposal);
        AssertJoinRefused(MlsError.ExternalCommitProposalInvalid, proposals => [.. proposals, ByValue(World.AddOf(_world.NewClient()))]);
        AssertJoinRefused(MlsError.ExternalCommitProposalInvalid, proposals => [.. proposals, ByValue(new Proposal.GroupContextExtensions([]))]);
        AssertJoinRefused(MlsError.ExternalCommitProposalInvalid, proposals => [.. proposals, ByValue(new Proposal.Update(Forge.UpdateLeaf(_world[2])))]);
        AssertJoinRefused(
            MlsError.ExternalCommitProposalInvalid, proposals => [.. proposals, ByValue(World.RemoveOf(_world[1])), ByValue(World.RemoveOf(_world[2]))]);
        AssertJoinRefused(
            MlsError.ExternalCommitProposalInvalid,
            proposals => [.. proposals, ByValue(new Proposal.ReInit(default, ProtocolVersion.Mls10, World.DefaultSuite, []))]);
        AssertJoinRefused(MlsError.RemoveOfBlankLeaf, proposals => [.. proposals, ByValue(new Proposal.Remove(new LeafIndex(7)))]);
        AssertJoinRefused(
            MlsError.PskNonceInvalid, proposals => [.. proposals, ByValue(new Proposal.PreSharedKey(new PreSharedKeyId.External("x"u8.ToArray(), default)))]);
        _world.AssertUnharmed();
    }

    [Fact]
    public void Nothing_is_named_by_reference_in_an_external_Commit()
    {
        AuthenticatedContent remove = Forge.Sign(_world[0], new Content.ProposalContent(World.RemoveOf(_world[3])));
        _world[2].Receive(Forge.Seal(_world[0], remove));
        byte[] reference = _world.Suite.RefHash(CryptoSuite.ProposalReferenceLabel, remove.Encode());
        AssertJoinRefused(MlsError.ExternalCommitProposalInvalid, proposals => [.. proposals, new ProposalOrRef.ByReference(reference)]);
    }

    [Fact]
    public void An_external_Commit_has_a_path_signed_by_its_leaf()
    {
        AssertJoinRefused(
            MlsError.PathMissing,
            _world.NewClient(),
            static (client, groupInfo) => new ExternalJoiner(client, groupInfo) { ChangesCommit = static commit => commit with { Path = null } });
        AssertJoinRefused(
            MlsError.SignatureInvalid,
            _world.NewClient(),
            (client, groupInfo) => new ExternalJoiner(client, groupInfo) { Signer = _world[1].Identity.Signer });
        _world.AssertUnharmed();
    }

    [Fact]
    public void The_leaf_of_an_external_Commit_is_checked_like_any_other()
    {
        AssertLeafRefused(MlsError.RequiredCapabilityMissing, static leaf => leaf with { Capabilities = leaf.Capabilities with { CipherSuites = [] } });
        AssertLeafRefused(MlsError.CredentialNotInCapabilities, static leaf => leaf with { Capabilities = leaf.Capabilities with { Credentials = [] } });
        AssertLeafRefused(MlsError.LeafSourceInvalid, static leaf => leaf with { Source = new LeafNodeSource.Update() });
        AssertLeafRefused(MlsError.ParentHashInvalid, static leaf => leaf with { Source = new LeafNodeSource.Commit(default) });
        AssertLeafRefused(MlsError.KeyNotUnique, leaf => leaf with { EncryptionKey = _world[3].Epoch().Tree.LeafAt(new LeafIndex(0))!.EncryptionKey });
        _world.Judge.Refused.Add("mallory");
        AssertLeafRefused(MlsError.CredentialInvalid, static leaf => leaf with { Credential = new Credential.Basic("mallory"u8.ToArray()) });
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_joiner_takes_the_leftmost_blank_leaf_and_no_other() =>
        AssertJoinRefused(
            MlsError.LeafSignatureInvalid,
            _world.NewClient(),
            static (client, groupInfo) => new ExternalJoiner(client, groupInfo) { Place = new LeafIndex(6) });

    [Fact]
    public void A_kem_output_that_is_no_valid_key_is_refused()
    {
        foreach (byte[] kemOutput in (byte[][])[[], new byte[32], new byte[33]])
            AssertJoinRefused(MlsError.ExternalInitInvalid, proposals => [new ProposalOrRef.ByValue(new Proposal.ExternalInit(kemOutput))]);
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_joiner_with_an_old_GroupInfo_is_refused()
    {
        byte[] old = _world[0].Group.CreateGroupInfo(true);
        _world.Commit(_world[1]);
        _world[2].Refuses(MlsError.WrongEpoch, new ExternalJoiner(_world.NewClient(), old).Join());
        _world.AssertUnharmed();
    }

    [Fact]
    public void An_external_sender_proposes_and_a_member_commits()
    {
        (World world, Client server) = WithExternalSender();
        using World owned = world;
        Client joiner = world.NewClient();
        Client removed = world[2];
        byte[] add = Propose(server, World.AddOf(joiner), new Sender.External(0));
        byte[] remove = Propose(server, World.RemoveOf(removed), new Sender.External(0));
        world.Propose(add);
        world.Propose(remove);
        world.Commit(world[1]);
        Assert.Contains(joiner, world.Members);
        Assert.DoesNotContain(removed, world.Members);
        world.AssertTalk();
    }

    [Fact]
    public void An_external_sender_must_be_listed_sign_with_its_key_and_propose_what_it_may()
    {
        (World world, Client server) = WithExternalSender();
        using World owned = world;
        Proposal remove = World.RemoveOf(world[2]);
        world[1].Refuses(MlsError.SenderNotAllowed, Propose(server, remove, new Sender.External(1)));
        world[1].Refuses(MlsError.SenderNotAllowed, Propose(server, remove, new Sender.External(uint.MaxValue)));
        world[1].Refuses(MlsError.SignatureInvalid, Propose(world[0], remove, new Sender.External(0)));
        world[1].Refuses(MlsError.SenderNotAllowed, Propose(server, new Proposal.Update(Forge.UpdateLeaf(world[2])), new Sender.External(0)));
        world[1].Refuses(MlsError.SenderNotAllowed, Propose(server, new Proposal.ExternalInit(new byte[32]), new Sender.External(0)));
        world[1].Refuses(MlsError.SenderNotAllowed, Send(server, new Content.CommitContent(new Commit([], null)), new Sender.External(0)));
        byte[] before = Propose(server, remove, new Sender.External(0));
        world.Commit(world[0], new Proposal.GroupContextExtensions([]));
        world[1].Refuses(MlsError.WrongEpoch, before);
        world[1].Refuses(MlsError.SenderNotAllowed, Propose(server, remove, new Sender.External(0)));
        world.AssertUnharmed();
    }

    [Fact]
    public void The_signature_of_one_outside_does_not_cover_the_GroupContext()
    {
        (World world, Client server) = WithExternalSender();
        using World owned = world;
        FramedContent framed = new(world.GroupId, world[0].Group.Epoch, new Sender.External(0), default, new Content.ProposalContent(World.RemoveOf(world[2])));
        byte[] signed = [.. AuthenticatedContent.EncodeToBeSigned(WireFormat.PublicMessage, framed, []), .. world[0].Group.Context.Encode()];
        byte[] signature = server.Identity.Signer.Sign(world.Suite, "FramedContentTBS", signed);
        world[1].Refuses(MlsError.SignatureInvalid, new MlsMessage.Public(new PublicMessage(framed, new FramedContentAuthData(signature, null), null)));
    }

    [Fact]
    public void One_who_proposes_itself_sends_an_Add_signed_with_its_own_key()
    {
        Client joiner = _world.NewClient();
        Client other = _world.NewClient();
        byte[] add = Propose(joiner, World.AddOf(joiner), new Sender.NewMemberProposal());
        _world[1].Refuses(MlsError.SignatureInvalid, Propose(other, World.AddOf(joiner), new Sender.NewMemberProposal()));
        _world[1].Refuses(MlsError.SenderNotAllowed, Propose(joiner, World.RemoveOf(_world[2]), new Sender.NewMemberProposal()));
        _world[1].Refuses(MlsError.SenderNotAllowed, Send(joiner, new Content.CommitContent(new Commit([], null)), new Sender.NewMemberProposal()));
        _world[1].Refuses(MlsError.SenderNotAllowed, Propose(joiner, World.AddOf(joiner), new Sender.NewMemberCommit()));
        _world.Propose(add);
        _world.Commit(_world[1]);
        Assert.Contains(joiner, _world.Members);
        _world.AssertTalk();
    }

    [Fact]
    public void An_external_sender_that_the_application_does_not_believe_is_refused()
    {
        (World world, Client server) = WithExternalSender();
        using World owned = world;
        world.Judge.Refused.Add(server.Name);
        var extension = new Extension(ExtensionType.ExternalSenders, new ExternalSenders([new(server.Identity.Signer.PublicKey, server.Identity.Credential)]).Encode());
        Proposal proposal = new Proposal.GroupContextExtensions([extension]);
        world[0].CannotCommit(MlsError.CredentialInvalid, new CommitOptions { Proposals = [proposal] });
        Commit honest = Forge.HonestCommit(world[0]);
        world[1].Refuses(MlsError.CredentialInvalid, Forge.Commit(world[0], honest with { Proposals = [new ProposalOrRef.ByValue(proposal)] }));
        world.AssertUnharmed();
    }

    private static (World World, Client Server) WithExternalSender()
    {
        var world = new World(World.DefaultSuite) { HandshakeFormat = WireFormat.PublicMessage };
        Client server = world.NewClient("server");
        var senders = new ExternalSenders([new ExternalSender(server.Identity.Signer.PublicKey, server.Identity.Credential)]);
        world.WithMembers(3, new Extension(ExtensionType.ExternalSenders, senders.Encode()));
        return (world, server);
    }

    private static byte[] Propose(Client signer, Proposal proposal, Sender sender) => Send(signer, new Content.ProposalContent(proposal), sender);

    /// <summary>A message from outside of the group, of which the signer is no member.</summary>
    private static byte[] Send(Client signer, Content content, Sender sender)
    {
        World world = signer.World;
        var framed = new FramedContent(world.GroupId, world[0].Group.Epoch, sender, default, content);
        byte[] signature = signer.Identity.Signer.Sign(
            world.Suite, "FramedContentTBS", AuthenticatedContent.EncodeToBeSigned(WireFormat.PublicMessage, framed, world[0].Group.Context.Encode()));
        ReadOnlyMemory<byte>? tag = content is Content.CommitContent ? new byte[world.Suite.HashBytes] : (ReadOnlyMemory<byte>?)null;
        return new MlsMessage.Public(new PublicMessage(framed, new FramedContentAuthData(signature, tag), null)).Encode<MlsMessage>();
    }

    private void AssertJoinRefused(
        MlsError expected, Func<System.Collections.Immutable.ImmutableArray<ProposalOrRef>, System.Collections.Immutable.ImmutableArray<ProposalOrRef>> change) =>
        AssertJoinRefused(expected, _world.NewClient(), (client, groupInfo) => new ExternalJoiner(client, groupInfo) { ChangesProposals = change });

    private void AssertLeafRefused(MlsError expected, Func<LeafNode, LeafNode> change) =>
        AssertJoinRefused(expected, _world.NewClient(), (client, groupInfo) => new ExternalJoiner(client, groupInfo) { ChangesLeaf = change });

    private void AssertJoinRefused(MlsError expected, Client client, Func<byte[], ExternalJoiner> joiner) =>
        AssertJoinRefused(expected, client, (_, groupInfo) => joiner(groupInfo));

    private void AssertJoinRefused(MlsError expected, Client client, Func<Client, byte[], ExternalJoiner> joiner) =>
        _world[2].Refuses(expected, joiner(client, _world[0].Group.CreateGroupInfo(true)).Join());
}

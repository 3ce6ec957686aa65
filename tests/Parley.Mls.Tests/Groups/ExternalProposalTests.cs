using System.Diagnostics.CodeAnalysis;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tests.Vectors;

namespace Parley.Mls.Tests.Groups;

/// <summary>RFC 9420 §12.1.8: those who speak to the group from outside, rightly and wrongly.</summary>
public sealed class ExternalProposalTests : IDisposable
{
    private readonly World _world = new World(World.DefaultSuite) { HandshakeFormat = WireFormat.PublicMessage }.WithMembers(5).Filled();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void An_external_sender_proposes_and_a_member_commits()
    {
        (World world, Client server) = WithExternalSender();
        using World owned = world;
        Client joiner = world.NewClient();
        Client removed = world[2];
        world.Psks.Add("psk"u8, "secret"u8);
        Proposal[] proposals =
        [
            World.AddOf(joiner),
            World.RemoveOf(removed),
            PreSharedKeyProposals.External(world.Suite, "psk"u8),
            new Proposal.GroupContextExtensions([]),
        ];
        foreach (Proposal proposal in proposals)
            world.Propose(ProposeAs(server, proposal));
        world.Commit(world[1]);
        Assert.Contains(joiner, world.Members);
        Assert.DoesNotContain(removed, world.Members);
        Assert.Empty(world[0].Group.Context.Extensions);
        world.AssertTalk();
    }

    [Fact]
    public void An_external_sender_proposes_a_ReInit()
    {
        (World world, Client server) = WithExternalSender();
        using World owned = world;
        world.Propose(ProposeAs(server, new Proposal.ReInit("next"u8.ToArray(), ProtocolVersion.Mls10, World.DefaultSuite, [])));
        world.Commit(world[1]);
        Assert.All(world.Members, static member => Assert.True(member.Group.IsReinitialized));
    }

    [Fact]
    public void An_external_proposal_that_its_receivers_would_refuse_is_not_made()
    {
        (World world, Client server) = WithExternalSender();
        using World owned = world;
        Client joiner = world.NewClient();
        Assert.Throws<ArgumentException>(() => ProposeAs(server, new Proposal.Update(Forge.UpdateLeaf(world[2]))));
        Assert.Throws<ArgumentException>(() => ProposeAs(server, new Proposal.ExternalInit(new byte[32])));
        Assert.Throws<ArgumentException>(() => ProposeItself(joiner, server.Identity.Signer));
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
        byte[] add = ProposeItself(joiner, joiner.Identity.Signer);
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
    public void Who_proposes_itself_is_known_to_one_who_is_in_another_epoch()
    {
        Client joiner = _world.NewClient();
        Client other = _world.NewClient();
        Assert.True(TryVerify(ProposeItself(joiner, joiner.Identity.Signer), out KeyPackage? keyPackage));
        Assert.True(keyPackage.LeafNode.SignatureKey.Span.SequenceEqual(joiner.Identity.Signer.PublicKey.Span));
        Assert.False(TryVerify(Propose(other, World.AddOf(joiner), new Sender.NewMemberProposal()), out _));
        Assert.False(TryVerify(Propose(joiner, World.RemoveOf(_world[2]), new Sender.NewMemberProposal()), out _));

        bool TryVerify(byte[] message, [NotNullWhen(true)] out KeyPackage? keyPackage) =>
            ExternalProposals.TryVerifyAdd(_world.Config.Crypto, _world.Suite.Id, Assert.IsType<MlsMessage.Public>(Suites.Decode<MlsMessage>(message)).Message, out keyPackage);
    }

    [Fact]
    public void One_who_proposes_itself_is_authorized_by_the_application()
    {
        Client joiner = _world.NewClient();
        byte[] add = Propose(joiner, World.AddOf(joiner), new Sender.NewMemberProposal());
        _world.Judge.AcceptsNewcomers = false;
        _world[1].Refuses(MlsError.SenderNotAllowed, add);
        Assert.False(((IAuthenticationService)new Silent()).MayProposeItself(joiner.NewKeyPackage().KeyPackage.LeafNode));
        _world.Judge.AcceptsNewcomers = true;
        Assert.IsType<Received.Proposal>(_world[1].Receive(add));
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

    private static byte[] ProposeAs(Client externalSender, Proposal proposal)
    {
        World world = externalSender.World;
        return ExternalProposals.Create(
            world.Config.Crypto, world.Suite.Id, world.GroupId, world[0].Group.Epoch, 0, proposal, externalSender.Identity.Signer);
    }

    private static byte[] ProposeItself(Client joiner, SignatureKeyPair signer)
    {
        World world = joiner.World;
        return ExternalProposals.Add(world.Config.Crypto, world.GroupId, world[0].Group.Epoch, joiner.NewKeyPackage().KeyPackage, signer);
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

    /// <summary>An application that says no more than it must.</summary>
    private sealed class Silent : IAuthenticationService
    {
        public bool IsValid(LeafNode leaf) => true;

        public bool IsSuccessor(LeafNode current, LeafNode successor) => true;
    }
}

using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Tests.Groups;

/// <summary>RFC 9420 §12.1, §12.2: proposals that break a rule alone or beside others, for the maker of a Commit and for its receivers.</summary>
public sealed class ProposalRuleTests : IDisposable
{
    private const ExtensionType UnknownExtension = (ExtensionType)0xf001;

    private readonly World _world = new World(World.DefaultSuite) { HandshakeFormat = WireFormat.PublicMessage }.WithMembers(5);

    public void Dispose() => _world.Dispose();

    [Fact]
    public void A_Remove_of_a_blank_leaf_or_of_one_beyond_the_tree_is_refused()
    {
        foreach (uint index in (uint[])[5, 7, 8, 1u << 24, 1u << 30, 1u << 31, uint.MaxValue])
        {
            AssertRefused(MlsError.RemoveOfBlankLeaf, new Proposal.Remove(new LeafIndex(index)));
            _world[1].Refuses(MlsError.RemoveOfBlankLeaf, Forge.Propose(_world[0], new Proposal.Remove(new LeafIndex(index))));
        }

        _world.AssertUnharmed();
    }

    [Fact]
    public void A_psk_nonce_of_a_wrong_length_is_refused()
    {
        _world.Psks.Add("id"u8, "shared"u8);
        foreach (int length in (int[])[0, _world.Suite.HashBytes - 1, _world.Suite.HashBytes + 1])
            AssertRefused(MlsError.PskNonceInvalid, new Proposal.PreSharedKey(new PreSharedKeyId.External("id"u8.ToArray(), new byte[length])));
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_psk_for_a_new_group_has_no_place_in_a_Commit()
    {
        foreach (ResumptionPskUsage usage in (ResumptionPskUsage[])[ResumptionPskUsage.ReInit, ResumptionPskUsage.Branch])
            AssertRefused(MlsError.PskUsageInvalid, new Proposal.PreSharedKey(new PreSharedKeyId.Resumption(usage, _world.GroupId, 0, Nonce(1))));
        _world.AssertUnharmed();
    }

    [Fact]
    public void An_unknown_psk_is_refused()
    {
        AssertRefused(MlsError.PskUnknown, new Proposal.PreSharedKey(new PreSharedKeyId.External("nobody's"u8.ToArray(), Nonce(1))));
        AssertRefused(MlsError.PskUnknown, Resumption(_world[0].Group.Epoch + 1));
        AssertRefused(MlsError.PskUnknown, Resumption(0)); // Only the creator was there.
        _world.AssertUnharmed();
    }

    [Fact]
    public void The_same_psk_id_twice_is_refused_and_another_nonce_is_another_id()
    {
        _world.Psks.Add("id"u8, "shared"u8);
        Proposal first = new Proposal.PreSharedKey(new PreSharedKeyId.External("id"u8.ToArray(), Nonce(1)));
        Proposal other = new Proposal.PreSharedKey(new PreSharedKeyId.External("id"u8.ToArray(), Nonce(2)));
        AssertRefused(MlsError.DuplicatePsk, first, first);
        _world.Commit(_world[0], first, other);
        _world.AssertTalk();
    }

    [Fact]
    public void A_ReInit_stands_alone_and_does_not_lower_the_version()
    {
        Proposal reInit = new Proposal.ReInit("next"u8.ToArray(), ProtocolVersion.Mls10, World.DefaultSuite, []);
        Proposal lower = new Proposal.ReInit("next"u8.ToArray(), default, World.DefaultSuite, []);
        AssertRefused(MlsError.ReInitNotAlone, reInit, World.AddOf(_world.NewClient()));
        AssertRefused(MlsError.ReInitNotAlone, reInit, reInit);
        AssertRefused(MlsError.ReInitVersionInvalid, lower);
        _world.AssertUnharmed();
    }

    [Fact]
    public void An_ExternalInit_has_no_place_in_a_members_Commit()
    {
        AssertRefused(MlsError.ExternalInitNotAllowed, new Proposal.ExternalInit(new byte[32]));
        _world[1].Refuses(MlsError.ExternalInitNotAllowed, Forge.Propose(_world[0], new Proposal.ExternalInit(new byte[32])));
        _world.AssertUnharmed();
    }

    [Fact]
    public void An_Update_of_the_committer_is_refused_by_value_and_by_reference()
    {
        Proposal update = new Proposal.Update(Forge.UpdateLeaf(_world[0]));
        AssertRefused(MlsError.UpdateByCommitter, update);
        ProposalOrRef reference = Receive(_world[0], update);
        _world[1].Refuses(MlsError.UpdateByCommitter, Forge.Commit(_world[0], new Commit([reference], null)));
        _world.Commit(_world[2]);
    }

    [Fact]
    public void A_Remove_of_the_committer_is_refused_by_value_and_by_reference()
    {
        AssertRefused(MlsError.RemoveOfCommitter, World.RemoveOf(_world[0]));
        ProposalOrRef reference = Receive(_world[2], World.RemoveOf(_world[0]));
        _world[1].Refuses(MlsError.RemoveOfCommitter, Forge.Commit(_world[0], new Commit([reference], null)));
    }

    [Fact]
    public void Two_changes_of_one_leaf_are_refused()
    {
        AssertRefused(MlsError.DuplicateLeafChange, World.RemoveOf(_world[3]), World.RemoveOf(_world[3]));
        ProposalOrRef update = Receive(_world[3], new Proposal.Update(Forge.UpdateLeaf(_world[3])));
        ProposalOrRef second = Receive(_world[3], new Proposal.Update(Forge.UpdateLeaf(_world[3])));
        ProposalOrRef remove = new ProposalOrRef.ByValue(World.RemoveOf(_world[3]));
        _world[1].Refuses(MlsError.DuplicateLeafChange, Forge.Commit(_world[0], new Commit([update, remove], null)));
        _world[1].Refuses(MlsError.DuplicateLeafChange, Forge.Commit(_world[0], new Commit([update, second], null)));
    }

    [Fact]
    public void A_client_is_added_once_and_only_if_it_is_not_a_member()
    {
        Client joiner = _world.NewClient();
        AssertRefused(MlsError.DuplicateMember, World.AddOf(joiner), World.AddOf(joiner));
        AssertRefused(MlsError.DuplicateMember, World.AddOf(_world[3]));
        _world.AssertUnharmed();
    }

    [Fact]
    public void Two_GroupContextExtensions_are_refused()
    {
        AssertRefused(MlsError.DuplicateGroupContextExtensions, new Proposal.GroupContextExtensions([]), new Proposal.GroupContextExtensions([]));
        _world.AssertUnharmed();
    }

    [Fact]
    public void GroupContext_extensions_must_have_their_place_there_and_decode()
    {
        ExtensionType[] misplaced = [ExtensionType.ApplicationId, ExtensionType.RatchetTree, ExtensionType.ExternalPub, ExtensionType.LastResort];
        foreach (ExtensionType type in misplaced)
            AssertRefused(MlsError.ExtensionMisplaced, new Proposal.GroupContextExtensions([new Extension(type, default)]));
        foreach (ExtensionType type in (ExtensionType[])[ExtensionType.RequiredCapabilities, ExtensionType.ExternalSenders])
            AssertRefused(MlsError.ExtensionMalformed, new Proposal.GroupContextExtensions([new Extension(type, "\u0001"u8.ToArray())]));
        Extension required = new(ExtensionType.RequiredCapabilities, (byte[])[.. new RequiredCapabilities([], [], []).Encode(), 0]);
        Extension senders = new(ExtensionType.ExternalSenders, (byte[])[.. new ExternalSenders([]).Encode(), 0]);
        foreach (Extension longer in (Extension[])[required, senders])
            AssertRefused(MlsError.ExtensionMalformed, new Proposal.GroupContextExtensions([longer]));
        Extension twice = new((ExtensionType)0xf009, default);
        _world[0].CannotCommit(MlsError.Malformed, new CommitOptions { Proposals = [new Proposal.GroupContextExtensions([twice, twice])] });
        _world.AssertUnharmed();
    }

    [Fact]
    public void Extensions_that_a_member_does_not_support_cannot_come_into_force()
    {
        AssertRefused(MlsError.GroupExtensionNotSupported, new Proposal.GroupContextExtensions([new Extension(UnknownExtension, default)]));
        Extension required = new(ExtensionType.RequiredCapabilities, new RequiredCapabilities([UnknownExtension], [], []).Encode());
        AssertRefused(MlsError.RequiredCapabilityMissing, new Proposal.GroupContextExtensions([required]));
        _world.AssertUnharmed();
    }

    [Fact]
    public void Members_that_are_removed_need_not_support_new_extensions_and_those_added_must()
    {
        Capabilities full = World.DefaultCapabilities with { Extensions = [UnknownExtension] };
        using var world = new World(World.DefaultSuite) { HandshakeFormat = WireFormat.PublicMessage };
        Client creator = world.NewClient(capabilities: full);
        creator.Create();
        world.Members.Add(creator);
        world.Commit(creator, World.AddOf(world.NewClient(capabilities: full)), World.AddOf(world.NewClient()));
        Proposal extensions = new Proposal.GroupContextExtensions([new Extension(UnknownExtension, default)]);
        CommitOptions lacking = new() { Proposals = [World.RemoveOf(world[2]), World.AddOf(world.NewClient()), extensions] };
        creator.CannotCommit(MlsError.GroupExtensionNotSupported, lacking);
        world[1].Refuses(
            MlsError.GroupExtensionNotSupported,
            Forge.Commit(creator, honest => honest with { Proposals = [.. lacking.Proposals.Select(static p => new ProposalOrRef.ByValue(p))] }));
        world.Commit(creator, World.RemoveOf(world[2]), extensions);
        Assert.Equal(2, world.Members.Count);
        world.AssertTalk();
    }

    [Fact]
    public void A_reference_must_be_to_a_proposal_of_this_epoch_and_stand_once()
    {
        ProposalOrRef known = Receive(_world[2], World.AddOf(_world.NewClient()));
        ProposalOrRef unknown = new ProposalOrRef.ByReference(new byte[_world.Suite.HashBytes]);
        _world[1].Refuses(MlsError.UnknownProposalReference, Forge.Commit(_world[0], new Commit([unknown], null)));
        _world[1].Refuses(MlsError.DuplicateProposalReference, Forge.Commit(_world[0], new Commit([known, known], null)));
        byte[] commit = _world[4].Commit(new CommitOptions { IncludesReceivedProposals = false }).Message.ToArray();
        _world.Deliver(_world[4], commit, null, true);
        _world[1].Refuses(MlsError.UnknownProposalReference, Forge.Commit(_world[0], new Commit([known], null)));
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_proposal_that_does_not_verify_cannot_be_named()
    {
        AuthenticatedContent forged = Forge.Sign(
            _world[0], new Content.ProposalContent(World.RemoveOf(_world[3])), change: framed => framed with { Sender = new Sender.Member(_world[2].Index) });
        _world[1].Refuses(MlsError.SignatureInvalid, Forge.Seal(_world[0], forged));
        byte[] reference = _world.Suite.RefHash(CryptoSuite.ProposalReferenceLabel, forged.Encode());
        _world[1].Refuses(MlsError.UnknownProposalReference, Forge.Commit(_world[0], new Commit([new ProposalOrRef.ByReference(reference)], null)));
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_Remove_and_an_Add_of_one_client_can_be_committed_by_reference()
    {
        Client again = _world[3];
        _world.Propose(_world[1].Propose(group => group.Propose(new Proposal.Remove(again.Index), World.Now)));
        byte[] add = Encode(Forge.Propose(_world[2], World.AddOf(again)));
        foreach (Client member in _world.Members)
        {
            if (member != _world[2])
                member.Receive(add);
        }

        // The proposer's own copy is not among its own, so another member commits.
        PendingCommit pending = _world[0].Commit();
        foreach (Client member in (Client[])[_world[1], _world[4]])
            member.Receive(pending.Message.ToArray());
        Assert.Equal(2, pending.Staged.Proposals.Count);
        _world[0].Merge();
        Assert.Equal(_world[0].Group.EpochAuthenticator, _world[1].Group.EpochAuthenticator);
        Assert.Equal(_world[0].Group.EpochAuthenticator, _world[4].Group.EpochAuthenticator);
    }

    [Fact]
    public void A_proposal_that_cannot_stand_alone_does_not_stop_the_group()
    {
        byte[] add = Encode(Forge.Propose(_world[2], World.AddOf(_world[3])));
        _world[0].Receive(add);
        _world[1].Receive(add);
        _world[4].Receive(add);
        Assert.Throws<InvalidOperationException>(() => _world[0].Group.Protect([]));
        _world.Commit(_world[0]);
        _world.AssertTalk();
    }

    [Fact]
    public void A_proposal_that_cannot_stand_alone_is_signed_all_the_same()
    {
        Client member = _world[3];
        _world[0].Refuses(MlsError.KeyPackageSignatureInvalid, Forge.Propose(_world[2], new Proposal.Add(Forge.KeyPackage(member, signer: _world[2].Identity.Signer))));
        KeyPackage unsigned = member.NewKeyPackage().KeyPackage;
        unsigned = Forge.KeyPackage(member, change: _ => unsigned with { LeafNode = unsigned.LeafNode with { Signature = new byte[64] } });
        _world[0].Refuses(MlsError.LeafSignatureInvalid, Forge.Propose(_world[2], new Proposal.Add(unsigned)));
        _world.AssertUnharmed();
    }

    [Fact]
    public void Whom_two_members_propose_to_add_is_added_once()
    {
        Client joiner = _world.NewClient();
        _world.Propose(_world[1].Propose(group => group.Propose(new Proposal.Add(joiner.NewKeyPackage().KeyPackage), World.Now)));
        _world.Propose(_world[2].Propose(group => group.Propose(new Proposal.Add(joiner.NewKeyPackage().KeyPackage), World.Now)));
        _world.Propose(_world[3].Propose(group => group.Propose(new Proposal.Add(_world.NewClient().NewKeyPackage().KeyPackage), World.Now)));
        PendingCommit pending = _world[0].Commit();
        Assert.Equal(2, pending.Staged.Added.Count);
        _world[0].Clear();
        pending = _world[0].Commit(new CommitOptions { Proposals = [World.AddOf(joiner)] });
        Assert.Equal(2, pending.Staged.Added.Count);
    }

    [Fact]
    public void A_KeyPackage_that_cannot_be_added_is_not_in_the_way_of_its_owners_next()
    {
        Client joiner = _world.NewClient();
        ReadOnlyMemory<byte> used = _world[3].Group.Members.First(member => member.Index == _world[3].Index).Leaf.EncryptionKey;
        _world[0].Receive(Forge.Propose(_world[1], new Proposal.Add(Forge.KeyPackage(joiner, change: keyPackage => keyPackage with { InitKey = used }))));
        _world[0].Receive(Forge.Propose(_world[2], World.AddOf(joiner)));
        Assert.Single(_world[0].Commit().Staged.Added);
    }

    [Fact]
    public void Proposals_are_kept_up_to_a_bound()
    {
        MlsMessage[] proposals = [.. Enumerable.Range(0, 1025).Select(static i => new byte[] { (byte)(i >> 8), (byte)(i & 0xff) })
            .Select(id => Forge.Propose(_world[0], new Proposal.PreSharedKey(new PreSharedKeyId.External(id, Nonce(1)))))];
        foreach (MlsMessage proposal in proposals.AsSpan(0, 1024))
            _world[1].Receive(proposal);
        _world[1].Refuses(MlsError.UnexpectedMessage, proposals[1024]);
        byte[] commit = _world[0].Commit(new CommitOptions { IncludesReceivedProposals = false }).Message.ToArray();
        _world.Deliver(_world[0], commit, null, true);
        _world.AssertTalk();
    }

    [Fact]
    public void A_staged_Commit_shows_every_proposal_with_its_sender()
    {
        Client joiner = _world.NewClient();
        _world.Propose(_world[2].Propose(static group => group.ProposeUpdate()));
        PendingCommit pending = _world[0].Commit(new CommitOptions { Proposals = [World.AddOf(joiner), World.RemoveOf(_world[4])] });
        Assert.True(MlsMessage.TryDecode(pending.Message.Span, out MlsMessage? message, out _));
        using StagedCommit staged = Assert.IsType<Received.Commit>(_world[1].Group.Process(message, World.Now)).Staged;
        Assert.Equal(_world[0].Index, staged.Committer);
        Assert.Equal(new Sender.Member(_world[2].Index), staged.Proposals.Single(static queued => queued.Proposal is Proposal.Update).Sender);
        Assert.Equal(new Sender.Member(_world[0].Index), staged.Proposals.Single(static queued => queued.Proposal is Proposal.Add).Sender);
        Assert.Equal(new LeafIndex(4), Assert.Single(staged.Removed).Index);
        Assert.Equal(new LeafIndex(4), Assert.Single(staged.Added).Index);
        Assert.Equal(new LeafIndex(2), Assert.Single(staged.Updated).Index);
        Assert.False(staged.IsExternal || staged.IsReInit || staged.RemovesSelf);
    }

    private static byte[] Encode(MlsMessage message) => message.Encode();

    private static Proposal.PreSharedKey Resumption(World world, ulong epoch) =>
        new(new PreSharedKeyId.Resumption(ResumptionPskUsage.Application, world.GroupId, epoch, Enumerable.Repeat((byte)3, world.Suite.HashBytes).ToArray()));

    private Proposal.PreSharedKey Resumption(ulong epoch) => Resumption(_world, epoch);

    private byte[] Nonce(byte value) => [.. Enumerable.Repeat(value, _world.Suite.HashBytes)];

    /// <summary>The first member cannot make such a Commit, and another refuses it.</summary>
    private void AssertRefused(MlsError expected, params Proposal[] proposals)
    {
        if (expected != MlsError.PskUnknown)
            _world[0].CannotCommit(expected, new CommitOptions { Proposals = proposals });
        Commit honest = Forge.HonestCommit(_world[0]);
        _world[1].Refuses(expected, Forge.Commit(_world[0], honest with { Proposals = [.. proposals.Select(static p => new ProposalOrRef.ByValue(p))] }));
    }

    /// <summary>A proposal that the second member receives, as a Commit names it.</summary>
    private ProposalOrRef.ByReference Receive(Client sender, Proposal proposal)
    {
        AuthenticatedContent content = Forge.Sign(sender, new Content.ProposalContent(proposal));
        _world[1].Receive(Forge.Seal(sender, content));
        return new ProposalOrRef.ByReference(_world.Suite.RefHash(CryptoSuite.ProposalReferenceLabel, content.Encode()));
    }
}

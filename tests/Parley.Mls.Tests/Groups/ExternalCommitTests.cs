using System.Collections.Immutable;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Tests.Groups;

/// <summary>RFC 9420 §12.4.3.2: those who join by a Commit of their own, rightly and wrongly.</summary>
public sealed class ExternalCommitTests : IDisposable
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
            Client joiner = world.NewClient();
            byte[] commit = joiner.CommitExternally(world[0].Group.CreateGroupInfo(true));
            foreach (Client member in world.Members)
            {
                member.Commit(); // A pending Commit of its own gives way.
                member.Receive(commit);
                Assert.Null(member.Group.Pending);
            }

            world.Joins(joiner);
            world.AssertUnharmed();
            world.Commit(joiner, World.RemoveOf(world[0]));
            world.AssertTalk();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_client_that_lost_its_state_takes_the_place_of_its_old_leaf(bool restarts)
    {
        using World world = new World(World.DefaultSuite) { Restarts = restarts }.WithMembers(5).Filled();
        Client lost = world[1];
        byte[] commit = lost.CommitExternally(world[0].Group.CreateGroupInfo(true), new ExternalCommitOptions { Replaces = lost.Index });
        foreach (Client member in (Client[])[world[0], world[2], world[3], world[4]])
        {
            var staged = Assert.IsType<Received.Commit>(member.Receive(commit)).Staged;
            Assert.True(staged.IsExternal);
            Assert.Equal(new LeafIndex(1), staged.Committer);
            Assert.Equal(new LeafIndex(1), Assert.Single(staged.Removed).Index);
        }

        lost.Receive(commit);
        Assert.True(lost.Group.IsRemoved);
        world.Members.Remove(lost);
        world.Joins(lost);
        world.AssertUnharmed();
    }

    [Fact]
    public void A_client_joins_with_a_tree_from_elsewhere_and_with_psks()
    {
        _world.Psks.Add("psk"u8, "secret"u8);
        Client joiner = _world.NewClient();
        var options = new ExternalCommitOptions
        {
            PreSharedKeys = [PreSharedKeyProposals.External(_world.Suite, "psk"u8)],
            AuthenticatedData = "beside"u8.ToArray(),
        };
        byte[] commit = joiner.CommitExternally(_world[0].Group.CreateGroupInfo(false), options, _world[0].Group.ExportRatchetTree());
        foreach (Client member in _world.Members)
            Assert.Single(Assert.IsType<Received.Commit>(member.Receive(commit)).Staged.Proposals, static queued => queued.Proposal is Proposal.PreSharedKey);
        _world.Joins(joiner);
        _world.AssertUnharmed();
    }

    [Fact]
    public void An_external_Commit_that_lost_the_race_is_made_again()
    {
        Client joiner = _world.NewClient();
        byte[] late = joiner.CommitExternally(_world[0].Group.CreateGroupInfo(true));
        _world.Commit(_world[3]);
        _world[2].Refuses(MlsError.WrongEpoch, late);
        byte[] commit = joiner.CommitExternally(_world[0].Group.CreateGroupInfo(true));
        foreach (Client member in _world.Members)
            member.Receive(commit);
        _world.Joins(joiner);
        _world.AssertUnharmed();
    }

    [Fact]
    public void An_external_Commit_is_joined_once()
    {
        GroupInfo info = Info(_world[0].Group.CreateGroupInfo(true));
        using PendingExternalCommit pending = VerifiedGroupInfo.Verify(_world.Config, info)
            .Commit(_world.NewClient().Identity, new ExternalCommitOptions(), World.Now);
        pending.Join().Dispose();
        Assert.Throws<InvalidOperationException>(pending.Join);
        Assert.Throws<InvalidOperationException>(pending.Serialize);
    }

    [Fact]
    public void A_client_that_is_a_member_cannot_join_beside_its_old_leaf()
    {
        CannotJoin(MlsError.KeyNotUnique, _world[1], _world[0].Group.CreateGroupInfo(true));
        Client member = _world[1];
        AssertJoinRefused(
            MlsError.KeyNotUnique,
            commit => commit with { Path = commit.Path! with { LeafNode = Resigned(member, commit.Path!.LeafNode with { SignatureKey = member.Identity.Signer.PublicKey }) } },
            signer: member.Identity.Signer);
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_client_whose_credential_may_not_follow_the_removed_one_is_refused()
    {
        Client joiner = _world.NewClient();
        byte[] groupInfo = _world[0].Group.CreateGroupInfo(true);
        var options = new ExternalCommitOptions { Replaces = new LeafIndex(1) };
        byte[] commit = joiner.CommitExternally(groupInfo, options);
        _world.Judge.AcceptsSuccessors = false;
        _world[2].Refuses(MlsError.CredentialNotSuccessor, commit);
        CannotJoin(MlsError.CredentialNotSuccessor, joiner, groupInfo, options);
        _world.Judge.AcceptsSuccessors = true;
        _world.AssertUnharmed();
    }

    [Fact]
    public void An_external_Commit_that_its_receivers_would_refuse_is_not_made()
    {
        byte[] groupInfo = _world[0].Group.CreateGroupInfo(true);
        Client joiner = _world.NewClient();
        CannotJoin(MlsError.RemoveOfBlankLeaf, joiner, groupInfo, new ExternalCommitOptions { Replaces = new LeafIndex(7) });
        var unknownPsk = new ExternalCommitOptions { PreSharedKeys = [PreSharedKeyProposals.External(_world.Suite, "unknown"u8)] };
        CannotJoin(MlsError.PskUnknown, joiner, groupInfo, unknownPsk);
        var misused = new Proposal.PreSharedKey(new PreSharedKeyId.External("short"u8.ToArray(), new byte[8]));
        CannotJoin(MlsError.PskNonceInvalid, joiner, groupInfo, new ExternalCommitOptions { PreSharedKeys = [misused] });
        CannotJoin(MlsError.RequiredCapabilityMissing, _world.NewClient(capabilities: World.DefaultCapabilities with { CipherSuites = [] }), groupInfo);
        _world.Judge.Refused.Add(joiner.Name);
        CannotJoin(MlsError.CredentialInvalid, joiner, groupInfo);
    }

    [Fact]
    public void There_is_exactly_one_ExternalInit()
    {
        AssertProposalsRefused(MlsError.ExternalInitMissing, static proposals => []);
        AssertProposalsRefused(MlsError.ExternalInitMissing, static proposals => [proposals[0], proposals[0]]);
        _world.AssertUnharmed();
    }

    [Fact]
    public void Only_an_ExternalInit_one_Remove_and_psks_may_be_in_an_external_Commit()
    {
        ProposalOrRef ByValue(Proposal proposal) => new ProposalOrRef.ByValue(proposal);
        AssertProposalsRefused(MlsError.ExternalCommitProposalInvalid, proposals => [.. proposals, ByValue(World.AddOf(_world.NewClient()))]);
        AssertProposalsRefused(MlsError.ExternalCommitProposalInvalid, proposals => [.. proposals, ByValue(new Proposal.GroupContextExtensions([]))]);
        AssertProposalsRefused(MlsError.ExternalCommitProposalInvalid, proposals => [.. proposals, ByValue(new Proposal.Update(Forge.UpdateLeaf(_world[2])))]);
        AssertProposalsRefused(
            MlsError.ExternalCommitProposalInvalid, proposals => [.. proposals, ByValue(World.RemoveOf(_world[1])), ByValue(World.RemoveOf(_world[2]))]);
        AssertProposalsRefused(
            MlsError.ExternalCommitProposalInvalid,
            proposals => [.. proposals, ByValue(new Proposal.ReInit(default, ProtocolVersion.Mls10, World.DefaultSuite, []))]);
        AssertProposalsRefused(MlsError.RemoveOfBlankLeaf, proposals => [.. proposals, ByValue(new Proposal.Remove(new LeafIndex(7)))]);
        AssertProposalsRefused(
            MlsError.PskNonceInvalid, proposals => [.. proposals, ByValue(new Proposal.PreSharedKey(new PreSharedKeyId.External("x"u8.ToArray(), default)))]);
        _world.AssertUnharmed();
    }

    [Fact]
    public void Nothing_is_named_by_reference_in_an_external_Commit()
    {
        AuthenticatedContent remove = Forge.Sign(_world[0], new Content.ProposalContent(World.RemoveOf(_world[3])));
        _world[2].Receive(Forge.Seal(_world[0], remove));
        byte[] reference = _world.Suite.RefHash(CryptoSuite.ProposalReferenceLabel, remove.Encode());
        AssertProposalsRefused(MlsError.ExternalCommitProposalInvalid, proposals => [.. proposals, new ProposalOrRef.ByReference(reference)]);
    }

    [Fact]
    public void An_external_Commit_has_a_path_signed_by_its_leaf()
    {
        AssertJoinRefused(MlsError.PathMissing, static commit => commit with { Path = null });
        AssertJoinRefused(MlsError.SignatureInvalid, static commit => commit, _world[1].Identity.Signer);
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
            (joiner, commit) => commit with { Path = commit.Path! with { LeafNode = Forge.Resign(joiner, commit.Path!.LeafNode, _world.GroupId, new LeafIndex(6)) } });

    [Fact]
    public void A_kem_output_that_is_no_valid_key_is_refused()
    {
        foreach (byte[] kemOutput in (byte[][])[[], new byte[32], new byte[33]])
            AssertProposalsRefused(MlsError.ExternalInitInvalid, proposals => [new ProposalOrRef.ByValue(new Proposal.ExternalInit(kemOutput))]);
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_GroupInfo_is_verified_before_it_is_used()
    {
        GroupInfo info = Info(_world[0].Group.CreateGroupInfo(true));
        GroupInfo withoutTree = Info(_world[0].Group.CreateGroupInfo(false));
        RatchetTreeExtension tree = _world[0].Group.ExportRatchetTree();
        AssertNotVerified(MlsError.GroupInfoSignatureInvalid, info with { ConfirmationTag = new byte[32] });
        AssertNotVerified(MlsError.GroupInfoSignatureInvalid, Signed(info with { Signer = new LeafIndex(1) }));
        AssertNotVerified(MlsError.GroupInfoSignatureInvalid, Signed(info with { Signer = new LeafIndex(6) }));
        AssertNotVerified(MlsError.ExternalPubMissing, Signed(info with { Extensions = [.. info.Extensions.Where(static extension => extension.Type != ExtensionType.ExternalPub)] }));
        Extension pub = info.Extensions.Find(ExtensionType.ExternalPub)!;
        Extension longer = pub with { Data = (byte[])[.. pub.Data.Span, 0] };
        AssertNotVerified(MlsError.ExtensionMalformed, Signed(info with { Extensions = info.Extensions.Replace(pub, longer) }));
        AssertNotVerified(MlsError.RatchetTreeMissing, withoutTree);
        AssertNotVerified(MlsError.TreeHashMismatch, Signed(info with { GroupContext = info.GroupContext with { TreeHash = new byte[32] } }));
        AssertNotVerified(MlsError.UnsupportedCipherSuite, Signed(info with { GroupContext = info.GroupContext with { CipherSuite = (CipherSuite)0x0A0A } }));
        AssertNotVerified(MlsError.ExtensionMisplaced, Signed(info with { GroupContext = info.GroupContext with { Extensions = [new Extension(ExtensionType.LastResort, default)] } }));
        _world.Commit(_world[1]);
        AssertNotVerified(MlsError.TreeHashMismatch, withoutTree, _world[0].Group.ExportRatchetTree());
        Assert.Equal(5, VerifiedGroupInfo.Verify(_world.Config, withoutTree, tree).Members.Count);
    }

    [Fact]
    public void An_external_key_that_nobody_can_encrypt_to_is_refused()
    {
        GroupInfo info = Info(_world[0].Group.CreateGroupInfo(true));
        Extension pub = new(ExtensionType.ExternalPub, new ExternalPub(new byte[32]).Encode());
        GroupInfo changed = Signed(info with { Extensions = [.. info.Extensions.Where(static extension => extension.Type != ExtensionType.ExternalPub), pub] });
        VerifiedGroupInfo verified = VerifiedGroupInfo.Verify(_world.Config, changed);
        MlsError refused = Assert.Throws<MlsException>(() => verified.Commit(_world.NewClient().Identity, new ExternalCommitOptions(), World.Now)).Error;
        Assert.Equal(MlsError.HpkeKeyInvalid, refused);
    }

    [Fact]
    public void A_joiner_with_an_old_GroupInfo_is_refused()
    {
        byte[] old = _world[0].Group.CreateGroupInfo(true);
        _world.Commit(_world[1]);
        _world[2].Refuses(MlsError.WrongEpoch, _world.NewClient().CommitExternally(old));
        _world.AssertUnharmed();
    }

    private void AssertProposalsRefused(MlsError expected, Func<ImmutableArray<ProposalOrRef>, ImmutableArray<ProposalOrRef>> change) =>
        AssertJoinRefused(expected, commit => commit with { Proposals = change(commit.Proposals) });

    private void AssertLeafRefused(MlsError expected, Func<LeafNode, LeafNode> change) => AssertJoinRefused(
        expected, (joiner, commit) => commit with { Path = commit.Path! with { LeafNode = Resigned(joiner, change(commit.Path!.LeafNode)) } });

    private void AssertJoinRefused(MlsError expected, Func<Commit, Commit> change, SignatureKeyPair? signer = null) =>
        AssertJoinRefused(expected, (_, commit) => change(commit), signer);

    private void AssertJoinRefused(MlsError expected, Func<Client, Commit, Commit> change, SignatureKeyPair? signer = null)
    {
        Client joiner = _world.NewClient();
        _world[2].Refuses(expected, Forge.ExternalCommit(joiner, _world[0].Group.CreateGroupInfo(true), commit => change(joiner, commit), signer: signer));
    }

    /// <summary>A leaf signed again for the place that a joiner of five members takes.</summary>
    private LeafNode Resigned(Client signer, LeafNode leaf) => Forge.Resign(signer, leaf, _world.GroupId, new LeafIndex(5));

    private static void CannotJoin(MlsError expected, Client joiner, byte[] groupInfo, ExternalCommitOptions? options = null) =>
        Assert.Equal(expected, Assert.Throws<MlsException>(() => joiner.CommitExternally(groupInfo, options)).Error);

    private void AssertNotVerified(MlsError expected, GroupInfo info, RatchetTreeExtension? tree = null) =>
        Assert.Equal(expected, Assert.Throws<MlsException>(() => VerifiedGroupInfo.Verify(_world.Config, info, tree)).Error);

    private GroupInfo Signed(GroupInfo info) => info with { Signature = _world[0].Identity.Signer.Sign(_world.Suite, "GroupInfoTBS", info.EncodeToBeSigned()) };

    private static GroupInfo Info(byte[] groupInfo)
    {
        Assert.True(MlsMessage.TryDecode(groupInfo, out MlsMessage? decoded, out _));
        return Assert.IsType<MlsMessage.GroupInfo>(decoded).Message;
    }
}

using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Tests.Groups;

/// <summary>RFC 9420 §7.3, §10.1: leaves and KeyPackages that break one rule, in each place where they may come in.</summary>
public sealed class LeafRuleTests : IDisposable
{
    private const ExtensionType UnknownExtension = (ExtensionType)0xf001;

    private readonly World _world = new World(World.DefaultSuite) { HandshakeFormat = WireFormat.PublicMessage }.WithMembers(4).Filled();

    public static TheoryData<string, MlsError> BrokenLeaves { get; } = new()
    {
        { "signature", MlsError.LeafSignatureInvalid },
        { "credential", MlsError.CredentialNotInCapabilities },
        { "version", MlsError.RequiredCapabilityMissing },
        { "suite", MlsError.RequiredCapabilityMissing },
        { "unlisted extension", MlsError.LeafExtensionInvalid },
        { "ratchet_tree", MlsError.LeafExtensionInvalid },
        { "required_capabilities", MlsError.LeafExtensionInvalid },
        { "external_pub", MlsError.LeafExtensionInvalid },
        { "external_senders", MlsError.LeafExtensionInvalid },
        { "longer application_id", MlsError.ExtensionMalformed },
        { "empty application_id", MlsError.ExtensionMalformed },
    };

    public void Dispose() => _world.Dispose();

    [Theory]
    [MemberData(nameof(BrokenLeaves))]
    public void A_broken_leaf_in_an_Add_is_refused(string what, MlsError expected)
    {
        Client joiner = _world.NewClient();
        KeyPackage keyPackage = Forge.KeyPackage(joiner, leaf => Break(leaf, what));
        if (what == "signature")
            keyPackage = Forge.KeyPackage(joiner, change: static package => package with { LeafNode = Flip(package.LeafNode) });
        AssertAddRefused(keyPackage, expected);
    }

    [Theory]
    [MemberData(nameof(BrokenLeaves))]
    public void A_broken_leaf_in_an_Update_is_refused(string what, MlsError expected)
    {
        LeafNode leaf = Forge.UpdateLeaf(_world[0], update => Break(update, what));
        AssertUpdateRefused(what == "signature" ? Flip(leaf) : leaf, expected);
    }

    [Theory]
    [MemberData(nameof(BrokenLeaves))]
    public void A_broken_leaf_in_a_path_is_refused(string what, MlsError expected)
    {
        MlsMessage commit = what == "signature"
            ? Forge.Commit(_world[0], static honest => honest with { Path = honest.Path! with { LeafNode = Flip(honest.Path.LeafNode) } })
            : Forge.CommitWithLeaf(_world[0], leaf => Break(leaf, what));
        _world[1].Refuses(expected, commit);
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_leaf_signed_for_another_group_or_place_is_refused()
    {
        LeafNode leaf = Forge.UpdateLeaf(_world[0]);
        AssertUpdateRefused(Forge.Resign(_world[0], leaf, "another group"u8.ToArray(), _world[0].Index), MlsError.LeafSignatureInvalid);
        AssertUpdateRefused(Forge.Resign(_world[0], leaf, _world.GroupId, new LeafIndex(3)), MlsError.LeafSignatureInvalid);
        MlsMessage commit = Forge.Commit(_world[0], honest => honest with
        {
            Path = honest.Path! with { LeafNode = Forge.Resign(_world[0], honest.Path.LeafNode, _world.GroupId, new LeafIndex(1)) },
        });
        _world[1].Refuses(MlsError.LeafSignatureInvalid, commit);
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_leaf_of_another_source_than_its_place_demands_is_refused()
    {
        LeafNodeSource[] sources = [new LeafNodeSource.KeyPackage(new Lifetime(0, ulong.MaxValue)), new LeafNodeSource.Update(), new LeafNodeSource.Commit(default)];
        Client joiner = _world.NewClient();
        foreach (LeafNodeSource source in sources)
        {
            if (source is not LeafNodeSource.KeyPackage)
                AssertAddRefused(Forge.KeyPackage(joiner, leaf => leaf with { Source = source }), MlsError.LeafSourceInvalid);
            if (source is not LeafNodeSource.Update)
                AssertUpdateRefused(Forge.UpdateLeaf(_world[0], leaf => leaf with { Source = source }), MlsError.LeafSourceInvalid);
            if (source is not LeafNodeSource.Commit)
                _world[1].Refuses(MlsError.LeafSourceInvalid, Forge.CommitWithLeaf(_world[0], leaf => leaf with { Source = source }));
        }

        _world.AssertUnharmed();
    }

    [Fact]
    public void A_new_leaf_with_the_old_encryption_key_is_refused()
    {
        ReadOnlyMemory<byte> old = _world[0].Epoch().Tree.LeafAt(_world[0].Index)!.EncryptionKey;
        AssertUpdateRefused(Forge.UpdateLeaf(_world[0], leaf => leaf with { EncryptionKey = old }), MlsError.EncryptionKeyNotChanged);
        _world[1].Refuses(MlsError.EncryptionKeyNotChanged, Forge.CommitWithLeaf(_world[0], leaf => leaf with { EncryptionKey = old }));
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_leaf_with_the_keys_of_another_member_is_refused()
    {
        LeafNode other = _world[2].Epoch().Tree.LeafAt(_world[2].Index)!;
        ReadOnlyMemory<byte> parentKey = _world[0].Epoch().Tree.EncryptionKeyAt(new Parley.Mls.Tree.NodeIndex(5))!.Value;
        Client joiner = _world.NewClient();
        AssertAddRefused(Forge.KeyPackage(joiner, leaf => leaf with { EncryptionKey = other.EncryptionKey }), MlsError.KeyNotUnique);
        AssertAddRefused(Forge.KeyPackage(joiner, leaf => leaf with { EncryptionKey = parentKey }), MlsError.KeyNotUnique);
        AssertAddRefused(_world[2].NewKeyPackage().KeyPackage, MlsError.DuplicateMember);
        AssertUpdateRefused(Forge.UpdateLeaf(_world[0], leaf => leaf with { EncryptionKey = other.EncryptionKey }), MlsError.KeyNotUnique);
        LeafNode borrowed = Forge.UpdateLeaf(_world[0], leaf => leaf with { SignatureKey = other.SignatureKey });
        borrowed = Forge.Resign(_world[2], borrowed, _world.GroupId, _world[0].Index);
        AssertUpdateRefused(borrowed, MlsError.KeyNotUnique);
        _world[1].Refuses(MlsError.KeyNotUnique, Forge.CommitWithLeaf(_world[0], leaf => leaf with { EncryptionKey = other.EncryptionKey }));
        _world.AssertUnharmed();
    }

    // RFC 9420 §12.3 has Updates and Removes applied in any order, and §12.2 judges the tree that results.
    [Theory]
    [InlineData("removed")]
    [InlineData("updated before")]
    [InlineData("updated after")]
    public void A_key_of_a_leaf_that_goes_in_the_same_Commit_may_be_taken_by_an_Update(string other)
    {
        ReadOnlyMemory<byte> taken = _world[2].Epoch().Tree.LeafAt(_world[2].Index)!.EncryptionKey;
        MlsMessage taking = Forge.Propose(_world[0], new Proposal.Update(Forge.UpdateLeaf(_world[0], leaf => leaf with { EncryptionKey = taken })));
        Proposal leaving = other == "removed" ? World.RemoveOf(_world[2]) : new Proposal.Update(Forge.UpdateLeaf(_world[2]));
        MlsMessage going = Forge.Propose(_world[2], leaving);
        foreach (MlsMessage proposal in (MlsMessage[])(other == "updated before" ? [going, taking] : [taking, going]))
        {
            _world[1].Receive(proposal);
            _world[3].Receive(proposal);
        }

        PendingCommit commit = _world[1].Commit();
        Assert.Equal(2, commit.Staged.Proposals.Count);
        _world[3].Receive(commit.Message.ToArray());
        _world[1].Merge();
        Assert.Equal(_world[1].Group.EpochAuthenticator, _world[3].Group.EpochAuthenticator);
    }

    [Fact]
    public void Keys_of_two_Adds_must_differ_in_every_combination()
    {
        Client first = _world.NewClient();
        Client second = _world.NewClient();
        KeyPackage package = Forge.KeyPackage(first);
        KeyPackage sameInit = Forge.KeyPackage(second, change: other => other with { InitKey = package.InitKey });
        KeyPackage sameLeafKey = Forge.KeyPackage(second, leaf => leaf with { EncryptionKey = package.LeafNode.EncryptionKey });
        KeyPackage initIsLeafKey = Forge.KeyPackage(second, change: other => other with { InitKey = package.LeafNode.EncryptionKey });
        KeyPackage leafKeyIsInit = Forge.KeyPackage(second, leaf => leaf with { EncryptionKey = package.InitKey });
        foreach (KeyPackage other in (KeyPackage[])[sameInit, sameLeafKey, initIsLeafKey, leafKeyIsInit])
            _world[1].Refuses(MlsError.KeyNotUnique, Forge.Commit(_world[0], new Proposal.Add(package), new Proposal.Add(other)));
        _world[1].Refuses(MlsError.DuplicateMember, Forge.Commit(_world[0], new Proposal.Add(package), new Proposal.Add(Forge.KeyPackage(first))));
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_credential_type_that_some_member_does_not_support_is_refused()
    {
        var capabilities = World.DefaultCapabilities with { Credentials = [CredentialType.Basic, CredentialType.X509] };
        using var authority = new CertificateAuthority();
        Client joiner = _world.NewClient(capabilities: capabilities, certify: signer => authority.Issue(CertificateAuthority.Ed25519(signer.PublicKey)));
        AssertAddRefused(Forge.KeyPackage(joiner), MlsError.CredentialNotSupportedByGroup);
        Client onlyX509 = _world.NewClient(
            capabilities: capabilities with { Credentials = [CredentialType.X509] },
            certify: signer => authority.Issue(CertificateAuthority.Ed25519(signer.PublicKey)));
        AssertAddRefused(Forge.KeyPackage(onlyX509), MlsError.CredentialNotSupportedByGroup);
        LeafNode Changed(LeafNode leaf) => leaf with { Capabilities = capabilities, Credential = authority.Issue(CertificateAuthority.Ed25519(leaf.SignatureKey)) };
        AssertUpdateRefused(Forge.UpdateLeaf(_world[0], Changed), MlsError.CredentialNotSupportedByGroup);
        _world[1].Refuses(MlsError.CredentialNotSupportedByGroup, Forge.CommitWithLeaf(_world[0], Changed));
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_credential_that_the_application_refuses_is_refused_everywhere()
    {
        _world.Judge.Refused.Add("mallory");
        Client joiner = _world.NewClient("mallory");
        AssertAddRefused(Forge.KeyPackage(joiner), MlsError.CredentialInvalid);
        var credential = new Credential.Basic("mallory"u8.ToArray());
        AssertUpdateRefused(Forge.UpdateLeaf(_world[0], leaf => leaf with { Credential = credential }), MlsError.CredentialInvalid);
        _world[1].Refuses(MlsError.CredentialInvalid, Forge.CommitWithLeaf(_world[0], leaf => leaf with { Credential = credential }));
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_credential_that_may_not_follow_the_old_one_is_refused()
    {
        _world.Judge.AcceptsSuccessors = false;
        _world[1].Refuses(MlsError.CredentialNotSuccessor, Forge.Propose(_world[0], new Proposal.Update(Forge.UpdateLeaf(_world[0]))));
        _world[1].Refuses(MlsError.CredentialNotSuccessor, Forge.CommitWithLeaf(_world[0], static leaf => leaf));
        _world.Judge.AcceptsSuccessors = true;
        _world.AssertUnharmed();
    }

    [Fact]
    public void A_member_whose_credential_has_expired_is_heard_and_may_replace_it()
    {
        // RFC 9420 §5.3.2: only a new credential is judged, not the one that it replaces or that a message was sent under.
        Client expired = _world[2];
        _world.Judge.Refused.Add(expired.Name);
        Assert.Equal("text", _world[1].Read(expired.Send("text")));
        var credential = new Credential.Basic("renewed"u8.ToArray());
        _world[1].Receive(Forge.Propose(expired, new Proposal.Update(Forge.UpdateLeaf(expired, leaf => leaf with { Credential = credential }))));
        _world[1].Refuses(MlsError.CredentialInvalid, Forge.CommitWithLeaf(expired, static leaf => leaf));
        _world[0].Receive(Forge.CommitWithLeaf(expired, leaf => leaf with { Credential = credential }));
        Assert.Equal(credential.Identity.ToArray(), Assert.IsType<Credential.Basic>(_world[0].Group.Members.ElementAt(2).Leaf.Credential).Identity.ToArray());
    }

    [Fact]
    public void A_KeyPackages_own_extensions_are_listed_by_its_leaf_and_otherwise_ignored()
    {
        Client joiner = _world.NewClient();
        Extension[] extensions = [new(UnknownExtension, "x"u8.ToArray()), new((ExtensionType)0x0a0a, "grease"u8.ToArray())];
        AssertAddRefused(Forge.KeyPackage(joiner, change: package => package with { Extensions = [.. extensions] }), MlsError.LeafExtensionInvalid);
        Client listing = _world.NewClient(capabilities: World.DefaultCapabilities with { Extensions = [UnknownExtension, (ExtensionType)0x0a0a] });
        _world.Commit(_world[0], new Proposal.Add(listing.NewKeyPackage(null, extensions).KeyPackage));
        _world.AssertTalk();
    }

    [Fact]
    public void A_listed_extension_and_unknown_and_GREASE_capabilities_are_accepted()
    {
        Capabilities capabilities = World.DefaultCapabilities with
        {
            Versions = [(ProtocolVersion)0x0a0a, ProtocolVersion.Mls10],
            CipherSuites = [(CipherSuite)0x0a0a, .. World.DefaultCapabilities.CipherSuites],
            Extensions = [UnknownExtension, (ExtensionType)0x0a0a],
            Proposals = [(ProposalType)0x0a0a, (ProposalType)0xf002],
            Credentials = [CredentialType.Basic, (CredentialType)0x0a0a],
        };
        Extension[] listed = [new(UnknownExtension, "x"u8.ToArray()), new(ExtensionType.ApplicationId, "\u0001x"u8.ToArray())];
        Client joiner = _world.NewClient(capabilities: capabilities, extensions: [.. listed]);
        _world.Commit(_world[0], World.AddOf(joiner));
        _world.Commit(joiner);
        _world.AssertTalk();
    }

    [Fact]
    public void A_lifetime_is_checked_to_the_second()
    {
        ulong now = (ulong)World.Now.ToUnixTimeSeconds();
        ulong longest = (ulong)TimeSpan.FromDays(366).TotalSeconds;
        Client joiner = _world.NewClient();
        foreach (Lifetime lifetime in (Lifetime[])[new(now - 10, now - 1), new(now + 1, now + 10), new(now, now + longest + 1), new(0, ulong.MaxValue), new(now, now - 1)])
            AssertAddRefused(joiner.NewKeyPackage(lifetime).KeyPackage, MlsError.LifetimeInvalid);
        foreach (Lifetime lifetime in (Lifetime[])[new(now - 10, now), new(now, now + 10), new(now, now + longest)])
            _world.Commit(_world[0], new Proposal.Add(_world.NewClient().NewKeyPackage(lifetime).KeyPackage));
        _world.AssertTalk();
    }

    [Fact]
    public void A_KeyPackage_that_breaks_a_rule_is_refused()
    {
        Client joiner = _world.NewClient();
        Client other = _world.NewClient();
        AssertAddRefused(
            Forge.KeyPackage(joiner, change: static package => package with { CipherSuite = CipherSuite.X25519Aes128GcmSha256Ed25519 }),
            MlsError.KeyPackageSuiteMismatch);
        AssertAddRefused(Forge.KeyPackage(joiner, signer: other.Identity.Signer), MlsError.KeyPackageSignatureInvalid);
        AssertAddRefused(Forge.KeyPackage(joiner) with { Signature = default }, MlsError.KeyPackageSignatureInvalid);
        AssertAddRefused(Forge.KeyPackage(joiner, change: static package => package with { InitKey = package.LeafNode.EncryptionKey }), MlsError.InitKeyReused);
        foreach (ExtensionType misplaced in (ExtensionType[])[ExtensionType.RatchetTree, ExtensionType.RequiredCapabilities, ExtensionType.ExternalSenders])
        {
            AssertAddRefused(
                Forge.KeyPackage(joiner, change: package => package with { Extensions = [new Extension(misplaced, default)] }), MlsError.ExtensionMisplaced);
        }
    }

    [Fact]
    public void A_key_that_nobody_can_encrypt_to_is_refused()
    {
        Client joiner = _world.NewClient();
        foreach (byte[] key in (byte[][])[[], new byte[31], new byte[32], new byte[33]])
        {
            AssertAddRefused(Forge.KeyPackage(joiner, leaf => leaf with { EncryptionKey = key }), MlsError.HpkeKeyInvalid);
            AssertAddRefused(Forge.KeyPackage(joiner, change: package => package with { InitKey = key }), MlsError.HpkeKeyInvalid);
            AssertUpdateRefused(Forge.UpdateLeaf(_world[0], leaf => leaf with { EncryptionKey = key }), MlsError.HpkeKeyInvalid);
            _world[1].Refuses(MlsError.HpkeKeyInvalid, Forge.CommitWithLeaf(_world[0], leaf => leaf with { EncryptionKey = key }));
        }

        _world.AssertUnharmed();
    }

    [Fact]
    public void Required_capabilities_are_demanded_of_each_kind()
    {
        var required = new RequiredCapabilities([UnknownExtension], [(ProposalType)0xf002], [CredentialType.Basic, CredentialType.X509]);
        Capabilities full = World.DefaultCapabilities with
        {
            Extensions = [UnknownExtension],
            Proposals = [(ProposalType)0xf002],
            Credentials = [CredentialType.Basic, CredentialType.X509],
        };
        using var world = new World(World.DefaultSuite) { HandshakeFormat = WireFormat.PublicMessage };
        Client creator = world.NewClient(capabilities: full);
        creator.Create(new Extension(ExtensionType.RequiredCapabilities, required.Encode()));
        world.Members.Add(creator);
        Client second = world.NewClient(capabilities: full);
        world.Commit(creator, World.AddOf(second));
        Capabilities[] lacking = [full with { Extensions = [] }, full with { Proposals = [] }, full with { Credentials = [CredentialType.Basic] }];
        foreach (Capabilities capabilities in lacking)
        {
            Client joiner = world.NewClient(capabilities: capabilities);
            second.Refuses(MlsError.RequiredCapabilityMissing, Forge.Commit(creator, new Proposal.Add(Forge.KeyPackage(joiner))));
            second.Refuses(MlsError.RequiredCapabilityMissing, Forge.CommitWithLeaf(creator, leaf => leaf with { Capabilities = capabilities }));
            creator.CannotCommit(MlsError.RequiredCapabilityMissing, new CommitOptions { Proposals = [World.AddOf(joiner)] });
        }

        world.AssertUnharmed();
    }

    [Fact]
    public void A_leaf_must_support_every_extension_of_the_group()
    {
        using var world = new World(World.DefaultSuite) { HandshakeFormat = WireFormat.PublicMessage };
        Capabilities full = World.DefaultCapabilities with { Extensions = [UnknownExtension] };
        Client creator = world.NewClient(capabilities: full);
        creator.Create(new Extension(UnknownExtension, default));
        world.Members.Add(creator);
        Client second = world.NewClient(capabilities: full);
        world.Commit(creator, World.AddOf(second));
        Client joiner = world.NewClient();
        second.Refuses(MlsError.GroupExtensionNotSupported, Forge.Commit(creator, new Proposal.Add(Forge.KeyPackage(joiner))));
        second.Refuses(
            MlsError.GroupExtensionNotSupported, Forge.CommitWithLeaf(creator, static leaf => leaf with { Capabilities = World.DefaultCapabilities }));
        world.AssertUnharmed();
    }

    [Fact]
    public void A_group_cannot_be_made_with_what_its_creator_does_not_support()
    {
        Client creator = _world.NewClient();
        Assert.Throws<ArgumentException>(() => creator.Create(new Extension(UnknownExtension, default)));
        Assert.Throws<ArgumentException>(() => creator.Create(new Extension(ExtensionType.RatchetTree, default)));
        Assert.Throws<ArgumentException>(() => creator.Create(new Extension(ExtensionType.RequiredCapabilities, "x"u8.ToArray())));
    }

    private static LeafNode Break(LeafNode leaf, string what) => what switch
    {
        "signature" => leaf,
        "credential" => leaf with { Capabilities = leaf.Capabilities with { Credentials = [CredentialType.X509] } },
        "version" => leaf with { Capabilities = leaf.Capabilities with { Versions = [(ProtocolVersion)2] } },
        "suite" => leaf with { Capabilities = leaf.Capabilities with { CipherSuites = [CipherSuite.P256Aes128GcmSha256P256] } },
        "unlisted extension" => With(leaf, UnknownExtension),
        "ratchet_tree" => With(leaf, ExtensionType.RatchetTree),
        "required_capabilities" => With(leaf, ExtensionType.RequiredCapabilities),
        "external_pub" => With(leaf, ExtensionType.ExternalPub),
        "external_senders" => With(leaf, ExtensionType.ExternalSenders),
        "longer application_id" => leaf with { Extensions = [new Extension(ExtensionType.ApplicationId, "\u0001xx"u8.ToArray())] },
        "empty application_id" => With(leaf, ExtensionType.ApplicationId),
        _ => throw new ArgumentOutOfRangeException(nameof(what)),
    };

    private static LeafNode With(LeafNode leaf, ExtensionType type) => leaf with { Extensions = [new Extension(type, default)] };

    private static LeafNode Flip(LeafNode leaf)
    {
        byte[] signature = leaf.Signature.ToArray();
        signature[^1] ^= 1;
        return leaf with { Signature = signature };
    }

    private void AssertAddRefused(KeyPackage keyPackage, MlsError expected)
    {
        _world[1].Refuses(expected, Forge.Commit(_world[0], new Proposal.Add(keyPackage)));
        _world[1].CannotCommit(expected, new CommitOptions { Proposals = [new Proposal.Add(keyPackage)] });
    }

    /// <summary>The Update comes in as a proposal, if it is not refused already, and is then committed by reference.</summary>
    private void AssertUpdateRefused(LeafNode leaf, MlsError expected)
    {
        AuthenticatedContent proposal = Forge.Sign(_world[0], new Content.ProposalContent(new Proposal.Update(leaf)));
        MlsMessage message = Forge.Seal(_world[0], proposal);
        Commit honest = Forge.HonestCommit(_world[3]);
        MlsError? atOnce = null;
        try
        {
            _world[1].Receive(message);
        }
        catch (MlsException refused)
        {
            atOnce = refused.Error;
        }

        if (atOnce is not null)
        {
            Assert.Equal(expected, atOnce);
            _world[1].Refuses(expected, message);
            return;
        }

        byte[] reference = _world.Suite.RefHash(CryptoSuite.ProposalReferenceLabel, proposal.Encode());
        _world[1].Refuses(expected, Forge.Commit(_world[3], honest with { Proposals = [new ProposalOrRef.ByReference(reference)] }));
    }
}

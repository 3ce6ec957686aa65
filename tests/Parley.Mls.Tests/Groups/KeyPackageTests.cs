using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Tests.Groups;

/// <summary>RFC 9420 §7.3, §10, §16.8: KeyPackages that are kept, and that run out.</summary>
public sealed class KeyPackageTests : IDisposable
{
    private readonly World _world = new World(World.DefaultSuite)
    {
        HandshakeFormat = WireFormat.PublicMessage,
        Capabilities = World.DefaultCapabilities with { Extensions = [ExtensionType.AppDataDictionary, ExtensionType.LastResort] },
    }.WithMembers(3);

    public void Dispose() => _world.Dispose();

    [Fact]
    public void A_KeyPackage_of_last_resort_says_so_in_the_form_of_this_draft_or_of_earlier_ones()
    {
        Client client = _world.NewClient();
        Extension other = AppDataDictionary.Empty.With((ComponentId)0x8001, default).ToExtension();
        Assert.True(client.NewKeyPackage(null, KeyPackage.LastResort).IsLastResort);
        Assert.True(client.NewKeyPackage(null, new Extension(ExtensionType.LastResort, default)).IsLastResort);
        Assert.False(client.NewKeyPackage(null, other).IsLastResort);
        Assert.False(client.NewKeyPackage().IsLastResort);
        using KeyPackageBundle restored = KeyPackageBundle.Restore(_world.Suite.Provider, client.NewKeyPackage(null, KeyPackage.LastResort).Serialize());
        Assert.True(restored.IsLastResort);
    }

    [Fact]
    public void A_KeyPackage_of_last_resort_joins_more_than_one_group()
    {
        using World another = new World(World.DefaultSuite).WithMembers(2);
        Client client = _world.NewClient();
        KeyPackageBundle bundle = client.NewKeyPackage(null, KeyPackage.LastResort);
        foreach (World world in (World[])[_world, another])
        {
            PendingCommit pending = world[0].Commit(new CommitOptions { Proposals = [new Proposal.Add(bundle.KeyPackage)] });
            Assert.True(MlsMessage.TryDecode(pending.Welcome!.Value.Span, out MlsMessage? welcome, out _));
            using StagedWelcome staged = StagedWelcome.Stage(world.Config, client.Identity, Assert.IsType<MlsMessage.Welcome>(welcome).Message, bundle);
            using Group joined = staged.Join();
            world[0].Merge();
            Assert.Equal(world[0].Group.EpochAuthenticator, joined.EpochAuthenticator);
        }
    }

    [Fact]
    public void A_KeyPackage_is_made_with_what_its_owner_supports()
    {
        Client client = _world.NewClient(capabilities: World.DefaultCapabilities);
        Assert.Throws<ArgumentException>(() => client.NewKeyPackage(null, KeyPackage.LastResort));
        Assert.Throws<ArgumentException>(() => client.NewKeyPackage(null, new Extension(ExtensionType.ExternalPub, default)));
    }

    [Fact]
    public void An_identity_is_made_for_a_suite_with_no_more_than_it_needs()
    {
        var credential = new Credential.Basic("ada"u8.ToArray());
        LeafIdentity identity = LeafIdentity.Create(_world.Suite.Provider, CipherSuite.P256Aes128GcmSha256P256, credential);
        using SignatureKeyPair signer = identity.Signer;
        Assert.Equal(65, signer.PublicKey.Length);
        Assert.Equal([CipherSuite.P256Aes128GcmSha256P256], identity.Capabilities.CipherSuites);
        Assert.Equal([CredentialType.Basic], identity.Capabilities.Credentials);
        Assert.Throws<ArgumentException>(() => LeafIdentity.Create(_world.Suite.Provider, (CipherSuite)0x0a0a, credential));
    }

    [Fact]
    public void What_has_run_out_is_not_sent()
    {
        ulong now = (ulong)World.Now.ToUnixTimeSeconds();
        DateTimeOffset later = World.Now.AddSeconds(11);
        KeyPackage keyPackage = _world.NewClient().NewKeyPackage(new Lifetime(now, now + 10)).KeyPackage;
        Group group = _world[0].Group;
        Assert.Equal(MlsError.LifetimeInvalid, Assert.Throws<MlsException>(() => group.Propose(new Proposal.Add(keyPackage), later)).Error);
        var options = new CommitOptions { Proposals = [new Proposal.Add(keyPackage)] };
        Assert.Equal(MlsError.LifetimeInvalid, Assert.Throws<MlsException>(() => group.Commit(options, later)).Error);
        _world.Propose(_world[1].Propose(member => member.Propose(new Proposal.Add(keyPackage), World.Now)));
        Assert.Empty(group.Commit(new CommitOptions(), later).Staged.Proposals);
    }
}

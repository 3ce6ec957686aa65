using System.Text;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Tests.Groups;

/// <summary>RFC 9420 §5.3.1, §7.3: a member changes its signature key and credential, by an Update and by a Commit.</summary>
public sealed class IdentityTests
{
    public static TheoryData<CipherSuite, bool, WireFormat> Worlds => ScenarioTests.Worlds;

    [Theory]
    [MemberData(nameof(Worlds))]
    public void A_Commit_changes_the_key_and_credential_of_its_maker(CipherSuite suite, bool restarts, WireFormat format)
    {
        using World world = new World(suite) { Restarts = restarts, HandshakeFormat = format }.WithMembers(4).Filled();
        Client renewed = world[1];
        LeafIdentity former = renewed.Identity;
        LeafIdentity identity = renewed.NewIdentity("renewed");
        PendingCommit pending = renewed.Commit(new CommitOptions { Identity = identity, ForcesPath = false });
        Assert.Equal(former.Signer.PublicKey.ToArray(), renewed.Group.Identity.Signer.PublicKey.ToArray()); // Until it is merged.
        world.Deliver(renewed, pending.Message.ToArray(), null, true);
        AssertInUse(world, renewed, identity);
        Assert.Equal("renewed", NameOf(world[3].Group.Members.Single(member => member.Index == renewed.Index).Leaf));
        world.AssertUnharmed();
        world.Filled().AssertTalk();
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void An_Update_changes_the_key_and_credential_of_its_sender(CipherSuite suite, bool restarts, WireFormat format)
    {
        using World world = new World(suite) { Restarts = restarts, HandshakeFormat = format }.WithMembers(4).Filled();
        Client renewed = world[1];
        LeafIdentity former = renewed.Identity;
        LeafIdentity identity = renewed.NewIdentity("renewed");
        world.Propose(renewed.Propose(group => group.ProposeUpdate(identity)));
        Assert.Equal(former.Signer.PublicKey.ToArray(), renewed.Group.Identity.Signer.PublicKey.ToArray());
        world.Commit(world[2]);
        AssertInUse(world, renewed, identity);
        world.AssertUnharmed();
        world.Filled().AssertTalk();
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void A_Welcome_is_signed_with_the_new_key(CipherSuite suite, bool restarts, WireFormat format)
    {
        using World world = new World(suite) { Restarts = restarts, HandshakeFormat = format }.WithMembers(2);
        Client renewed = world[1];
        LeafIdentity identity = renewed.NewIdentity();
        world.Add(renewed, 2, new CommitOptions { Identity = identity });
        AssertInUse(world, renewed, identity);
        world.AssertUnharmed();
    }

    [Fact]
    public void A_change_of_identity_that_lost_the_race_does_not_happen()
    {
        using World world = new World(World.DefaultSuite).WithMembers(3);
        LeafIdentity former = world[1].Identity;
        world[1].Commit(new CommitOptions { Identity = world[1].NewIdentity() });
        world.Commit(world[2]);
        AssertInUse(world, world[1], former);
        world.Propose(world[1].Propose(group => group.ProposeUpdate(world[1].NewIdentity())));
        world.Commit(world[1]); // Its own Update is not in it.
        AssertInUse(world, world[1], former);
        world.AssertUnharmed();
    }

    [Fact]
    public void A_credential_alone_may_change()
    {
        using World world = new World(World.DefaultSuite).WithMembers(3);
        LeafIdentity identity = world[1].Identity with { Credential = new Credential.Basic("renamed"u8.ToArray()) };
        world.Commit(world[1], new CommitOptions { Identity = identity });
        world[1].Restart();
        AssertInUse(world, world[1], identity);
        world.AssertUnharmed();
    }

    [Fact]
    public void An_identity_that_the_others_would_refuse_is_not_taken_on()
    {
        using World world = new World(World.DefaultSuite).WithMembers(3);
        Client member = world[1];
        AssertRefused(world, MlsError.KeyNotUnique, member.Identity with { Signer = world[2].Identity.Signer });
        AssertRefused(world, MlsError.RequiredCapabilityMissing, member.NewIdentity() with { Capabilities = World.DefaultCapabilities with { CipherSuites = [] } });
        AssertRefused(world, MlsError.CredentialNotInCapabilities, member.NewIdentity() with { Capabilities = World.DefaultCapabilities with { Credentials = [] } });
        world.Judge.Refused.Add("mallory");
        AssertRefused(world, MlsError.CredentialInvalid, member.NewIdentity("mallory"));
        world.Judge.AcceptsSuccessors = false;
        AssertRefused(world, MlsError.CredentialNotSuccessor, member.NewIdentity("other"));
        world.Judge.AcceptsSuccessors = true;
        world.AssertUnharmed();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_group_is_not_restored_without_the_keys_that_are_about_to_be_used(bool commits)
    {
        using World world = new World(World.DefaultSuite).WithMembers(3);
        Client member = world[1];
        LeafIdentity former = member.Identity;
        LeafIdentity identity = member.NewIdentity();
        if (commits)
            member.Commit(new CommitOptions { Identity = identity });
        else
            world.Propose(member.Propose(group => group.ProposeUpdate(identity)));
        Assert.Throws<ArgumentException>(() => Group.Restore(member.Config, former, member.Store.Entries));
        Assert.Throws<ArgumentException>(() => Group.Restore(member.Config, identity, member.Store.Entries));
        Group.Restore(member.Config, [identity, former], member.Store.Entries).Dispose();
    }

    private static void AssertInUse(World world, Client client, LeafIdentity identity)
    {
        Assert.Equal(identity.Signer.PublicKey.ToArray(), client.Group.Identity.Signer.PublicKey.ToArray());
        foreach (Client member in world.Members)
        {
            LeafNode leaf = member.Group.Members.Single(candidate => candidate.Index == client.Index).Leaf;
            Assert.Equal(identity.Signer.PublicKey.ToArray(), leaf.SignatureKey.ToArray());
            Assert.Equal(NameOf(identity.Credential), NameOf(leaf));
        }
    }

    private static void AssertRefused(World world, MlsError expected, LeafIdentity identity)
    {
        world[1].CannotCommit(expected, new CommitOptions { Identity = identity });
        Assert.Equal(expected, Assert.Throws<MlsException>(() => world[1].Group.ProposeUpdate(identity)).Error);
        Assert.Empty(world[1].Group.TakeWrites());
    }

    private static string NameOf(LeafNode leaf) => NameOf(leaf.Credential);

    private static string NameOf(Credential credential) => Encoding.UTF8.GetString(((Credential.Basic)credential).Identity.Span);
}

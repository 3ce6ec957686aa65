using System.Collections.Immutable;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Native;

namespace Parley.Mls.Tests.Groups;

/// <summary>RFC 9420 §13.5: values that mean nothing, in all that we send and in nothing that we use.</summary>
public sealed class GreaseTests
{
    [Fact]
    public void A_KeyPackage_has_a_value_in_each_list_that_may_hold_one()
    {
        using var world = new World(World.DefaultSuite) { SendsGrease = true };
        Client client = world.NewClient();
        HashSet<int> seen = [];
        for (int i = 0; i < 100; i++)
        {
            KeyPackage keyPackage = client.NewKeyPackage().KeyPackage;
            Capabilities capabilities = keyPackage.LeafNode.Capabilities;
            ExtensionType type = Assert.Single(keyPackage.LeafNode.Extensions).Type;
            Assert.Equal(type, Assert.Single(keyPackage.Extensions).Type);
            Assert.Equal([type], capabilities.Extensions);
            Assert.Single(capabilities.Proposals);
            ushort[] values =
            [
                (ushort)type,
                (ushort)capabilities.Proposals[0],
                (ushort)Assert.Single(capabilities.CipherSuites.Except(World.DefaultCapabilities.CipherSuites)),
                (ushort)Assert.Single(capabilities.Credentials.Except([CredentialType.Basic])),
            ];
            Assert.All(values, static value => Assert.True(value <= 0xeaea && (value & 0x0f0f) == 0x0a0a && value >> 12 == (value >> 4 & 0xf)));
            seen.UnionWith(values.Select(static value => (int)value));
        }

        Assert.Equal(15, seen.Count);
        Assert.Equal(World.DefaultCapabilities, client.Identity.Capabilities);
    }

    [Fact]
    public void Who_does_not_want_to_sends_none()
    {
        using var world = new World(World.DefaultSuite);
        KeyPackage keyPackage = world.NewClient().NewKeyPackage().KeyPackage;
        Assert.Empty(keyPackage.Extensions);
        Assert.Equal(World.DefaultCapabilities.Encode(), keyPackage.LeafNode.Capabilities.Encode());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_group_works_with_it(bool restarts)
    {
        using World world = new World(World.DefaultSuite) { SendsGrease = true, Restarts = restarts }.WithMembers(4).Filled();
        Client joiner = world.NewClient();
        byte[] groupInfo = world[0].Group.CreateGroupInfo(true);
        Assert.True(MlsMessage.TryDecode(groupInfo, out MlsMessage? message, out _));
        ImmutableArray<Extension> extensions = Assert.IsType<MlsMessage.GroupInfo>(message).Message.Extensions;
        Assert.Single(extensions, static extension => extension.Type is not (ExtensionType.RatchetTree or ExtensionType.ExternalPub));
        byte[] commit = joiner.CommitExternally(groupInfo);
        foreach (Client member in world.Members)
            member.Receive(commit);
        joiner.JoinExternally();
        world.Members.Add(joiner);
        world.Propose(joiner.Propose(static group => group.ProposeUpdate()));
        world.Commit(world[1]);
        world.AssertTalk();

        // A leaf keeps the values it came with: they do not pile up.
        world.Filled();
        Assert.All(world[0].Group.Members, static member => Assert.Single(member.Leaf.Capabilities.Proposals));
        Assert.Empty(world[0].Group.Context.Extensions);
    }

    [Fact]
    public void What_means_nothing_cannot_be_used()
    {
        using World world = new World(World.DefaultSuite).WithMembers(2);
        Proposal proposal = new Proposal.GroupContextExtensions([new Extension((ExtensionType)0x0a0a, default)]);
        world[0].CannotCommit(MlsError.GroupExtensionNotSupported, new CommitOptions { Proposals = [proposal] });
        byte[] used = [0x0a, 0x0a, 0, 0];
        Assert.False(Tls.TryDecode(used, out Proposal? _, out DecodeError error));
        Assert.Equal(DecodeError.UnknownEnumValue, error);
        Assert.False(Tls.TryDecode(used, out Credential? _, out error));
        Assert.Equal(DecodeError.UnknownEnumValue, error);
    }

    [Fact]
    public void It_comes_from_the_injected_randomness()
    {
        Assert.Equal(Made(7), Made(7));
        Assert.NotEqual(Made(7), Made(8));

        static byte[] Made(byte seed)
        {
            var provider = new NativeCryptoProvider(new Counting(seed));
            using var signer = SignatureKeyPair.Generate(provider, SignatureAlgorithm.Ed25519);
            var identity = new LeafIdentity(signer, new Credential.Basic("x"u8.ToArray()), World.DefaultCapabilities, []);
            using KeyPackageBundle bundle = KeyPackageBundle.Create(provider, World.DefaultSuite, identity, new Lifetime(1, 2), []);
            return bundle.KeyPackage.LeafNode.Capabilities.Encode();
        }
    }

    private sealed class Counting(byte seed) : RandomSource
    {
        private uint _state = seed;

        public override void Fill(Span<byte> bytes)
        {
            foreach (ref byte b in bytes)
            {
                _state = unchecked((_state * 1664525) + 1013904223); // A generator for tests: wraps by design.
                b = (byte)(_state >> 24);
            }
        }
    }
}

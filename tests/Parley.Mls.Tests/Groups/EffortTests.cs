using System.Runtime.InteropServices;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tests.Crypto;
using Parley.Mls.Tree;
using Parley.Mls.Validation;

namespace Parley.Mls.Tests.Groups;

/// <summary>What hostile members and strangers can make others work, counted in what the application is asked and in bytes.</summary>
public sealed class EffortTests : IDisposable
{
    private const int Good = 100;

    private readonly World _world = new World(World.DefaultSuite).WithMembers(4);

    public void Dispose() => _world.Dispose();

    [Fact]
    public void Proposals_that_cannot_stand_together_cost_a_committer_little_and_keep_no_others_out()
    {
        for (int i = 0; i < Good; i++)
        {
            _world[0].Receive(Forge.Propose(_world[1], World.AddOf(_world.NewClient())));
            _world[0].Receive(Forge.Propose(_world[2], new Proposal.Add(WithKeyOf(_world[3]))));
        }

        _world[0].Receive(Forge.Propose(_world[2], World.AddOf(_world[3]))); // One who is a member already.
        _world[0].Receive(Forge.Propose(_world[1], World.RemoveOf(_world[2])));
        int before = _world.Judge.Judged;
        PendingCommit commit = _world[0].Commit();

        // Those who can be added are judged once when they are chosen, and once in the Commit.
        Assert.Equal(2 * Good, _world.Judge.Judged - before);
        Assert.Equal(Good, commit.Staged.Added.Count);
        Assert.Single(commit.Staged.Removed);
    }

    [Fact]
    public void What_was_verified_when_it_came_is_not_verified_again_by_who_commits_it_or_follows_the_Commit()
    {
        EffortCounter counter = CountsFor(_world[0]);
        for (int i = 0; i < Good; i++)
            _world[0].Receive(Forge.Propose(_world[1], World.AddOf(_world.NewClient())));
        _world[0].Receive(Forge.Propose(_world[2], new Proposal.Add(WithKeyOf(_world[3])))); // Has no place in the group, so that the others are chosen.
        const int perProposal = 3; // Of the message, the KeyPackage and the leaf.
        Assert.Equal((Good + 1) * perProposal, counter.Verifications);

        _world[0].Commit();
        Assert.Equal((Good + 1) * perProposal, counter.Verifications);
    }

    [Fact]
    public void A_Commit_that_breaks_a_rule_which_can_be_seen_costs_no_signature_but_its_own()
    {
        EffortCounter counter = CountsFor(_world[0]);
        Client[] joiners = [.. Enumerable.Range(0, Good).Select(_ => _world.NewClient())];
        Client former = _world.NewClient(capabilities: World.DefaultCapabilities with { CipherSuites = [CipherSuite.P256Aes128GcmSha256P256] });
        Proposal[] last =
        [
            World.AddOf(joiners[0]), // Who is added already.
            World.AddOf(_world[2]), // Who is a member.
            World.AddOf(former), // Who does not list the suite.
            new Proposal.Add(WithKeyOf(_world[3])),
        ];
        MlsError[] expected = [MlsError.DuplicateMember, MlsError.DuplicateMember, MlsError.RequiredCapabilityMissing, MlsError.KeyNotUnique];
        foreach ((Proposal proposal, MlsError error) in last.Zip(expected))
        {
            ProposalOrRef[] entries = [.. joiners.Select(World.AddOf).Append(proposal).Select(static add => new ProposalOrRef.ByValue(add))];
            int before = counter.Verifications;
            _world[0].Refuses(error, Forge.Commit(_world[1], new Commit([.. entries], null)));
            Assert.Equal(1, counter.Verifications - before);
        }
    }

    [Fact]
    public void A_Commit_holds_so_many_proposals_and_no_more()
    {
        Proposal.PreSharedKey[] many =
            [.. Enumerable.Range(0, MessageLimits.ProposalsMax + 1).Select(_ => PreSharedKeyProposals.External(_world.Suite, "psk"u8))];
        Assert.Throws<ArgumentException>(() => _world[0].Group.Commit(new CommitOptions { Proposals = many }, World.Now));
        _world.Psks.Add("psk"u8, "secret"u8);
        _world[0].Receive(Forge.Propose(_world[1], many[^1]));
        _world[0].Receive(Forge.Propose(_world[1], many[^2]));
        PendingCommit commit = _world[0].Commit(new CommitOptions { Proposals = many[1..^1] }); // One more has no room.
        Assert.Equal(MessageLimits.ProposalsMax, commit.Staged.Proposals.Count);
    }

    [Fact]
    public void A_tree_of_blanks_costs_memory_in_proportion_to_its_bytes()
    {
        byte[] blanks = new byte[MessageLimits.TreeNodesMax];
        var writer = new TlsWriter();
        writer.WriteVector(blanks);
        byte[] encoded = writer.ToArray();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.False(Tls.TryDecode(encoded, out RatchetTreeExtension? _, out DecodeError error));
        Assert.Equal(DecodeError.RatchetTreeInvalid, error);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 48L * encoded.Length);
    }

    [Fact]
    public void A_tree_of_blanks_is_hashed_once_in_all_groups_and_makes_no_nodes()
    {
        var nodes = new Node?[MessageLimits.TreeNodesMax];
        nodes[^1] = new Node.Leaf(_world[0].Group.Members.First().Leaf);
        var extension = new RatchetTreeExtension(ImmutableCollectionsMarshal.AsImmutableArray(nodes));
        RatchetTree.FromExtension(extension).TreeHash(_world.Suite);

        var counter = new EffortCounter(_world.Suite.Provider);
        long before = GC.GetAllocatedBytesForCurrentThread();
        RatchetTree tree = RatchetTree.FromExtension(extension);
        byte[] hash = tree.TreeHash(new CryptoSuite(counter, _world.Suite.Id));
        TreeRules.CheckUnmergedLeaves(tree);
        int changes = tree.ChangesFrom(null).Count();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 65536);
        Assert.Equal(1, changes);
        Assert.True(tree.ToExtension().Nodes.AsSpan().SequenceEqual(nodes));

        // 16 nodes above the leaf, itself, and what is below the blank subtrees that are too small to be kept.
        Assert.InRange(counter.Hashes, 17, 64);
        Assert.Equal(PlainHash(nodes, 16, 0), hash);
    }

    /// <summary>A new client's KeyPackage whose init key is the encryption key of a member, which only shows beside the group's other keys.</summary>
    private KeyPackage WithKeyOf(Client member) => Forge.KeyPackage(
        _world.NewClient(), change: keyPackage => keyPackage with { InitKey = member.Group.Members.First(own => own.Index == member.Index).Leaf.EncryptionKey });

    private EffortCounter CountsFor(Client client)
    {
        var counter = new EffortCounter(_world.Suite.Provider);
        client.Config = _world.ConfigWith(counter);
        client.Restart();
        return counter;
    }

    /// <summary>RFC 9420 §7.8 as it is written.</summary>
    private byte[] PlainHash(Node?[] nodes, int height, uint firstLeaf)
    {
        var writer = new TlsWriter();
        if (height == 0)
        {
            writer.WriteUInt8(Node.LeafType);
            writer.WriteUInt32(firstLeaf);
            writer.WriteOptional((nodes[firstLeaf * 2] as Node.Leaf)?.LeafNode, Tls.WriteStruct);
        }
        else
        {
            writer.WriteUInt8(Node.ParentType);
            writer.WriteUInt8(0);
            writer.WriteVector(PlainHash(nodes, height - 1, firstLeaf));
            writer.WriteVector(PlainHash(nodes, height - 1, firstLeaf + (1u << (height - 1))));
        }

        return _world.Suite.Hash(writer.WrittenSpan);
    }

    private sealed class EffortCounter(ICryptoProvider inner) : ForwardingCryptoProvider(inner)
    {
        private int _verifications;

        public int Verifications => _verifications;

        public int Hashes { get; private set; }

        public override bool Verify(SignatureAlgorithm algorithm, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature)
        {
            Interlocked.Increment(ref _verifications);
            return base.Verify(algorithm, publicKey, content, signature);
        }

        public override void Hash(HashAlgorithm algorithm, ReadOnlySpan<byte> data, Span<byte> digest)
        {
            Hashes++;
            base.Hash(algorithm, data, digest);
        }
    }
}

using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Tests.Crypto;

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
            _world[0].Receive(Forge.Propose(_world[1], World.AddOf(_world.NewClient())));
        for (int i = 0; i < Good; i++)
            _world[0].Receive(Forge.Propose(_world[2], new Proposal.Add(WithKeyOf(_world[3]))));
        _world[0].Receive(Forge.Propose(_world[2], World.AddOf(_world[3]))); // One who is a member already.
        _world[0].Receive(Forge.Propose(_world[1], World.RemoveOf(_world[2])));
        int before = _world.Judge.Judged;
        PendingCommit commit = _world[0].Commit();

        // One by one it would be three quarters of the square of their number, 15,000.
        Assert.InRange(_world.Judge.Judged - before, Good, Group.AppliedProposalsMax + (3 * Good));
        Assert.Equal(Good, commit.Staged.Added.Count);
        Assert.Single(commit.Staged.Removed);
    }

    [Fact]
    public void What_was_verified_when_it_came_is_not_verified_again_by_who_commits_it_or_follows_the_Commit()
    {
        var counter = new VerificationCounter(_world.Suite.Provider);
        _world[0].Config = _world.ConfigWith(counter);
        _world[0].Restart();
        for (int i = 0; i < Good; i++)
            _world[0].Receive(Forge.Propose(_world[1], World.AddOf(_world.NewClient())));
        _world[0].Receive(Forge.Propose(_world[2], new Proposal.Add(WithKeyOf(_world[3])))); // Has no place in the group, so that halves are tried.
        const int perProposal = 3; // Of the message, the KeyPackage and the leaf.
        Assert.Equal((Good + 1) * perProposal, counter.Count);

        _world[0].Commit();
        Assert.Equal((Good + 1) * perProposal, counter.Count);
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

    /// <summary>A new client's KeyPackage whose init key is the encryption key of a member, which only shows beside the group's other keys.</summary>
    private KeyPackage WithKeyOf(Client member) => Forge.KeyPackage(
        _world.NewClient(), change: keyPackage => keyPackage with { InitKey = member.Group.Members.First(own => own.Index == member.Index).Leaf.EncryptionKey });

    private sealed class VerificationCounter(ICryptoProvider inner) : ForwardingCryptoProvider(inner)
    {
        private int _count;

        public int Count => _count;

        public override bool Verify(SignatureAlgorithm algorithm, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature)
        {
            Interlocked.Increment(ref _count);
            return base.Verify(algorithm, publicKey, content, signature);
        }
    }
}

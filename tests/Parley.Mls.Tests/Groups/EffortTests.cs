using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;

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
}

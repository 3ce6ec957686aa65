using Parley.Mls.Groups;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Storage;

namespace Parley.Mls.Tests.Groups;

/// <summary>What operations allocate and store, which, unlike their time, is the same on every machine.</summary>
public sealed class AllocationTests
{
    private const int MessageBytesMax = 1024;
    private const int StructureBytesMax = 1200;
    private static readonly byte[] Payload = new byte[100];

    [Fact]
    public void A_message_of_100_bytes_allocates_at_most_a_kibibyte_to_protect_and_to_unprotect()
    {
        using World world = new World(World.DefaultSuite).WithMembers(3);
        for (int i = 0; i < 3; i++)
            Exchange(world); // The first of an epoch derives its way down the secret tree, and the first of all is compiled.
        (long protect, long unprotect, int stored) = Exchange(world);
        Assert.InRange(protect, 1, MessageBytesMax);
        Assert.InRange(unprotect, 1, MessageBytesMax);
        Assert.InRange(stored, 1, 64);
    }

    [Fact]
    public void A_Commit_in_a_full_tree_allocates_in_proportion_to_the_logarithm()
    {
        // Four times the members are two levels more: about half as much again, and less than twice.
        (long commit, long process) = Commit(members: 8);
        (long commitOfMore, long processOfMore) = Commit(members: 32);
        Assert.InRange(commitOfMore, commit, 2 * commit);
        Assert.InRange(processOfMore, process, 2 * process);
    }

    [Fact]
    public void Joining_allocates_three_times_the_tree_and_the_structures_of_its_members()
    {
        // The Welcome is copied once, opened once, and written to the store. What does not grow with the group is in the smaller one, too.
        const int More = 64;
        (long few, int fewBytes) = Join(members: 8);
        (long many, int manyBytes) = Join(members: 8 + More);
        Assert.InRange(many - few, 1, (3 * (manyBytes - fewBytes)) + (StructureBytesMax * More));
    }

    private static (long Allocated, int WelcomeBytes) Join(int members)
    {
        using World world = new World(World.DefaultSuite) { ThreadsMax = 1 }.WithMembers(members).Filled();
        Client joiner = world.NewClient();
        using KeyPackageBundle bundle = joiner.NewKeyPackage();
        var options = new CommitOptions { Proposals = [new Proposal.Add(bundle.KeyPackage)] };
        ReadOnlyMemory<byte> welcome = world[0].Group.Commit(options, World.Now).Welcome!.Value; // It adds a member.
        long allocated = long.MaxValue;
        for (int i = 0; i < 2; i++)
        {
            long start = GC.GetAllocatedBytesForCurrentThread();
            Assert.True(MlsMessage.TryDecode(welcome.Span, out MlsMessage? message, out _));
            using StagedWelcome staged = StagedWelcome.Stage(world.Config, joiner.Identity, ((MlsMessage.Welcome)message).Message, bundle);
            using Group joined = staged.Join();
            joined.TakeWrites();
            allocated = Math.Min(allocated, GC.GetAllocatedBytesForCurrentThread() - start);
        }

        return (allocated, welcome.Length);
    }

    private static (long Commit, long Process) Commit(int members)
    {
        using World world = new World(World.DefaultSuite) { ThreadsMax = 1 }.WithMembers(members).Filled();
        Group committer = world[0].Group;
        Group other = world.Members[^1].Group;
        long start = GC.GetAllocatedBytesForCurrentThread();
        ReadOnlyMemory<byte> message = committer.Commit(new CommitOptions(), World.Now).Message;
        committer.MergePendingCommit();
        committer.TakeWrites();
        long commit = GC.GetAllocatedBytesForCurrentThread() - start;

        start = GC.GetAllocatedBytesForCurrentThread();
        Assert.True(MlsMessage.TryDecode(message.Span, out MlsMessage? received, out _));
        other.Merge(((Received.Commit)other.Process(received, World.Now)).Staged);
        other.TakeWrites();
        return (commit, GC.GetAllocatedBytesForCurrentThread() - start);
    }

    private static (long Protect, long Unprotect, int Stored) Exchange(World world)
    {
        Group sender = world[0].Group;
        Group receiver = world[1].Group;
        long start = GC.GetAllocatedBytesForCurrentThread();
        byte[] message = sender.Protect(Payload);
        IReadOnlyList<StateWrite> writes = sender.TakeWrites();
        long protect = GC.GetAllocatedBytesForCurrentThread() - start;

        start = GC.GetAllocatedBytesForCurrentThread();
        bool decoded = MlsMessage.TryDecode(message, out MlsMessage? received, out _);
        var application = (Received.Application)receiver.Process(received!, World.Now);
        receiver.TakeWrites();
        long unprotect = GC.GetAllocatedBytesForCurrentThread() - start;

        Assert.True(decoded);
        Assert.Equal(Payload, application.Data.ToArray());
        return (protect, unprotect, BytesOf(writes));
    }

    private static int BytesOf(IReadOnlyList<StateWrite> writes) => writes.Sum(static write => write.Key.Length + (write.Value?.Length ?? 0));
}

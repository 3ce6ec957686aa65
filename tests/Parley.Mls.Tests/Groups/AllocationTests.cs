using Parley.Mls.Groups;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Storage;

namespace Parley.Mls.Tests.Groups;

/// <summary>What operations allocate and store, which, unlike their time, is the same on every machine.</summary>
public sealed class AllocationTests
{
    private const int MessageBytesMax = 1024;
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

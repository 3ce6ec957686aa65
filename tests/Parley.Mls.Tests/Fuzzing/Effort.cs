namespace Parley.Mls.Tests.Fuzzing;

/// <summary>Whatever the bytes, what is done with them costs memory in proportion to them.</summary>
internal static class Effort
{
    /// <summary>Bytes allocated for each byte received, at most.</summary>
    public const int AllocationFactor = 64;

    /// <summary>What the shortest message may cost: keys are derived, and the group has up to sixteen leaves.</summary>
    public const int AllocationBase = 64 * 1024;

    /// <summary>Does something with so many bytes.</summary>
    public static T Bounded<T>(int bytes, Func<T> done)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            return done();
        }
        finally
        {
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.InRange(allocated, 0, AllocationBase + ((long)AllocationFactor * bytes));
        }
    }
}

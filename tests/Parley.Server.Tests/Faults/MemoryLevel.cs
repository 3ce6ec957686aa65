namespace Parley.Server.Tests.Faults;

/// <summary>The memory that this process, and with it the server under test, cannot let go of.</summary>
internal static class MemoryLevel
{
    /// <summary>Returns when no more than this is held.</summary>
    public static async Task ReturnsAsync(long bytesMax)
    {
        long held = 0;
        await Eventually.TrueAsync(
            () =>
            {
                held = GC.GetTotalMemory(forceFullCollection: true);
                return held <= bytesMax;
            },
            () => $"{held:N0} bytes are held, of {bytesMax:N0} at most.");
    }
}

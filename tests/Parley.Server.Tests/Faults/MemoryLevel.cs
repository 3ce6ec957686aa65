using Parley.Server.Tests.Hosting;

namespace Parley.Server.Tests.Faults;

/// <summary>
/// The memory of a server after a fault. One that was killed needs none of this: its successor is a new process, which begins where every
/// other does.
/// </summary>
internal static class MemoryLevel
{
    /// <summary>Returns when a server in a process of its own has no more than this in memory, which it gives back while it goes on working.</summary>
    public static Task ReturnsAsync(ServerProcess server, long bytesMax) =>
        Eventually.TrueAsync(() => server.ResidentBytes <= bytesMax, () => $"{server.ResidentBytes:N0} bytes are in memory, of {bytesMax:N0} at most.");

    /// <summary>Returns when this process, and with it the server under test, can let go of all but so much.</summary>
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

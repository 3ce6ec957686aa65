using System.Globalization;

namespace Parley.Server.Tests.Faults;

/// <summary>
/// That memory returns to its level after a fault: what this process, and with it the server under test, cannot let go of. A server in a
/// process of its own is given so little in all that it ends if something stays behind; and one that was killed is followed by a new
/// process, which has nothing of it.
/// </summary>
internal static class MemoryLevel
{
    private const int Megabyte = 1024 * 1024;

    /// <summary>The variables of a server without limits for its clients, whose memory on .NET's heap is limited.</summary>
    public static Dictionary<string, string> LimitedTo(long megabytes) => new(TestServer.UnlimitedEnvironment(), StringComparer.Ordinal)
    {
        ["DOTNET_GCHeapHardLimit"] = (megabytes * Megabyte).ToString("X", CultureInfo.InvariantCulture),
    };

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

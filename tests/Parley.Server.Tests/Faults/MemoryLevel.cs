using System.Globalization;
using Parley.Server.Tests.Hosting;

namespace Parley.Server.Tests.Faults;

/// <summary>
/// That memory returns to its level after a fault. What is measured is what .NET's heap holds once everything was collected that nobody
/// needs any more, without the holes in between: what a server cannot let go of. It is not what the system has given to the process, of
/// which .NET keeps much for a while, whether it needs it or not. The level is taken when the server runs and its clients have signed in,
/// before anything else happens; when the fault and the load are over, no more may be held than that and what caches need.
///
/// Of a server in this process it is this process's heap, so its test runs beside nothing else. A server in a process of its own is asked
/// by its diagnostics port to collect, and says in its metrics what is left. One that was killed, or has started again, is compared with
/// what the first one held. Where such a server is given only so much memory besides, it ends in the middle of the fault if it needs more.
/// </summary>
internal sealed class MemoryLevel
{
    // The pools of Kestrel and .NET, the caches of Orleans, the statements of database connections.
    private const long SlackBytes = 8 * Megabyte;
    private const long Megabyte = 1024 * 1024;

    private readonly long _bytes;

    private MemoryLevel(long bytes) => _bytes = bytes;

    /// <summary>The variables of a server without limits for its clients, whose memory on .NET's heap is limited.</summary>
    public static Dictionary<string, string> LimitedTo(long megabytes) => new(TestServer.UnlimitedEnvironment(), StringComparer.Ordinal)
    {
        ["DOTNET_GCHeapHardLimit"] = (megabytes * Megabyte).ToString("X", CultureInfo.InvariantCulture),
    };

    public static MemoryLevel OfThisProcess() => new(HeldHere());

    public static async Task<MemoryLevel> OfAsync(ServerProcess process) => new(await process.HeldBytesAsync());

    /// <summary>Returns when this process holds no more than it did.</summary>
    public Task ReturnsAsync() => ReturnsAsync(() => Task.FromResult(HeldHere()));

    /// <summary>Returns when the server, which may be another process by now, holds no more than it did.</summary>
    public Task ReturnsAsync(ServerProcess process) => ReturnsAsync(process.HeldBytesAsync);

    private static long HeldHere() => GC.GetTotalMemory(forceFullCollection: true);

    private async Task ReturnsAsync(Func<Task<long>> measure)
    {
        long held = 0;
        await Eventually.TrueAsync(
            async () => (held = await measure()) <= _bytes + SlackBytes,
            () => $"{held:N0} bytes are held, and {_bytes:N0} were in the beginning.");
        TestContext.Current.SendDiagnosticMessage("{0:N0} bytes are held, and {1:N0} were in the beginning.", held, _bytes);
    }
}

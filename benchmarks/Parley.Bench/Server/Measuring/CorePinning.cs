using System.Diagnostics;
using System.Globalization;

namespace Parley.Bench.Server.Measuring;

/// <summary>The server and its database on the first core and the clients on the second, so that neither is measured in place of the other.</summary>
internal static class CorePinning
{
    /// <summary>The cores that are used and watched.</summary>
    public const int Cores = 2;

    private const string TaskSet = "/usr/bin/taskset";

    private static bool IsPossible => OperatingSystem.IsLinux() && Environment.ProcessorCount >= Cores && File.Exists(TaskSet);

    /// <summary>Pins this process with all its threads. False where that is not possible.</summary>
    public static bool PinClients()
    {
        if (!IsPossible)
            return false;
        var start = new ProcessStartInfo(TaskSet, ["-a", "-c", "-p", "1", Environment.ProcessId.ToString(CultureInfo.InvariantCulture)]) { UseShellExecute = false, RedirectStandardOutput = true };
        using Process pinning = Process.Start(start)!; // A program that cannot be started throws.
        pinning.WaitForExit();
        return pinning.ExitCode == 0;
    }

    /// <summary>How to start a program on the server's core.</summary>
    public static ProcessStartInfo OnServerCore(string program, IEnumerable<string> arguments) => IsPossible
        ? new ProcessStartInfo(TaskSet, ["-c", "0", program, .. arguments]) { UseShellExecute = false }
        : new ProcessStartInfo(program, arguments) { UseShellExecute = false };
}

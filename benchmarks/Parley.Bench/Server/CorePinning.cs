using System.Diagnostics;

namespace Parley.Bench.Server;

/// <summary>The server on the first core and the clients on the second, so that neither is measured in place of the other.</summary>
internal static class CorePinning
{
    private const string TaskSet = "/usr/bin/taskset";

    private static bool IsPossible => OperatingSystem.IsLinux() && Environment.ProcessorCount >= 2 && File.Exists(TaskSet);

    /// <summary>Pins this process. False where that is not possible.</summary>
    public static bool PinClients()
    {
        if (!OperatingSystem.IsLinux() || !IsPossible)
            return false;
        using var self = Process.GetCurrentProcess();
        self.ProcessorAffinity = 0b10;
        return true;
    }

    /// <summary>How to start a program on the server's core.</summary>
    public static ProcessStartInfo OnServerCore(string program, IEnumerable<string> arguments) => IsPossible
        ? new ProcessStartInfo(TaskSet, ["-c", "0", program, .. arguments])
        : new ProcessStartInfo(program, arguments);
}

using System.Diagnostics;
using System.Globalization;

namespace Parley.Bench.Server.Measuring;

/// <summary>
/// What the cores had done at one moment. Between two of them one sees what the server and the clients used, and whether the machine was
/// disturbed: by its host, which took time away (steal), or by programs that have no part in the measurement.
/// </summary>
/// <param name="Timestamp">Of <see cref="Stopwatch"/>.</param>
/// <param name="ServerSeconds">Processor time of the server and its database.</param>
/// <param name="ClientSeconds">Processor time of this process.</param>
/// <param name="OtherSeconds">Time of both cores that went elsewhere: all that was busy or stolen, without server, clients and the kernel's own threads.</param>
internal sealed record MachineSnapshot(long Timestamp, double ServerSeconds, double ClientSeconds, double OtherSeconds)
{
    private const double TicksPerSecond = 100;

    public static MachineSnapshot Take(IReadOnlyList<int> server)
    {
        if (!OperatingSystem.IsLinux())
            return new MachineSnapshot(Stopwatch.GetTimestamp(), 0, 0, 0);
        double[] own = ProcessTimes.Read([Environment.ProcessId, .. server], out double kernel);
        double busy = BusySeconds();

        // The server's processes are this program's children.
        double servers = own.Skip(1).Sum();
        return new MachineSnapshot(Stopwatch.GetTimestamp(), servers, own[0] - servers, busy - own[0] - kernel);
    }

    public double SecondsSince(MachineSnapshot earlier) => Stopwatch.GetElapsedTime(earlier.Timestamp, Timestamp).TotalSeconds;

    /// <summary>The share of the cores' time since then that went elsewhere. Counted in ticks, so that it can fall a little below zero.</summary>
    public double OtherShareSince(MachineSnapshot earlier) => (OtherSeconds - earlier.OtherSeconds) / (SecondsSince(earlier) * CorePinning.Cores);

    // "cpu0 user nice system idle iowait irq softirq steal ...". Interrupts are left out: they are not counted as anybody's time.
    private static double BusySeconds() => File.ReadLines("/proc/stat").Skip(1).Take(CorePinning.Cores)
        .Select(line => line.Split(' ').Skip(1).Select(field => long.Parse(field, CultureInfo.InvariantCulture)).ToArray())
        .Sum(fields => fields[0] + fields[1] + fields[2] + fields[7]) / TicksPerSecond;
}

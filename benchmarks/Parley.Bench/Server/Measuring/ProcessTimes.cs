using System.Globalization;

namespace Parley.Bench.Server.Measuring;

/// <summary>Processor time and memory of processes with all their descendants, from <c>/proc</c>.</summary>
internal static class ProcessTimes
{
    private const int KernelThreads = 2;

    // The unit of /proc, whatever the kernel's own is.
    private const double TicksPerSecond = 100;

    /// <summary>Seconds that each process has used: its own, and those of the children it has waited for.</summary>
    /// <param name="roots">The processes, with all their descendants.</param>
    /// <param name="kernel">What the kernel's own threads have used.</param>
    public static double[] Read(IReadOnlyList<int> roots, out double kernel)
    {
        Dictionary<int, (int Parent, long Ticks)> processes = ReadAll();
        kernel = SecondsOf(processes, KernelThreads);
        return [.. roots.Select(root => SecondsOf(processes, root))];
    }

    /// <summary>Bytes of a process that are in memory.</summary>
    public static long ResidentBytes(int process)
    {
        string[] pages = File.ReadAllText($"/proc/{process}/statm").Split(' ');
        return long.Parse(pages[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;
    }

    private static double SecondsOf(Dictionary<int, (int Parent, long Ticks)> processes, int root) =>
        processes.Where(process => IsBelow(processes, process.Key, root)).Sum(process => process.Value.Ticks) / TicksPerSecond;

    private static bool IsBelow(Dictionary<int, (int Parent, long Ticks)> processes, int process, int root)
    {
        while (process != root)
        {
            if (!processes.TryGetValue(process, out (int Parent, long Ticks) found))
                return false;
            process = found.Parent;
        }

        return true;
    }

    private static Dictionary<int, (int Parent, long Ticks)> ReadAll()
    {
        var processes = new Dictionary<int, (int Parent, long Ticks)>();
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out int process))
                continue;
            try
            {
                // After the name in brackets, which may hold anything: state, parent, ..., utime, stime, cutime, cstime.
                string line = File.ReadAllText(Path.Combine(folder, "stat"));
                string[] fields = line[(line.LastIndexOf(')') + 2)..].Split(' ');
                processes[process] = (int.Parse(fields[1], CultureInfo.InvariantCulture), fields[11..15].Sum(field => long.Parse(field, CultureInfo.InvariantCulture)));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It has ended meanwhile.
            }
        }

        return processes;
    }
}

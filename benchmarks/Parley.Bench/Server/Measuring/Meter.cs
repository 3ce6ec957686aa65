using System.Diagnostics;

namespace Parley.Bench.Server.Measuring;

/// <summary>
/// Measures a load in windows of time: first until the server has settled, because the JIT compiles what is hot anew while it runs; then
/// as many windows as are asked for, without those in which the machine was disturbed.
/// </summary>
/// <param name="processes">The server and its database.</param>
/// <param name="plan">How long and how often.</param>
internal sealed class Meter(IReadOnlyList<int> processes, MeasurePlan plan)
{
    private const double OtherShareMax = 0.04;
    private const double SettledWithin = 0.04;

    // A window is longer where nothing has come in its time.
    private const int EmptyWindowsMax = 50;

    /// <summary>Starts the load and measures it.</summary>
    public async Task<Measurement> MeasureAsync(Load load, CancellationToken cancellationToken)
    {
        var latencies = new Latencies();
        load.Start(latencies);
        await SettleAsync(load, latencies, cancellationToken);

        var good = new List<Window>();
        var disturbed = new List<Window>();
        while (good.Count < plan.Runs && good.Count + disturbed.Count < plan.Runs + plan.RetriesMax)
        {
            Window window = await WindowAsync(load, latencies, cancellationToken);
            (window.OtherShare > OtherShareMax ? disturbed : good).Add(window);
        }

        // Better the least disturbed ones than none: the row says so.
        int missing = plan.Runs - good.Count;
        return new Measurement([.. good, .. disturbed.OrderBy(window => window.OtherShare).Take(missing)], disturbed.Count - missing, missing);
    }

    /// <summary>Returns when two successive windows agree in what an operation costs, which is steadier than how many there are, or time is up.</summary>
    private async Task SettleAsync(Load load, Latencies latencies, CancellationToken cancellationToken)
    {
        double last = 0;
        for (int i = 0; i < plan.SettleWindowsMax; i++)
        {
            double cost = (await WindowAsync(load, latencies, cancellationToken)).CpuUs;
            if (i >= plan.SettleWindowsMin && Math.Abs(cost - last) <= SettledWithin * last)
                return;
            last = cost;
        }
    }

    private async Task<Window> WindowAsync(Load load, Latencies latencies, CancellationToken cancellationToken)
    {
        MachineSnapshot before = MachineSnapshot.Take(processes);
        long started = Stopwatch.GetTimestamp();
        latencies.Reset();
        for (int i = 0; i < EmptyWindowsMax && latencies.Count == 0; i++)
            await load.RunForAsync(plan.Window, cancellationToken);
        double perSecond = latencies.Count / Stopwatch.GetElapsedTime(started).TotalSeconds;
        (double p50, double p99) = (latencies.Percentile(50), latencies.Percentile(99));
        MachineSnapshot after = MachineSnapshot.Take(processes);
        if (perSecond == 0)
            throw new InvalidOperationException("Nothing was delivered.");
        double server = (after.ServerSeconds - before.ServerSeconds) / after.SecondsSince(before);
        double clients = (after.ClientSeconds - before.ClientSeconds) / after.SecondsSince(before);
        return new Window(perSecond, server * 1e6 / perSecond, p50, p99, server * 100, clients * 100, after.OtherShareSince(before));
    }
}

/// <summary>How long and how often to measure.</summary>
/// <param name="Runs">How many windows.</param>
/// <param name="RetriesMax">How many windows in which the machine was disturbed are measured again.</param>
/// <param name="Window">The length of each.</param>
/// <param name="SettleWindowsMin">Windows before the server is believed to have settled.</param>
/// <param name="SettleWindowsMax">Windows after which it is not waited for any longer.</param>
internal sealed record MeasurePlan(int Runs, int RetriesMax, TimeSpan Window, int SettleWindowsMin, int SettleWindowsMax);

/// <summary>One window.</summary>
/// <param name="PerSecond">Operations a second.</param>
/// <param name="CpuUs">Processor time of server and database for each, in microseconds.</param>
/// <param name="P50Us">Half of the operations took at most so long.</param>
/// <param name="P99Us">99 of a hundred took at most so long.</param>
/// <param name="ServerPercent">The share of its core that server and database used.</param>
/// <param name="ClientPercent">The share of its core that the clients used.</param>
/// <param name="OtherShare">The share of both cores that went elsewhere.</param>
internal sealed record Window(double PerSecond, double CpuUs, double P50Us, double P99Us, double ServerPercent, double ClientPercent, double OtherShare);

/// <summary>The windows of one work.</summary>
/// <param name="Windows">Those that count.</param>
/// <param name="Discarded">How many were thrown away, because the machine was disturbed.</param>
/// <param name="Disturbed">How many of those that count were disturbed, too, because there were not enough others.</param>
internal sealed record Measurement(IReadOnlyList<Window> Windows, int Discarded, int Disturbed)
{
    public double Median(Func<Window, double> value) => MedianOf(Windows.Select(value));

    public static double MedianOf(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}

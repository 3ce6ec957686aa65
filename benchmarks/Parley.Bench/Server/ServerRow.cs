using Parley.Bench.Server.Measuring;

namespace Parley.Bench.Server;

/// <summary>What was measured for one work.</summary>
/// <param name="Work">Its name.</param>
/// <param name="System">Of which server.</param>
/// <param name="Database">Where that stored.</param>
/// <param name="Unit">What the figures are.</param>
/// <param name="Target">What they should be.</param>
/// <param name="Median">Of the windows, or of the runs.</param>
/// <param name="Min">The lowest.</param>
/// <param name="Max">The highest.</param>
/// <param name="Runs">How many there were.</param>
internal sealed record ServerRow(string Work, string System, string Database, string Unit, string Target, double Median, double Min, double Max, int Runs)
{
    /// <summary>How many windows were thrown away, because the machine was disturbed.</summary>
    public int Discarded { get; init; }

    /// <summary>How many of those that count were disturbed, too, because there were not enough others.</summary>
    public int Disturbed { get; init; }

    /// <summary>Operations a second.</summary>
    public double? PerSecond { get; init; }

    /// <summary>Processor time of server and database for each operation.</summary>
    public double? CpuUs { get; init; }

    /// <summary>The median of the windows' 50th percentile of the time from sending to receiving.</summary>
    public double? P50Us { get; init; }

    /// <summary>The median of the windows' 99th percentile.</summary>
    public double? P99Us { get; init; }

    /// <summary>The share of its core that server and database used.</summary>
    public double? ServerPercent { get; init; }

    /// <summary>The share of its core that the clients used: near 100, it is they who were measured.</summary>
    public double? ClientPercent { get; init; }

    /// <summary>A row of single figures.</summary>
    public static ServerRow Of(string work, string system, string database, string unit, string target, IReadOnlyCollection<double> values) =>
        new(work, system, database, unit, target, Math.Round(Measurement.MedianOf(values), 1), Math.Round(values.Min(), 1), Math.Round(values.Max(), 1), values.Count);

    /// <summary>A row of one of the windows' figures.</summary>
    public static ServerRow Of(string work, string system, string database, string unit, string target, Measurement measured, Func<Window, double> value) =>
        Of(work, system, database, unit, target, [.. measured.Windows.Select(value)]) with
        {
            Discarded = measured.Discarded,
            Disturbed = measured.Disturbed,
            PerSecond = Math.Round(measured.Median(window => window.PerSecond)),
            CpuUs = Math.Round(measured.Median(window => window.CpuUs), 2),
            P50Us = measured.Median(window => window.P50Us),
            P99Us = measured.Median(window => window.P99Us),
            ServerPercent = Math.Round(measured.Median(window => window.ServerPercent)),
            ClientPercent = Math.Round(measured.Median(window => window.ClientPercent)),
        };
}

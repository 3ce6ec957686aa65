using Parley.Bench.Server.Measuring;

namespace Parley.Bench.Server;

/// <summary>What was asked for.</summary>
/// <param name="JsonFile">Where the rows go, if anywhere.</param>
/// <param name="Works">The works' names; the usual ones if empty.</param>
/// <param name="Runs">How many windows each has.</param>
/// <param name="IsQuick">Whether it is only to be seen that it works.</param>
/// <param name="UsesPostgres">Whether the servers store in PostgreSQL and not in SQLite.</param>
/// <param name="HasPeer">Whether ejabberd is measured as well.</param>
public sealed record ServerBenchOptions(string? JsonFile, IReadOnlyList<string> Works, int Runs, bool IsQuick, bool UsesPostgres, bool HasPeer)
{
    internal BenchSizes Sizes => IsQuick ? BenchSizes.Quick : BenchSizes.Full;

    internal MeasurePlan Plan => IsQuick
        ? new MeasurePlan(1, 0, TimeSpan.FromMilliseconds(200), SettleWindowsMin: 0, SettleWindowsMax: 0)
        : new MeasurePlan(Runs, RetriesMax: Runs, TimeSpan.FromSeconds(3), SettleWindowsMin: 2, SettleWindowsMax: 10);
}

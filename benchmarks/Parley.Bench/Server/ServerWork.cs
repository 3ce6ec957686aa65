using System.Globalization;
using Parley.Bench.Server.Measuring;
using Parley.Bench.Server.Systems;

namespace Parley.Bench.Server;

/// <summary>One work: what it is called, how well it should go, and how it is measured.</summary>
/// <param name="Name">What <c>--work</c> calls it.</param>
/// <param name="Unit">What its figures are.</param>
/// <param name="Target">What they should be.</param>
/// <param name="Devices">How many devices must have signed up.</param>
/// <param name="MeasureAsync">Measures it.</param>
internal sealed record ServerWork(string Name, string Unit, string Target, Func<BenchSizes, int> Devices, Func<ServerWork, ServerRun, CancellationToken, Task<ServerRow>> MeasureAsync)
{
    private const int TenMillion = 10_000_000;

    // In the order of running: the first ones need logs in which nobody has spoken yet.
    public static IReadOnlyList<ServerWork> All { get; } =
    [
        new("w3", "B/connection", "≤ 16,384", static sizes => sizes.IdleConnections, (work, run, token) => IdleAsync(work, run, usesTls: false, token)),
        new("w3-tls", "B/connection", "≤ 46,080", static sizes => sizes.IdleConnections, (work, run, token) => IdleAsync(work, run, usesTls: true, token)),
        new("w5", "connections/s", "≥ 5,000", static sizes => sizes.Pairs * 2, SignInsAsync) { HasPeer = true },
        new("w1-8", "deliveries/s", "≥ 300,000", static sizes => sizes.GroupMembers, (work, run, token) => FanOutAsync(work, run, 8, token)) { HasPeer = true },
        new("w1-64", "deliveries/s", "≥ 1,000,000", static sizes => sizes.GroupMembers, (work, run, token) => FanOutAsync(work, run, 64, token)) { HasPeer = true },
        new("w1-latency", "µs (p50)", "≤ 1,500; p99 ≤ 10,000", static sizes => sizes.GroupMembers, FanOutLatencyAsync),
        new("w2", "messages/s", "≥ 15,000; PostgreSQL ≥ 6,000", static sizes => sizes.Pairs * 2, PairsAsync) { HasPeer = true },
        new("w2-latency", "µs (p50)", "≤ 1,500; p99 ≤ 10,000", static sizes => sizes.Pairs * 2, PairsLatencyAsync),
        new("w4", "messages/s", "≥ 300,000", static _ => 2, CatchUpAsync),
        new("disk", "B/message", "≤ 420", static _ => 0, DiskAsync),
        new("start", "ms", "≤ 1,500", static _ => 0, StartAsync),
        new("start-10m", "ms", "≤ 2,000", static _ => 0, StartLargeAsync) { IsLong = true },
    ];

    /// <summary>Whether it is measured on another server as well, if that is asked for.</summary>
    public bool HasPeer { get; private init; }

    /// <summary>Whether it is only measured when it is named.</summary>
    public bool IsLong { get; private init; }

    private ServerRow Row(ISystemUnderLoad system, Measurement measured) => ServerRow.Of(Name, system.Name, system.Database, Unit, Target, measured, window => window.PerSecond);

    private ServerRow LatencyRow(ISystemUnderLoad system, Measurement measured) => ServerRow.Of(Name, system.Name, system.Database, Unit, Target, measured, window => window.P50Us);

    private ServerRow Row(ServerRun run, params double[] values) => ServerRow.Of(Name, "parley", run.Options.UsesPostgres ? "postgres" : "sqlite", Unit, Target, values);

    private static async Task<ServerRow> IdleAsync(ServerWork work, ServerRun run, bool usesTls, CancellationToken cancellationToken) =>
        work.Row(run, await (await run.ParleyAsync(cancellationToken)).BytesPerIdleConnectionAsync(usesTls, cancellationToken));

    private static async Task<ServerRow> SignInsAsync(ServerWork work, ServerRun run, CancellationToken cancellationToken)
    {
        ISystemUnderLoad system = await run.SystemAsync(cancellationToken);
        return work.Row(system, await run.MeasureAsync(system, await system.SignInsAsync(cancellationToken), cancellationToken));
    }

    private static async Task<ServerRow> FanOutAsync(ServerWork work, ServerRun run, int inFlight, CancellationToken cancellationToken)
    {
        ISystemUnderLoad system = await run.SystemAsync(cancellationToken);
        return work.Row(system, await run.MeasureAsync(system, await system.FanOutAsync(inFlight, 0, cancellationToken), cancellationToken));
    }

    private static async Task<ServerRow> PairsAsync(ServerWork work, ServerRun run, CancellationToken cancellationToken)
    {
        ISystemUnderLoad system = await run.SystemAsync(cancellationToken);
        return work.Row(system, await run.MeasureAsync(system, await system.PairsAsync(0, cancellationToken), cancellationToken));
    }

    private static async Task<ServerRow> FanOutLatencyAsync(ServerWork work, ServerRun run, CancellationToken cancellationToken)
    {
        ISystemUnderLoad system = await run.SystemAsync(cancellationToken);
        double messages = (await run.RowOfAsync("w1-64", cancellationToken)).Median / run.Options.Sizes.GroupMembers;
        return work.LatencyRow(system, await run.MeasureAsync(system, await system.FanOutAsync(0, messages / 2, cancellationToken), cancellationToken));
    }

    private static async Task<ServerRow> PairsLatencyAsync(ServerWork work, ServerRun run, CancellationToken cancellationToken)
    {
        ISystemUnderLoad system = await run.SystemAsync(cancellationToken);
        double messages = (await run.RowOfAsync("w2", cancellationToken)).Median;
        return work.LatencyRow(system, await run.MeasureAsync(system, await system.PairsAsync(messages / 2, cancellationToken), cancellationToken));
    }

    private static async Task<ServerRow> CatchUpAsync(ServerWork work, ServerRun run, CancellationToken cancellationToken)
    {
        ParleySystem parley = await run.ParleyAsync(cancellationToken);
        return work.Row(parley, await run.MeasureAsync(parley, await parley.CatchUpAsync(cancellationToken), cancellationToken));
    }

    private static async Task<ServerRow> DiskAsync(ServerWork work, ServerRun run, CancellationToken cancellationToken) =>
        work.Row(run, await StoredMessages.BytesEachAsync(run.Options, cancellationToken));

    private static async Task<ServerRow> StartAsync(ServerWork work, ServerRun run, CancellationToken cancellationToken)
    {
        var times = new List<double>();
        for (int i = 0; i < run.Options.Plan.Runs; i++)
        {
            await using ParleyStore store = await ParleyStore.CreateAsync(run.Options.UsesPostgres, cancellationToken);
            times.Add((await ParleyProcess.TimeStartAsync(store, cancellationToken)).TotalMilliseconds);
        }

        return work.Row(run, [.. times]);
    }

    private static async Task<ServerRow> StartLargeAsync(ServerWork work, ServerRun run, CancellationToken cancellationToken)
    {
        int messages = run.Options.IsQuick ? run.Options.Sizes.StoredMessages : TenMillion;
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Storing {messages:N0} messages ..."));
        await using ParleyStore store = await StoredMessages.CreateStoreAsync(run.Options, messages, cancellationToken);
        var times = new List<double>();
        for (int i = 0; i < run.Options.Plan.Runs; i++)
            times.Add((await ParleyProcess.TimeStartAsync(store, cancellationToken)).TotalMilliseconds);
        return work.Row(run, [.. times]);
    }
}

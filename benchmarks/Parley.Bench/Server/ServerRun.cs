using Parley.Bench.Server.Measuring;
using Parley.Bench.Server.Systems;

namespace Parley.Bench.Server;

/// <summary>The works of one system that are measured one after the other, and the server they share.</summary>
/// <param name="options">What was asked for.</param>
/// <param name="works">What is to be measured, in order.</param>
/// <param name="startAsync">Starts the system.</param>
internal sealed class ServerRun(ServerBenchOptions options, IReadOnlyList<ServerWork> works, Func<CancellationToken, Task<ISystemUnderLoad>> startAsync) : IAsyncDisposable
{
    private readonly List<ServerRow> _rows = [];
    private ISystemUnderLoad? _system;

    public ServerBenchOptions Options => options;

    /// <summary>Measures all, and shows each row as soon as it is there.</summary>
    public async Task<IReadOnlyList<ServerRow>> RunAsync(CancellationToken cancellationToken)
    {
        foreach (ServerWork work in works)
            await RowOfAsync(work.Name, cancellationToken);
        return _rows;
    }

    /// <summary>What was measured, or is measured now, for another work.</summary>
    public async Task<ServerRow> RowOfAsync(string name, CancellationToken cancellationToken)
    {
        if (_rows.FirstOrDefault(row => row.Work == name) is { } measured)
            return measured;
        ServerWork work = ServerWork.All.Single(work => work.Name == name);
        ServerRow row = await work.MeasureAsync(work, this, cancellationToken);
        _rows.Add(row);
        Console.Error.WriteLine(ServerTable.Line(row));
        return row;
    }

    /// <summary>The system, started when the first work needs it.</summary>
    public async Task<ISystemUnderLoad> SystemAsync(CancellationToken cancellationToken) => _system ??= await startAsync(cancellationToken);

    public async Task<ParleySystem> ParleyAsync(CancellationToken cancellationToken) =>
        await SystemAsync(cancellationToken) as ParleySystem ?? throw new InvalidOperationException("Only Parley is measured in this.");

    public async Task<Measurement> MeasureAsync(ISystemUnderLoad system, Load load, CancellationToken cancellationToken)
    {
        await using (load)
            return await new Meter(system.Processes, options.Plan).MeasureAsync(load, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_system is not null)
            await _system.DisposeAsync();
    }
}

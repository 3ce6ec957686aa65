using Parley.Simulation.Faults;

namespace Parley.Simulation.Core;

/// <summary>What makes a run: the same options, the same run.</summary>
/// <param name="Seed">All that is left to chance.</param>
/// <param name="Faults">What may go wrong.</param>
internal sealed record SimulationOptions(ulong Seed, IReadOnlyList<Fault> Faults)
{
    /// <summary>How many things people do.</summary>
    public int Deeds { get; init; } = 30;

    /// <summary>A bug that is put in, to see that it is found.</summary>
    public Plant Plant { get; init; }

    /// <summary>The name of the only checker that looks on, or null for all: a bug is found by whichever meets it first.</summary>
    public string? OnlyChecker { get; init; }

    /// <summary>Where the trace is shown.</summary>
    public TextWriter? Output { get; init; }
}

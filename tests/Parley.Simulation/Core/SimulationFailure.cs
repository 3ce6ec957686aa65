namespace Parley.Simulation.Core;

/// <summary>A promise that was not kept, as a checker puts it.</summary>
internal sealed class SimulationFailureException(string checker, string what) : Exception($"{checker}: {what}")
{
    public string Checker => checker;
}

/// <summary>The process dies here: thrown through the client from inside its store, and caught by the machine it runs on.</summary>
internal sealed class SimulatedCrashException : Exception;

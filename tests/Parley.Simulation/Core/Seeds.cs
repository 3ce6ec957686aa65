using System.Globalization;

namespace Parley.Simulation.Core;

/// <summary>Plays seeds and says how to play them again.</summary>
internal static class Seeds
{
    /// <summary>Plays one seed. A failure is told with the command that repeats it.</summary>
    public static bool Run(SimulationOptions options, TextWriter output)
    {
        using var world = new World(options);
        try
        {
            world.Run();
            return true;
        }
        catch (SimulationFailureException failure)
        {
            output.WriteLine($"Seed {options.Seed} fails. {failure.Message}\n  {Command(options)}");
            return false;
        }
    }

    /// <summary>Plays one seed to its end, or to what it breaks.</summary>
    public static SimulationFailureException? Play(SimulationOptions options, out string hash)
    {
        using var world = new World(options);
        SimulationFailureException? failure = null;
        try
        {
            world.Run();
        }
        catch (SimulationFailureException broken)
        {
            failure = broken;
        }

        hash = world.Trace.Hash;
        return failure;
    }

    /// <summary>The command that repeats a run.</summary>
    public static string Command(SimulationOptions options) => string.Create(
        CultureInfo.InvariantCulture,
        $"dotnet run -c Release --project tests/Parley.Simulation -- run --seed {options.Seed} --deeds {options.Deeds} --faults {(options.Faults.Count == 0 ? "none" : string.Join(',', options.Faults.Select(static fault => fault.Name)))}");
}

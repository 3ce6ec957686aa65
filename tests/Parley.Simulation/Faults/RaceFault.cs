using Parley.Simulation.Core;

namespace Parley.Simulation.Faults;

/// <summary>After a week, when everybody’s keys are due, all write at once: each begins with a Commit for the same epoch.</summary>
internal sealed class RaceFault : Fault
{
    public override string Name => "race";

    public override void Begin(World world) => world.Often(40, world.Race);
}

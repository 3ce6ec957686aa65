using Parley.Simulation.Core;
using Parley.Simulation.Devices;

namespace Parley.Simulation.Faults;

/// <summary>A device’s clock jumps, forward or back, by hours or days.</summary>
internal sealed class ClockFault : Fault
{
    public override string Name => "clock";

    public override void Begin(World world) => world.Often(40, () =>
    {
        SimulatedDevice device = world.Chance.Pick(world.Honest);
        device.ClockError = world.Chance.Between(TimeSpan.FromDays(-2), TimeSpan.FromDays(2));
        world.Trace.Add($"{device}’s clock is off by {device.ClockError}");
    });
}

using Parley.Simulation.Core;
using Parley.Simulation.Devices;

namespace Parley.Simulation.Faults;

/// <summary>A device is switched off or has no network, for hours or for weeks.</summary>
internal sealed class OfflineFault : Fault
{
    public override string Name => "offline";

    public override void Begin(World world) => world.Often(60, () =>
    {
        SimulatedDevice device = world.Chance.Pick(world.Honest);
        device.SetReachable(false);
        world.Agenda.After(world.Chance.Between(TimeSpan.FromMinutes(10), world.Chance.PerMille(200) ? TimeSpan.FromDays(20) : TimeSpan.FromHours(5)), () => device.SetReachable(true));
    });
}

using Parley.Simulation.Core;
using Parley.Simulation.Devices;

namespace Parley.Simulation.Faults;

/// <summary>The network falls apart: some devices reach the server, the others do not.</summary>
internal sealed class PartitionFault : Fault
{
    public override string Name => "partition";

    public override void Begin(World world) => world.Often(50, () =>
    {
        List<SimulatedDevice> cutOff = [.. world.Honest.Where(_ => world.Chance.PerMille(500))];
        cutOff.ForEach(static device => device.SetReachable(false));
        world.Agenda.After(world.Chance.Between(TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(10)), () => cutOff.ForEach(static device => device.SetReachable(true)));
    });
}

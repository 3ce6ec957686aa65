using Parley.Client.Store;
using Parley.Simulation.Core;
using Parley.Simulation.Devices;

namespace Parley.Simulation.Faults;

/// <summary>A device is restored from an old copy of its store.</summary>
internal sealed class RollbackFault : Fault
{
    public override string Name => "rollback";

    public override void Begin(World world) => world.Once(() =>
    {
        SimulatedDevice device = world.Chance.Pick(world.Honest);
        IReadOnlyList<StoreEntry> copy = device.Store.Copy();
        world.Agenda.After(world.Chance.Between(TimeSpan.FromMinutes(5), TimeSpan.FromHours(6)), () => device.Crash(() =>
        {
            device.Store.Restore(copy);
            world.RolledBack(device);
        }));
    });
}

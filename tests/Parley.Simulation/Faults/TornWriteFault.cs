using Parley.Simulation.Core;
using Parley.Simulation.Server;

namespace Parley.Simulation.Faults;

/// <summary>The server dies in the middle of a batch that nobody was told of: the first part of it is on the disk. A device’s batch is never torn, by the promise of its store.</summary>
internal sealed class TornWriteFault : Fault
{
    public override string Name => "torn-write";

    public override FlushFate OfFlush(Chance chance, int count) => chance.PerMille(30) ? new FlushFate(Refuses: false, Dies: true, First: chance.Below(count + 1)) : default;
}

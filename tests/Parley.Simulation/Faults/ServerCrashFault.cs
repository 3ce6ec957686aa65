using Parley.Simulation.Core;
using Parley.Simulation.Server;

namespace Parley.Simulation.Faults;

/// <summary>The server dies before it has written a batch, or after it and before anybody is told.</summary>
internal sealed class ServerCrashFault : Fault
{
    public override string Name => "server-crash";

    public override FlushFate OfFlush(Chance chance, int count) => chance.PerMille(20) ? new FlushFate(Refuses: false, Dies: true, First: chance.PerMille(500) ? 0 : count) : default;
}

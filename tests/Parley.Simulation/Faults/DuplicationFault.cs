using Parley.Simulation.Core;
using Parley.Simulation.Devices;

namespace Parley.Simulation.Faults;

/// <summary>Frames come twice: requests, answers and events.</summary>
internal sealed class DuplicationFault : Fault
{
    public override string Name => "duplication";

    public override FrameFate OfFrame(Chance chance) => chance.PerMille(20) ? FrameFate.Twice : FrameFate.Deliver;
}

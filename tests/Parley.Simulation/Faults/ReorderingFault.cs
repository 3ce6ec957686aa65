using Parley.Simulation.Core;
using Parley.Simulation.Devices;

namespace Parley.Simulation.Faults;

/// <summary>Frames overtake each other.</summary>
internal sealed class ReorderingFault : Fault
{
    public override string Name => "reordering";

    public override FrameFate OfFrame(Chance chance) => chance.PerMille(40) ? FrameFate.Overtake : FrameFate.Deliver;
}

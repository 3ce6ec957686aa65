using Parley.Simulation.Core;
using Parley.Simulation.Devices;

namespace Parley.Simulation.Faults;

/// <summary>Frames are lost, and with them all that is behind them; the connection is found dead after a while.</summary>
internal sealed class LossFault : Fault
{
    public override string Name => "loss";

    public override FrameFate OfFrame(Chance chance) => chance.PerMille(10) ? FrameFate.Lose : FrameFate.Deliver;
}

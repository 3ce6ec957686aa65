using Parley.Client.Store;
using Parley.Simulation.Core;
using Parley.Simulation.Devices;

namespace Parley.Simulation.Faults;

/// <summary>Devices die, at any write: just before it or just after it.</summary>
internal sealed class CrashFault : Fault
{
    public override string Name => "crash";

    public override WriteFate OfWrite(Chance chance, StoreBatch batch) => chance.PerMille(12) ? chance.PerMille(500) ? WriteFate.CrashBefore : WriteFate.CrashAfter : WriteFate.Write;
}

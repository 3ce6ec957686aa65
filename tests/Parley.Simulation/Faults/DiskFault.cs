using Parley.Client.Store;
using Parley.Simulation.Core;
using Parley.Simulation.Devices;
using Parley.Simulation.Server;

namespace Parley.Simulation.Faults;

/// <summary>Disks refuse a write now and then, a device's or the server's; nothing of it is written.</summary>
internal sealed class DiskFault : Fault
{
    public override string Name => "disk";

    public override WriteFate OfWrite(Chance chance, StoreBatch batch) => chance.PerMille(5) ? WriteFate.Refuse : WriteFate.Write;

    public override FlushFate OfFlush(Chance chance, int count) => chance.PerMille(20) ? new FlushFate(Refuses: true, Dies: false, First: 0) : default;
}

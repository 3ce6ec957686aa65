using Parley.Client.Store;
using Parley.Contracts.Wire;
using Parley.Simulation.Core;
using Parley.Simulation.Devices;
using Parley.Simulation.Server;

namespace Parley.Simulation.Faults;

/// <summary>One way in which things go wrong. It is asked at each place where it may, and may plan events of its own; when the world falls quiet it is asked no more.</summary>
internal abstract class Fault
{
    /// <summary>By what it is chosen on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>The world begins.</summary>
    public virtual void Begin(World world)
    {
    }

    /// <summary>A frame is sent.</summary>
    public virtual FrameFate OfFrame(Chance chance) => FrameFate.Deliver;

    /// <summary>A device writes.</summary>
    public virtual WriteFate OfWrite(Chance chance, StoreBatch batch) => WriteFate.Write;

    /// <summary>The server writes a batch.</summary>
    public virtual FlushFate OfFlush(Chance chance, int count) => default;

    /// <summary>The server sends entries of a log.</summary>
    public virtual IReadOnlyList<Envelope> OfPage(Chance chance, IReadOnlyList<Envelope> page) => page;
}

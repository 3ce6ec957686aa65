using Parley.Simulation.Core;
using Parley.Simulation.Devices;

namespace Parley.Simulation.Checks;

/// <summary>One promise. It is asked after every step, of what has changed, and once more when the world is quiet.</summary>
internal abstract class Checker
{
    /// <summary>One of each, for one run.</summary>
    public static IReadOnlyList<Checker> All() =>
    [
        new NothingDoubled(), new NothingReordered(), new SentIsStored(), new KeysUsedOnce(), new OneEpoch(), new NothingLost(), new EverythingExplained(),
        new ConfirmedIsTrue(), new Healed(),
    ];

    /// <summary>Something has been added to what a device shows.</summary>
    public virtual void Sees(World world, Sighting sighting)
    {
    }

    /// <summary>A device has sealed something.</summary>
    public virtual void Sealed(SimulatedDevice device, ReadOnlySpan<byte> key, ReadOnlySpan<byte> ciphertext)
    {
    }

    /// <summary>A device has written a batch, or has failed to: then nothing of what it was about to do has happened.</summary>
    public virtual void Wrote(SimulatedDevice device, bool isWritten)
    {
    }

    /// <summary>A device has lost what it had shown.</summary>
    public virtual void Forget(World world, SimulatedDevice device)
    {
    }

    /// <summary>Everything has come to rest.</summary>
    public virtual void IsQuiet(World world)
    {
    }

    protected SimulationFailureException Broken(string what) => new(GetType().Name, what);
}

using Parley.Client.Store;
using Parley.Simulation.Core;

namespace Parley.Simulation.Devices;

/// <summary>A device's disk. Between any two writes the machine may die, or the disk may refuse; what was written stays.</summary>
internal sealed class SimulatedClientStore(Func<StoreBatch, WriteFate> fate, Func<StoreBatch, IClientStore, StoreBatch> planted) : IClientStore
{
    private MemoryClientStore _disk = new();

    public byte[]? Get(ReadOnlySpan<byte> key) => _disk.Get(key);

    public IReadOnlyList<StoreEntry> Read(StoreRange range) => _disk.Read(range);

    public IReadOnlyList<byte[]> ReadKeys(StoreRange range) => _disk.ReadKeys(range);

    public void Write(StoreBatch batch)
    {
        WriteFate what = fate(batch);
        if (what == WriteFate.Refuse)
            throw new ClientStoreException("The simulated disk is full.");
        if (what == WriteFate.CrashBefore)
            throw new SimulatedCrashException();
        _disk.Write(planted(batch, _disk));
        if (what == WriteFate.CrashAfter)
            throw new SimulatedCrashException();
    }

    /// <summary>All there is, as a backup has it.</summary>
    public IReadOnlyList<StoreEntry> Copy() => _disk.Read(new StoreRange(ReadOnlyMemory<byte>.Empty));

    /// <summary>Puts a backup in the place of what is there.</summary>
    public void Restore(IReadOnlyList<StoreEntry> copy)
    {
        _disk = new MemoryClientStore();
        var batch = new StoreBatch();
        foreach (StoreEntry entry in copy)
            batch.Put(entry.Key, entry.Value);
        _disk.Write(batch);
    }

    public void Dispose() => _disk.Dispose();
}

/// <summary>What becomes of a batch. A batch that is torn by a crash is one that was not written: that is the store's promise.</summary>
internal enum WriteFate
{
    Write,
    Refuse,
    CrashBefore,
    CrashAfter,
}

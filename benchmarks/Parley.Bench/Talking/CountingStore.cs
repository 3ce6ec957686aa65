using Parley.Client.Store;

namespace Parley.Bench.Talking;

/// <summary>Counts what a client writes: keys and values, the latter with what encryption adds.</summary>
internal sealed class CountingStore(IClientStore store) : IClientStore
{
    private const int EncryptionBytes = 40;

    private long _bytes;
    private long _batches;

    public long Bytes => Interlocked.Read(ref _bytes);

    public long Batches => Interlocked.Read(ref _batches);

    public byte[]? Get(ReadOnlySpan<byte> key) => store.Get(key);

    public IReadOnlyList<StoreEntry> Read(StoreRange range) => store.Read(range);

    public IReadOnlyList<byte[]> ReadKeys(StoreRange range) => store.ReadKeys(range);

    public void Write(StoreBatch batch)
    {
        store.Write(batch);
        foreach ((byte[] key, byte[]? value) in batch.Writes)
            Interlocked.Add(ref _bytes, key.Length + (value is null ? 0 : value.Length + EncryptionBytes));
        Interlocked.Increment(ref _batches);
    }

    public void Dispose() => store.Dispose();
}

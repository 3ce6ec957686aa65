namespace Parley.Client.Store;

/// <summary>
/// A store in memory, for tests and simulation: it keeps the contract of a disk, its failures included. A crash is simulated by dropping
/// the client and giving the same store to a new one; whatever was written is still there.
/// </summary>
public sealed class MemoryClientStore : IClientStore
{
    // Guards the entries: the contract lets any thread read.
    private readonly Lock _gate = new();
    private readonly SortedList<byte[], byte[]> _entries = new(Comparer<byte[]>.Create(static (a, b) => a.AsSpan().SequenceCompareTo(b)));

    /// <summary>How many more batches succeed before every write fails; null for all.</summary>
    public int? WritesLeft { get; set; }

    /// <summary>How many batches have been written.</summary>
    public int WriteCount { get; private set; }

    /// <summary>How many values they have put, and how many bytes of keys and values they held.</summary>
    public (long Values, long Bytes) Written { get; private set; }

    /// <inheritdoc/>
    public byte[]? Get(ReadOnlySpan<byte> key)
    {
        byte[] wanted = key.ToArray();
        lock (_gate)
            return _entries.TryGetValue(wanted, out byte[]? value) ? (byte[])value.Clone() : null;
    }

    /// <inheritdoc/>
    public IReadOnlyList<StoreEntry> Read(StoreRange range)
    {
        ArgumentNullException.ThrowIfNull(range);
        lock (_gate)
        {
            var found = new List<StoreEntry>();
            int step = range.Descending ? -1 : 1;
            for (int i = FirstIndex(range); i >= 0 && i < _entries.Count && found.Count < range.Limit; i += step)
            {
                byte[] key = _entries.GetKeyAtIndex(i);
                if (!key.AsSpan().StartsWith(range.Prefix.Span))
                    break;
                found.Add(new StoreEntry((byte[])key.Clone(), (byte[])_entries.GetValueAtIndex(i).Clone()));
            }

            return found;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<byte[]> ReadKeys(StoreRange range) => [.. Read(range).Select(static entry => entry.Key)];

    /// <inheritdoc/>
    public void Write(StoreBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        lock (_gate)
        {
            if (WritesLeft is { } left)
            {
                if (left <= 0)
                    throw new ClientStoreException("The store was told to fail.");
                WritesLeft = left - 1;
            }

            WriteCount++;
            foreach ((byte[] key, byte[]? value) in batch.Writes)
            {
                Written = (Written.Values + (value is null ? 0 : 1), Written.Bytes + key.Length + (value?.Length ?? 0));
                if (value is null)
                    _entries.Remove(key);
                else
                    _entries[key] = value;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Nothing is held but memory.
    }

    /// <summary>Where the range's first entry is, if it has one.</summary>
    private int FirstIndex(StoreRange range)
    {
        if (!range.Descending)
            return range.Start is { } after ? CountBelow(after.Span, orEqual: true) : CountBelow(range.Prefix.Span, orEqual: false);
        if (range.Start is { } before)
            return CountBelow(before.Span, orEqual: false) - 1;
        return StoreKey.After(range.Prefix.Span) is { } end ? CountBelow(end, orEqual: false) - 1 : _entries.Count - 1;
    }

    private int CountBelow(ReadOnlySpan<byte> key, bool orEqual)
    {
        int low = 0;
        int high = _entries.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            int order = _entries.GetKeyAtIndex(middle).AsSpan().SequenceCompareTo(key);
            if (order < 0 || (orEqual && order == 0))
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}

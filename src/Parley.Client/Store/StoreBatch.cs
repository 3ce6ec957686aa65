namespace Parley.Client.Store;

/// <summary>Writes that happen together or not at all. A key is written once: the last write to it counts.</summary>
public sealed class StoreBatch
{
    private readonly Dictionary<byte[], byte[]?> _writes = new(new KeyComparer());

    /// <summary>The writes, one for each key.</summary>
    public IEnumerable<StoreWrite> Writes => _writes.Select(static write => new StoreWrite(write.Key, write.Value));

    /// <summary>Whether there is nothing to write.</summary>
    public bool IsEmpty => _writes.Count == 0;

    /// <summary>Sets a key. The batch owns both arrays from now on.</summary>
    public void Put(byte[] key, byte[] value)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(value);
        _writes[key] = value;
    }

    /// <summary>Removes a key, if it is there. The batch owns the array from now on.</summary>
    public void Delete(byte[] key)
    {
        ArgumentNullException.ThrowIfNull(key);
        _writes[key] = null;
    }

    private sealed class KeyComparer : IEqualityComparer<byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj)
        {
            var hash = new HashCode();
            hash.AddBytes(obj);
            return hash.ToHashCode();
        }
    }
}

/// <summary>One write.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The new value, or null to remove the key.</param>
public readonly record struct StoreWrite(byte[] Key, byte[]? Value);

namespace Parley.Client.Store;

/// <summary>Writes that happen together or not at all. Within a batch the last write to a key counts.</summary>
public sealed class StoreBatch
{
    private readonly List<StoreWrite> _writes = [];

    /// <summary>The writes in the order in which they were made.</summary>
    public IReadOnlyList<StoreWrite> Writes => _writes;

    /// <summary>Whether there is nothing to write.</summary>
    public bool IsEmpty => _writes.Count == 0;

    /// <summary>Sets a key. The batch owns both arrays from now on.</summary>
    public void Put(byte[] key, byte[] value)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(value);
        _writes.Add(new StoreWrite(key, value));
    }

    /// <summary>Removes a key, if it is there. The batch owns the array from now on.</summary>
    public void Delete(byte[] key)
    {
        ArgumentNullException.ThrowIfNull(key);
        _writes.Add(new StoreWrite(key, Value: null));
    }
}

/// <summary>One write.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The new value, or null to remove the key.</param>
public readonly record struct StoreWrite(byte[] Key, byte[]? Value);

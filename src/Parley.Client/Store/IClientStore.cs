namespace Parley.Client.Store;

/// <summary>
/// The client's local store: an ordered map of byte strings, written in atomic batches. It is all that the engine asks of a disk, so that
/// SQLite, a browser and a simulator's memory give the same promises. Keys compare as unsigned bytes, a prefix before what it begins.
/// One owner at a time; reads may come from any thread.
/// </summary>
public interface IClientStore : IDisposable
{
    /// <summary>The value of a key, or null. The caller owns the array.</summary>
    /// <exception cref="ClientStoreException">The store cannot be read.</exception>
    byte[]? Get(ReadOnlySpan<byte> key);

    /// <summary>The entries of a range, in the range's direction, at most as many as it allows. The caller owns them.</summary>
    /// <exception cref="ClientStoreException">The store cannot be read.</exception>
    IReadOnlyList<StoreEntry> Read(StoreRange range);

    /// <summary>The keys of a range, without their values, which may be damaged.</summary>
    /// <exception cref="ClientStoreException">The store cannot be read.</exception>
    IReadOnlyList<byte[]> ReadKeys(StoreRange range);

    /// <summary>Writes all of the batch or none of it, durable on return.</summary>
    /// <exception cref="ClientStoreException">Nothing was written.</exception>
    void Write(StoreBatch batch);
}

/// <summary>One entry.</summary>
/// <param name="Key">The whole key.</param>
/// <param name="Value">The value.</param>
public readonly record struct StoreEntry(byte[] Key, byte[] Value);

/// <summary>Which entries to read: those whose key begins with <paramref name="Prefix"/>, in key order.</summary>
/// <param name="Prefix">What the keys begin with.</param>
/// <param name="Limit">How many entries at most.</param>
/// <param name="Descending">From the last to the first.</param>
/// <param name="Start">Where to begin: ascending, only keys greater than this one; descending, only keys less than it. Null begins at the end.</param>
public sealed record StoreRange(ReadOnlyMemory<byte> Prefix, int Limit = int.MaxValue, bool Descending = false, ReadOnlyMemory<byte>? Start = null);

/// <summary>The store cannot be read or written. Says nothing of what is in it.</summary>
public sealed class ClientStoreException : Exception
{
    /// <summary>Makes the exception.</summary>
    public ClientStoreException()
    {
    }

    /// <summary>What a user is told: by default, that nothing can be written.</summary>
    public ClientErrorCode Code { get; init; } = ClientErrorCode.StoreFailed;

    /// <summary>Makes the exception with what is wrong.</summary>
    public ClientStoreException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the exception with what is wrong and its cause.</summary>
    public ClientStoreException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

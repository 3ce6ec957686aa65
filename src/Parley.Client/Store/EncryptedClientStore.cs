using System.Security.Cryptography;
using Parley.Mls.Crypto;

namespace Parley.Client.Store;

/// <summary>
/// Encrypts every value of another store under one store key. A value is stored as <c>random[24] || ChaCha20-Poly1305(key, nonce)</c>,
/// where <c>key[32] || nonce[12] = HKDF-Expand(store key, "Parley 1.0 StoreValue" || random)</c>, and the entry's key is the associated
/// data, so that a value cannot be moved to another place. Deriving a fresh key for every write takes 24 random bytes into account where
/// the AEAD's own nonce has 12: with 192 bits, as in XChaCha20, no number of writes a disk can hold makes a repetition likely.
/// What stays visible is which keys there are and how long the values are: numbers and ids of conversations and items, no content. An
/// older copy of the whole database opens as well as the newest one; no key on the same disk could tell.
/// </summary>
public sealed class EncryptedClientStore : IClientStore
{
    /// <summary>Length of a store key.</summary>
    public const int KeyBytes = 32;

    private const int RandomBytes = 24;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private readonly IClientStore _store;
    private readonly ICryptoProvider _crypto;
    private readonly Secret _key;

    /// <summary>Wraps a store. Both the store and the key are this one's from now on, which disposes them.</summary>
    public EncryptedClientStore(IClientStore store, ICryptoProvider crypto, Secret key)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(crypto);
        ArgumentNullException.ThrowIfNull(key);
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeyBytes);
        _store = store;
        _crypto = crypto;
        _key = key;
    }

    private static ReadOnlySpan<byte> Label => "Parley 1.0 StoreValue"u8;

    /// <inheritdoc/>
    public byte[]? Get(ReadOnlySpan<byte> key) => _store.Get(key) is { } value ? Open(key, value) : null;

    /// <inheritdoc/>
    public IReadOnlyList<StoreEntry> Read(StoreRange range)
    {
        IReadOnlyList<StoreEntry> found = _store.Read(range);
        var opened = new StoreEntry[found.Count];
        for (int i = 0; i < opened.Length; i++)
            opened[i] = found[i] with { Value = Open(found[i].Key, found[i].Value) };
        return opened;
    }

    /// <inheritdoc/>
    public IReadOnlyList<byte[]> ReadKeys(StoreRange range) => _store.ReadKeys(range);

    /// <inheritdoc/>
    public void Write(StoreBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var encrypted = new StoreBatch();
        foreach ((byte[] key, byte[]? value) in batch.Writes)
        {
            if (value is null)
                encrypted.Delete(key);
            else
                encrypted.Put(key, Seal(key, value));
        }

        _store.Write(encrypted);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _key.Dispose();
        _store.Dispose();
    }

    private byte[] Seal(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        byte[] stored = new byte[RandomBytes + value.Length + TagBytes];
        _crypto.FillRandom(stored.AsSpan(0, RandomBytes));
        Span<byte> derived = stackalloc byte[KeyBytes + NonceBytes];
        try
        {
            Derive(stored.AsSpan(0, RandomBytes), derived);
            _crypto.Seal(AeadAlgorithm.ChaCha20Poly1305, derived[..KeyBytes], derived[KeyBytes..], name, value, stored.AsSpan(RandomBytes));
            return stored;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(derived);
        }
    }

    private byte[] Open(ReadOnlySpan<byte> name, ReadOnlySpan<byte> stored)
    {
        if (stored.Length < RandomBytes + TagBytes)
            throw new ClientStoreException("A stored value is damaged.") { Code = ClientErrorCode.ProfileDamaged };
        byte[] value = new byte[stored.Length - RandomBytes - TagBytes];
        Span<byte> derived = stackalloc byte[KeyBytes + NonceBytes];
        try
        {
            Derive(stored[..RandomBytes], derived);
            return _crypto.TryOpen(AeadAlgorithm.ChaCha20Poly1305, derived[..KeyBytes], derived[KeyBytes..], name, stored[RandomBytes..], value)
                ? value
                : throw new ClientStoreException("A stored value is damaged, or the store key is another one.") { Code = ClientErrorCode.ProfileDamaged };
        }
        finally
        {
            CryptographicOperations.ZeroMemory(derived);
        }
    }

    private void Derive(ReadOnlySpan<byte> random, Span<byte> derived)
    {
        Span<byte> info = stackalloc byte[64];
        Label.CopyTo(info);
        random.CopyTo(info[Label.Length..]);
        _crypto.HkdfExpand(Mls.Crypto.HashAlgorithm.Sha256, _key.AsSpan(), info[..(Label.Length + random.Length)], derived);
    }
}

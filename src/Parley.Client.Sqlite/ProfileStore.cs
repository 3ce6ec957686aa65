using System.Security.Cryptography;
using Parley.Client.Store;
using Parley.Mls.Crypto;

namespace Parley.Client.Sqlite;

/// <summary>
/// A profile on a disk: a folder with <c>parley.db</c>, whose values are encrypted, and <c>parley.key</c>, the 32 random bytes they are
/// encrypted under, readable by its owner alone. That keeps the messages from whoever gets a copy of the database without the key file
/// (a backup, a synchronised folder); it does not keep them from whoever can read both, which is everyone who can act as the user.
/// </summary>
public static class ProfileStore
{
    private const string DatabaseName = "parley.db";
    private const string KeyName = "parley.key";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // Written once with the key, and read at every opening: a wrong key is noticed before anything is written under it.
    private static readonly byte[] KeyCheckKey = "key-check"u8.ToArray();
    private static readonly byte[] KeyCheckValue = "parley"u8.ToArray();

    /// <summary>Opens the profile in a folder, making what is missing. The caller disposes the store.</summary>
    public static ClientResult<IClientStore> Open(string folder, ICryptoProvider crypto)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(crypto);
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(folder);
            else
                Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
            return Open(Path.Combine(folder, DatabaseName), Path.Combine(folder, KeyName), crypto);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ClientResult.Refuse<IClientStore>(ClientErrorCode.StoreFailed);
        }
    }

    private static ClientResult<IClientStore> Open(string databasePath, string keyPath, ICryptoProvider crypto)
    {
        // The database first: its lock is what keeps a second process from making a second key.
        if (!SqliteClientStore.Open(databasePath).TryGetValue(out SqliteClientStore? database, out ClientError? error))
            return ClientResult.Refuse<IClientStore>(error);
        bool isNew = database.Get(KeyCheckKey) is null;
        if (!(isNew ? MakeKey(keyPath, crypto) : ReadKey(keyPath)).TryGetValue(out Secret? key, out error))
        {
            database.Dispose();
            return ClientResult.Refuse<IClientStore>(error);
        }

        var store = new EncryptedClientStore(database, crypto, key);
        if (TryCheckKey(store, isNew))
            return ClientResult.Of<IClientStore>(store);
        store.Dispose();
        return ClientResult.Refuse<IClientStore>(ClientErrorCode.ProfileKeyWrong);
    }

    private static bool TryCheckKey(EncryptedClientStore store, bool isNew)
    {
        try
        {
            if (isNew)
            {
                var batch = new StoreBatch();
                batch.Put(KeyCheckKey, KeyCheckValue);
                store.Write(batch);
            }

            return store.Get(KeyCheckKey) is not null;
        }
        catch (ClientStoreException)
        {
            return false;
        }
    }

    /// <summary>Makes the key of an empty database. A key that a crash left behind belongs to nothing and is written over.</summary>
    private static ClientResult<Secret> MakeKey(string path, ICryptoProvider crypto)
    {
        var key = new Secret(EncryptedClientStore.KeyBytes);
        crypto.FillRandom(key.AsWritableSpan());
        File.Delete(path);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        using var file = new FileStream(path, options);
        file.Write(key.AsSpan());
        file.Flush(flushToDisk: true);
        return ClientResult.Of(key);
    }

    private static ClientResult<Secret> ReadKey(string path)
    {
        if (!File.Exists(path))
            return ClientResult.Refuse<Secret>(ClientErrorCode.ProfileKeyWrong);
        byte[] bytes = File.ReadAllBytes(path);
        try
        {
            return bytes.Length == EncryptedClientStore.KeyBytes ? ClientResult.Of(new Secret(bytes)) : ClientResult.Refuse<Secret>(ClientErrorCode.ProfileKeyWrong);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }
}

using Parley.Client.Store;
using Parley.Mls.Crypto;

namespace Parley.Client.Sqlite;

/// <summary>
/// A profile on a disk: a folder with <c>parley.db</c>, whose values are encrypted, and <c>parley.key</c>, the key they are encrypted under,
/// readable by its owner alone and, if the user wants it, locked by a passphrase. Without one it keeps the messages from whoever gets a copy of the
/// database without the key file (a backup, a synchronised folder), not from whoever can read both, which is everyone who can act as the user.
/// </summary>
public sealed class ProfileStore
{
    private const string DatabaseName = "parley.db";
    private const string KeyName = "parley.key";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // Written once with the key, and read at every opening: a wrong key is noticed before anything is written under it.
    private static readonly byte[] KeyCheckKey = "key-check"u8.ToArray();
    private static readonly byte[] KeyCheckValue = "parley"u8.ToArray();

    private readonly string _folder;
    private readonly ICryptoProvider _crypto;
    private readonly Func<Secret?> _askPassphrase;
    private readonly TimeProvider _time;
    private readonly KeyFile _keyFile;

    private ProfileStore(string folder, ICryptoProvider crypto, Func<Secret?>? askPassphrase, TimeProvider? time)
    {
        _folder = folder;
        _crypto = crypto;
        _askPassphrase = askPassphrase ?? (static () => null);
        _time = time ?? TimeProvider.System;
        _keyFile = new KeyFile(Path.Combine(folder, KeyName));
    }

    /// <summary>Whether the profile in a folder is locked by a passphrase.</summary>
    public static bool IsLocked(string folder) => new KeyFile(Path.Combine(folder, KeyName)).IsLocked;

    /// <summary>Opens the profile in a folder, making what is missing. The caller disposes the store.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="crypto">What it is encrypted with.</param>
    /// <param name="askPassphrase">Asked once, and only if the profile is locked and a try may be made; null for none. What it gives is disposed here.</param>
    /// <param name="time">The clock by which wrong passphrases are slowed down.</param>
    public static ClientResult<IClientStore> Open(string folder, ICryptoProvider crypto, Func<Secret?>? askPassphrase = null, TimeProvider? time = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(crypto);
        var profile = new ProfileStore(folder, crypto, askPassphrase, time);
        return Guarded<IClientStore>(() => profile.Unlock().TryGetValue(out Unlocked? unlocked, out ClientError? error)
            ? ClientResult.Of<IClientStore>(new EncryptedClientStore(unlocked.Database, crypto, unlocked.Key))
            : ClientResult.Refuse<IClientStore>(error));
    }

    /// <summary>
    /// Locks the profile by a passphrase, by another one than now, or by none. The key under which all is encrypted stays the same: a copy of the
    /// folder that was made before opens as it did. Whatever goes wrong, the profile opens as before or as was asked.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="crypto">What it is encrypted with.</param>
    /// <param name="askPassphrase">As in <see cref="Open"/>.</param>
    /// <param name="askNew">Asked for the new passphrase, once the profile is open; null to take it away. What it gives is disposed here.</param>
    /// <param name="time">As in <see cref="Open"/>.</param>
    public static ClientResult ChangePassphrase(string folder, ICryptoProvider crypto, Func<Secret?>? askPassphrase, Func<ClientResult<Secret>>? askNew, TimeProvider? time = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(crypto);
        var profile = new ProfileStore(folder, crypto, askPassphrase, time);
        ClientResult<string> changed = Guarded(() =>
        {
            if (!profile.Unlock().TryGetValue(out Unlocked? unlocked, out ClientError? error))
                return ClientResult.Refuse<string>(error);
            using (unlocked)
            {
                Secret? passphrase = null;
                if (askNew is not null && !askNew().TryGetValue(out passphrase, out error))
                    return ClientResult.Refuse<string>(error);
                using (passphrase)
                {
                    if (!profile._keyFile.TryPrepare(unlocked.Key, passphrase, crypto))
                        return ClientResult.Refuse<string>(ClientErrorCode.Failed);
                    profile._keyFile.Commit();
                    return ClientResult.Of(folder);
                }
            }
        });
        return changed.Succeeded ? ClientResult.Success : ClientResult.Refuse(changed.Error);
    }

    private ClientResult<Unlocked> Unlock()
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(_folder);
        else
            Directory.CreateDirectory(_folder, OwnerOnly | UnixFileMode.UserExecute);
        // The database first: its lock is what keeps a second process from making a second key.
        if (!SqliteClientStore.Open(Path.Combine(_folder, DatabaseName)).TryGetValue(out SqliteClientStore? database, out ClientError? error))
            return ClientResult.Refuse<Unlocked>(error);
        bool isOpen = false;
        try
        {
            ClientResult<Secret> key = database.Get(KeyCheckKey) is null ? Begin(database) : ReadKey(database);
            isOpen = key.Succeeded;
            return key.Succeeded ? ClientResult.Of(new Unlocked(database, key.Value)) : ClientResult.Refuse<Unlocked>(key.Error);
        }
        finally
        {
            if (!isOpen)
                database.Dispose();
        }
    }

    /// <summary>
    /// Makes the key of an empty database. The key's file gets its name last, so that one beside an empty database means that the database was lost:
    /// the key is left alone, for it opens every copy.
    /// </summary>
    private ClientResult<Secret> Begin(SqliteClientStore database)
    {
        if (_keyFile.Exists)
            return ClientResult.Refuse<Secret>(ClientErrorCode.ProfileDamaged);
        var key = new Secret(EncryptedClientStore.KeyBytes);
        _crypto.FillRandom(key.AsWritableSpan());
        _keyFile.TryPrepare(key, passphrase: null, _crypto);
        var batch = new StoreBatch();
        batch.Put(KeyCheckKey, KeyCheckValue);
        using (var store = new EncryptedClientStore(new Borrowed(database), _crypto, new Secret(key.AsSpan())))
            store.Write(batch);
        _keyFile.Commit();
        return ClientResult.Of(key);
    }

    private ClientResult<Secret> ReadKey(SqliteClientStore database)
    {
        _keyFile.Recover();
        if (!(_keyFile.IsLocked ? AskForKey(database) : _keyFile.Read()).TryGetValue(out Secret? key, out ClientError? error))
            return ClientResult.Refuse<Secret>(error);
        if (Fits(database, key))
            return ClientResult.Of(key);
        key.Dispose();
        return ClientResult.Refuse<Secret>(ClientErrorCode.ProfileKeyWrong);
    }

    private ClientResult<Secret> AskForKey(SqliteClientStore database)
    {
        var tries = new PassphraseTries(database, _time);
        TimeSpan wait = tries.Wait();
        if (wait > TimeSpan.Zero)
            return ClientResult.Refuse<Secret>(ErrorText.PassphraseTooSoon(wait));
        using Secret? passphrase = _askPassphrase();
        if (passphrase is null)
            return ClientResult.Refuse<Secret>(ClientErrorCode.PassphraseNeeded);
        tries.Count();
        ClientResult<Secret> key = _keyFile.Unlock(passphrase);
        if (key.Succeeded)
            tries.Forget();
        return key;
    }

    private bool Fits(SqliteClientStore database, Secret key)
    {
        using var store = new EncryptedClientStore(new Borrowed(database), _crypto, new Secret(key.AsSpan()));
        try
        {
            return store.Get(KeyCheckKey) is not null;
        }
        catch (ClientStoreException)
        {
            return false;
        }
    }

    private static ClientResult<T> Guarded<T>(Func<ClientResult<T>> work)
        where T : notnull
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ClientResult.Refuse<T>(ClientErrorCode.StoreFailed);
        }
        catch (ClientStoreException failed)
        {
            return ClientResult.Refuse<T>(failed.Code);
        }
    }

    /// <summary>A database and its key, both the owner's to dispose.</summary>
    private sealed record Unlocked(SqliteClientStore Database, Secret Key) : IDisposable
    {
        public void Dispose()
        {
            Key.Dispose();
            Database.Dispose();
        }
    }

    /// <summary>A store that stays open when who reads through it is done.</summary>
    private sealed class Borrowed(IClientStore store) : IClientStore
    {
        public byte[]? Get(ReadOnlySpan<byte> key) => store.Get(key);

        public IReadOnlyList<StoreEntry> Read(StoreRange range) => store.Read(range);

        public IReadOnlyList<byte[]> ReadKeys(StoreRange range) => store.ReadKeys(range);

        public void Write(StoreBatch batch) => store.Write(batch);

        public void Dispose()
        {
            // Its owner disposes it.
        }
    }
}

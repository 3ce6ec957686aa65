using System.Buffers.Binary;
using System.Security.Cryptography;
using Parley.Client.Store;
using Parley.Mls.Crypto;
using Parley.Sodium;
using ChaCha20Poly1305 = Parley.Sodium.ChaCha20Poly1305;

namespace Parley.Client.Sqlite;

/// <summary>
/// The file with a profile's store key, readable by its owner alone, in one of two forms:
/// <code>
/// key[32]                                                                   ; as it is
/// "parleyk2" || passes[4] || memory in KiB[4] || salt[16] || sealed[48]     ; under a passphrase
/// </code>
/// <c>sealed</c> is the store key under ChaCha20-Poly1305, with the first 32 bytes as associated data and <c>key[32] || nonce[12] =
/// Argon2id(passphrase, salt)</c>. Each locking draws a new salt, so that key and nonce are used once. The file is never written in place: what is
/// new stands beside it first, is flushed, and then takes its name, so that a crash leaves the one or the other.
/// </summary>
internal sealed class KeyFile(string path)
{
    private const int NumberBytes = 4;
    private const int HeadBytes = 8 + NumberBytes + NumberBytes + Argon2id.SaltBytes;
    private const int LockedBytes = HeadBytes + KeyBytes + ChaCha20Poly1305.TagBytes;
    private const int KeyBytes = EncryptedClientStore.KeyBytes;

    // The second choice of RFC 9106 §4, for machines without much memory. What a file may ask for is bounded: it may be anybody's.
    private const int Passes = 3;
    private const int MemoryKiB = 64 * 1024;
    private const int PassesMax = 64;
    private const int MemoryKiBMax = 1024 * 1024;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _new = path + ".new";

    private static ReadOnlySpan<byte> Magic => "parleyk2"u8;

    /// <summary>Whether the file is there.</summary>
    public bool Exists => File.Exists(path);

    /// <summary>Whether the key can be had with a passphrase only.</summary>
    public bool IsLocked => Exists && new FileInfo(path).Length == LockedBytes;

    /// <summary>The key as it is.</summary>
    public ClientResult<Secret> Read() => Reading(static bytes =>
        bytes.Length == KeyBytes ? ClientResult.Of(new Secret(bytes)) : ClientResult.Refuse<Secret>(ClientErrorCode.ProfileKeyWrong));

    /// <summary>The key under a passphrase.</summary>
    public ClientResult<Secret> Unlock(Secret passphrase) => Reading(bytes =>
    {
        if (bytes.Length != LockedBytes || !bytes.AsSpan().StartsWith(Magic))
            return ClientResult.Refuse<Secret>(ClientErrorCode.ProfileKeyWrong);
        uint passes = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(Magic.Length));
        uint memoryKiB = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(Magic.Length + NumberBytes));
        if (passes is < 1 or > PassesMax || memoryKiB is < 8 or > MemoryKiBMax)
            return ClientResult.Refuse<Secret>(ClientErrorCode.ProfileKeyWrong);
        var key = new Secret(KeyBytes);
        using Secret? derived = Derive(passphrase, bytes.AsSpan(HeadBytes - Argon2id.SaltBytes, Argon2id.SaltBytes), (int)passes, (int)memoryKiB);
        if (derived is null || !ChaCha20Poly1305.TryOpen(derived.AsSpan()[..KeyBytes], derived.AsSpan()[KeyBytes..], bytes.AsSpan(0, HeadBytes), bytes.AsSpan(HeadBytes), key.AsWritableSpan()))
        {
            key.Dispose();
            return ClientResult.Refuse<Secret>(derived is null ? ClientErrorCode.Failed : ClientErrorCode.PassphraseWrong);
        }

        return ClientResult.Of(key);
    });

    /// <summary>Writes the key beside the file, as it is or under a passphrase; <see cref="Commit"/> puts it in its place. False if there is not enough memory.</summary>
    public bool TryPrepare(Secret key, Secret? passphrase, ICryptoProvider crypto)
    {
        byte[] bytes = passphrase is null ? key.AsSpan().ToArray() : new byte[LockedBytes];
        try
        {
            if (passphrase is not null && !TryLock(key, passphrase, crypto, bytes))
                return false;
            File.Delete(_new);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = OwnerOnly;
            using var file = new FileStream(_new, options);
            file.Write(bytes);
            file.Flush(flushToDisk: true);
            return true;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>Puts what was prepared in the file's place.</summary>
    public void Commit() => File.Move(_new, path, overwrite: true);

    /// <summary>Finishes what a crash left half done: the database knew its key, and the key's file had not got its name.</summary>
    public void Recover()
    {
        if (!Exists && File.Exists(_new))
            Commit();
    }

    private static bool TryLock(Secret key, Secret passphrase, ICryptoProvider crypto, Span<byte> bytes)
    {
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[Magic.Length..], Passes);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[(Magic.Length + NumberBytes)..], MemoryKiB);
        Span<byte> salt = bytes[(HeadBytes - Argon2id.SaltBytes)..HeadBytes];
        crypto.FillRandom(salt);
        using Secret? derived = Derive(passphrase, salt, Passes, MemoryKiB);
        if (derived is null)
            return false;
        ChaCha20Poly1305.Seal(derived.AsSpan()[..KeyBytes], derived.AsSpan()[KeyBytes..], bytes[..HeadBytes], key.AsSpan(), bytes[HeadBytes..]);
        return true;
    }

    private static Secret? Derive(Secret passphrase, ReadOnlySpan<byte> salt, int passes, int memoryKiB)
    {
        var derived = new Secret(KeyBytes + ChaCha20Poly1305.NonceBytes);
        if (Argon2id.TryDerive(passphrase.AsSpan(), salt, passes, memoryKiB, derived.AsWritableSpan()))
            return derived;
        derived.Dispose();
        return null;
    }

    private ClientResult<Secret> Reading(Func<byte[], ClientResult<Secret>> read)
    {
        if (!Exists || new FileInfo(path).Length > LockedBytes)
            return ClientResult.Refuse<Secret>(ClientErrorCode.ProfileKeyWrong);
        byte[] bytes = File.ReadAllBytes(path);
        try
        {
            return read(bytes);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }
}

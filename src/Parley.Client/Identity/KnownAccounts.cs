using System.Diagnostics.CodeAnalysis;
using System.Text;
using Parley.Client.Store;
using Parley.Contracts.Identity;
using Parley.Mls.Messages.Codec;

namespace Parley.Client.Identity;

/// <summary>
/// The account keys of the people one has met, pinned on first use. A key that differs from the pinned one is a fact to be told: every
/// conversation with the person gets a notice. Where the old key had been verified nothing is sent to the person until the user has said
/// yes to the new one; where it had not, the new one is pinned in its place.
/// </summary>
internal sealed class KnownAccounts(IClientStore store)
{
    private const int AccountKeyBytes = 32;

    private static readonly byte[] Prefix = "pin/"u8.ToArray();

    private readonly Dictionary<Handle, KnownAccount> _known = [];

    /// <summary>What meeting a key has shown.</summary>
    public enum Meeting
    {
        /// <summary>The pinned key, or one met for the first time.</summary>
        AsKnown,

        /// <summary>Another key than before, which nobody had verified.</summary>
        Changed,

        /// <summary>Another key than the one that was verified.</summary>
        ChangedFromVerified,
    }

    /// <summary>What is known of a person.</summary>
    public bool TryFind(Handle handle, [NotNullWhen(true)] out KnownAccount? account)
    {
        if (_known.TryGetValue(handle, out account))
            return true;
        if (store.Get(Key(handle)) is not { } stored)
            return false;
        account = KnownAccount.Decode(stored);
        _known.Add(handle, account);
        return true;
    }

    /// <summary>Notes the account key of a certificate that has been verified.</summary>
    public Meeting Meet(DeviceCertificate certificate, StoreBatch batch)
    {
        if (!TryFind(certificate.Handle, out KnownAccount? account))
        {
            Put(certificate.Handle, new KnownAccount(certificate.AccountKey, IsVerified: false, HasChanged: false), batch);
            return Meeting.AsKnown;
        }

        if (account.Key.Span.SequenceEqual(certificate.AccountKey.Span))
            return Meeting.AsKnown;
        bool needsYes = account.IsVerified || account.HasChanged;
        Put(certificate.Handle, new KnownAccount(certificate.AccountKey, IsVerified: false, HasChanged: needsYes), batch);
        return needsYes ? Meeting.ChangedFromVerified : Meeting.Changed;
    }

    /// <summary>Notes the user's word on the key that is pinned now, which settles a change.</summary>
    public void Confirm(Handle handle, KnownAccount account, bool isVerified, StoreBatch batch) =>
        Put(handle, account with { IsVerified = isVerified, HasChanged = false }, batch);

    /// <summary>Everybody whose key is known.</summary>
    public IEnumerable<(Handle Handle, KnownAccount Account)> All()
    {
        foreach (StoreEntry stored in store.Read(new StoreRange(Prefix)))
        {
            if (Handle.TryParse(Encoding.ASCII.GetString(stored.Key.AsSpan(Prefix.Length)), out Handle? handle) && TryFind(handle, out KnownAccount? account))
                yield return (handle, account);
        }
    }

    /// <summary>Learns what another device of one's own knows of a person: a key nobody was met with here, and the user's word on a key.</summary>
    public void Learn(Handle handle, ReadOnlyMemory<byte> encoded, StoreBatch batch)
    {
        if (!KnownAccount.TryDecode(encoded, out KnownAccount? told) || told.Key.Length != AccountKeyBytes)
            return;
        bool isKnown = TryFind(handle, out KnownAccount? known);
        bool isSame = isKnown && known is not null && known.Key.Span.SequenceEqual(told.Key.Span);
        if (!isKnown || isSame || told.IsVerified)
            Put(handle, told, batch);
    }

    private static byte[] Key(Handle handle) => StoreKey.Of(Prefix, Encoding.ASCII.GetBytes(handle.Value));

    private void Put(Handle handle, KnownAccount account, StoreBatch batch)
    {
        _known[handle] = account;
        batch.Put(Key(handle), account.Encode());
    }
}

/// <summary>What is known of a person's account key.</summary>
/// <param name="Key">The key.</param>
/// <param name="IsVerified">Whether the user has compared the safety number.</param>
/// <param name="HasChanged">Whether it replaces a key the user had verified, and the user has not said yes to it.</param>
internal sealed record KnownAccount(ReadOnlyMemory<byte> Key, bool IsVerified, bool HasChanged)
{
    public byte[] Encode()
    {
        var writer = new TlsWriter();
        writer.WriteVector(Key);
        writer.WriteUInt8((byte)((IsVerified ? 1 : 0) | (HasChanged ? 2 : 0)));
        return writer.ToArray();
    }

    public static KnownAccount Decode(ReadOnlyMemory<byte> stored) =>
        TryDecode(stored, out KnownAccount? account) ? account : throw new InvalidDataException("A stored key is damaged.");

    public static bool TryDecode(ReadOnlyMemory<byte> encoded, [NotNullWhen(true)] out KnownAccount? account)
    {
        var reader = new TlsReader(encoded);
        ReadOnlyMemory<byte> key = reader.ReadVector();
        byte flags = reader.ReadUInt8();
        account = reader.Finish() ? new KnownAccount(key, (flags & 1) != 0, (flags & 2) != 0) : null;
        return account is not null;
    }
}

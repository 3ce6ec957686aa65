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

    /// <summary>Takes over what an archive knows of a person.</summary>
    public void Restore(Handle handle, KnownAccount account, StoreBatch batch) => Put(handle, account, batch);

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

    public static KnownAccount Decode(ReadOnlyMemory<byte> stored)
    {
        var reader = new TlsReader(stored);
        ReadOnlyMemory<byte> key = reader.ReadVector();
        byte flags = reader.ReadUInt8();
        if (!reader.Finish())
            throw new InvalidDataException("A stored key is damaged.");
        return new KnownAccount(key, (flags & 1) != 0, (flags & 2) != 0);
    }
}

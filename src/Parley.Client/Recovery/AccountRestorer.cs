using System.Security.Cryptography;
using Parley.Client.Conversations;
using Parley.Client.Identity;
using Parley.Client.Store;
using Parley.Client.Transport;
using Parley.Contracts.Identity;
using Parley.Mls.Crypto;

namespace Parley.Client.Recovery;

/// <summary>
/// Makes an account of an archive in an empty store: a new device that the account's key certifies, with the history. It is in no group until a
/// member adds it. Until the server knows the device the store holds no account, and restoring again begins anew over what is there.
/// </summary>
internal sealed class AccountRestorer(ClientOptions options) : IDisposable
{
    private LocalIdentity? _identity;
    private Profile? _profile;

    /// <summary>Writes one content of the archive, durably.</summary>
    public ClientResult Take(ArchiveContent content)
    {
        var batch = new StoreBatch();
        switch (content)
        {
            case ArchiveContent.Account account:
                if (!TryMakeDevice(account))
                    return ClientResult.Refuse(ClientErrorCode.ArchiveDamaged);
                _profile?.Save(batch);
                break;
            case ArchiveContent.People people:
                var known = new KnownAccounts(options.Store);
                foreach (Person person in people.All)
                    known.Learn(person.Handle, person.Known.Encode(), batch);
                break;
            case ArchiveContent.Conversation conversation:
                var keys = new ConversationKeys(conversation.Id);
                batch.Put(keys.Record, Parted(conversation.Record).Encode());
                batch.Put(keys.Roster, conversation.Roster.Encode());
                break;
            case ArchiveContent.Timeline timeline:
                foreach (Item item in timeline.Items)
                    item.Record.Put(batch, new ConversationKeys(timeline.Id), item.Order);
                break;
        }

        options.Store.Write(batch);
        return ClientResult.Success;
    }

    /// <summary>Tells the server of the device: now there is an account.</summary>
    /// <param name="code">The recovery code, which the server must know.</param>
    /// <param name="address">The server's address, if it is not what it was.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task<ClientResult> RegisterAsync(RecoveryCode code, Uri? address, CancellationToken cancellationToken)
    {
        if (_profile is not { } profile)
            throw new InvalidOperationException("An archive that was read has an account.");
        profile = profile with { Address = address ?? profile.Address };
        using ITransport transport = options.Transport(profile.Address);
        using Secret key = ArchiveKeys.ServerKeyOf(options.Crypto, code);
        ClientResult registered = await new ServerResources(transport).RecoverDeviceAsync(key.AsSpan(), profile.Identity.Certificate, cancellationToken);
        if (!registered.Succeeded)
            return registered;
        var batch = new StoreBatch();
        (profile with { IsRegistered = true }).Save(batch);
        options.Store.Write(batch);
        return ClientResult.Success;
    }

    public void Dispose() => _identity?.Dispose();

    private static ConversationRecord Parted(ConversationRecord record) => record with
    {
        Membership = record.Membership is Membership.Active or Membership.Leaving ? Membership.Removed : record.Membership,
        IsAdmin = false,
        Unread = 0,
        Cursor = 0,
        HasProposals = false,
        HasUnlawfulProposals = false,
        AreKeysStale = false,
        HasAskedToReturn = false,
        LogEpoch = null,
    };

    private bool TryMakeDevice(ArchiveContent.Account account)
    {
        ICryptoProvider crypto = options.Crypto;
        DeviceCertificate former = account.Certificate;
        byte[] probe = "Parley 1.0 archive"u8.ToArray();
        try
        {
            byte[] signature = crypto.Sign(SignatureAlgorithm.Ed25519, account.AccountKey.Span, former.AccountKey.Span, probe);
            if (!crypto.Verify(SignatureAlgorithm.Ed25519, former.AccountKey.Span, probe, signature))
                return false;
        }
        catch (Exception refused) when (refused is ArgumentException or CryptographicException)
        {
            return false;
        }

        _identity = LocalIdentity.CreateDevice(crypto, new Secret(account.AccountKey.Span), former, options.Time.GetUtcNow());
        _profile = new Profile(_identity, account.Address, IsRegistered: false, account.Nickname);
        return true;
    }
}

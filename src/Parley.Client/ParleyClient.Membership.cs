using System.Collections.Immutable;
using Parley.Client.Content;
using Parley.Client.Conversations;
using Parley.Client.KeyPackages;
using Parley.Client.Store;
using Parley.Client.Transport;
using Parley.Contracts.Identity;
using Parley.Contracts.Resources;
using Parley.Mls.Messages;

namespace Parley.Client;

/// <content>What needs the server: who is in a conversation, and invites.</content>
public sealed partial class ParleyClient
{
    /// <summary>The direct conversation with a person, made if there is none.</summary>
    public async Task<ClientResult<ConversationId>> OpenDirectAsync(Handle peer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(peer);
        if (peer == Self)
            return ClientResult.Refuse<ConversationId>(ClientErrorCode.PeerIsSelf);
        if (_host.Look(engine => engine.FindDirect(peer)) is { } existing)
            return ClientResult.Of(existing);
        return await CreateAsync(ConversationKind.Direct, peer.Value, [peer], cancellationToken);
    }

    /// <summary>Makes a group, oneself its administrator.</summary>
    public async Task<ClientResult<ConversationId>> CreateGroupAsync(string name, IReadOnlyList<Handle> members, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(members);
        if (!MessageBody.IsName(name))
            return ClientResult.Refuse<ConversationId>(ClientErrorCode.NameInvalid);
        return await CreateAsync(ConversationKind.Group, name, [.. members.Where(member => member != Self).Distinct()], cancellationToken);
    }

    /// <summary>Adds a person with all their devices to a group.</summary>
    public async Task<ClientResult> AddMemberAsync(ConversationId conversation, Handle member, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(member);
        ClientResult<CipherSuite> may = Guard(() => _host.Look(engine => engine.MayAdd(conversation, member)));
        if (!may.Succeeded)
            return ClientResult.Refuse(may.Error);
        var claimed = await ClaimAsync([member], may.Value, cancellationToken);
        if (may.Value == MlsProfile.Suite && claimed.Error?.Code == ClientErrorCode.PeerUnreachable)
        {
            // A conversation keeps its suite. What is left to find out is whether they have nothing at all, or nothing that fits.
            var fallback = await ClaimFallbackAsync([member], cancellationToken);
            return ClientResult.Refuse(fallback.Error?.Code ?? ClientErrorCode.PeerNotPostQuantum);
        }

        return claimed.Succeeded
            ? await QueueAsync(engine => Numbered(conversation, engine.Add(conversation, claimed.Value, Now)), cancellationToken)
            : ClientResult.Refuse(claimed.Error);
    }

    /// <summary>Removes a person with all their devices from a group.</summary>
    public Task<ClientResult> RemoveMemberAsync(ConversationId conversation, Handle member, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(member);
        return QueueAsync(engine => Numbered(conversation, engine.Remove(conversation, member, Now)), cancellationToken);
    }

    /// <summary>Leaves a conversation.</summary>
    public Task<ClientResult> LeaveAsync(ConversationId conversation, CancellationToken cancellationToken) =>
        QueueAsync(engine => Numbered(conversation, engine.Leave(conversation, Now)), cancellationToken);

    /// <summary>Renames a group.</summary>
    public Task<ClientResult> RenameAsync(ConversationId conversation, string name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        return QueueAsync(engine => Numbered(conversation, engine.Rename(conversation, name, Now)), cancellationToken);
    }

    /// <summary>Makes an invite link to the server.</summary>
    /// <param name="uses">How many accounts may be made with it.</param>
    /// <param name="valid">For how long, to the hour.</param>
    /// <param name="cancellationToken">Stops the waiting; the invite may have been made.</param>
    public async Task<ClientResult<string>> CreateInviteAsync(int uses, TimeSpan valid, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(uses);
        var invite = new NewInvite(uses, (int)Math.Max(1, Math.Ceiling(valid.TotalHours)));
        ClientResult<Invite> made = await RequestAsync(token => _resources.CreateInviteAsync(invite, token, cancellationToken), cancellationToken);
        return made.Succeeded ? ClientResult.Of(made.Value.Link) : ClientResult.Refuse<string>(made.Error);
    }

    private static ClientResult<(ConversationId Conversation, long Number)> Numbered(ConversationId conversation, ClientResult<long> number) =>
        number.Succeeded ? ClientResult.Of((conversation, number.Value)) : ClientResult.Refuse<(ConversationId, long)>(number.Error);

    private async Task<ClientResult<ConversationId>> CreateAsync(ConversationKind kind, string name, IReadOnlyList<Handle> members, CancellationToken cancellationToken)
    {
        CipherSuite suite = MlsProfile.Suite;
        var claimed = await ClaimAsync(members, suite, cancellationToken);
        if (claimed.Error?.Code == ClientErrorCode.PeerUnreachable)
        {
            suite = MlsProfile.FallbackSuite;
            claimed = await ClaimFallbackAsync(members, cancellationToken);
            if (claimed.Succeeded && !_options.AllowsFallbackSuite)
                return ClientResult.Refuse<ConversationId>(ClientErrorCode.PeerNotPostQuantum);
        }

        if (!claimed.Succeeded)
            return ClientResult.Refuse<ConversationId>(claimed.Error);
        ImmutableArray<ReadOnlyMemory<byte>> all = [.. claimed.Value, .. await ClaimOwnOthersAsync(suite, cancellationToken)];
        ConversationId made = default;
        ClientResult ended = await QueueAsync(
            engine =>
            {
                (made, long number) = engine.Create(kind, name, suite, all, Now);
                return ClientResult.Of((made, number));
            },
            cancellationToken);
        return ended.Succeeded ? ClientResult.Of(made) : ClientResult.Refuse<ConversationId>(ended.Error);
    }

    /// <summary>One's own other devices are in a conversation from its beginning. One that cannot be now is added later.</summary>
    private async Task<ImmutableArray<ReadOnlyMemory<byte>>> ClaimOwnOthersAsync(CipherSuite suite, CancellationToken cancellationToken)
    {
        ClientResult<IReadOnlyList<DeviceInfo>> devices = await ListDevicesAsync(cancellationToken);
        if (!devices.Succeeded || devices.Value.Count < 2)
            return [];
        var claimed = await ClaimAsync([Self], suite, cancellationToken);
        return claimed.Succeeded ? claimed.Value : [];
    }

    /// <summary>
    /// Gets KeyPackages of the fallback suite for people of whom some have none of the hybrid one. Refused unless one of them says itself
    /// that it does not have it.
    /// </summary>
    private async Task<ClientResult<ImmutableArray<ReadOnlyMemory<byte>>>> ClaimFallbackAsync(IReadOnlyList<Handle> members, CancellationToken cancellationToken)
    {
        var claimed = await ClaimAsync(members, MlsProfile.FallbackSuite, cancellationToken);
        return claimed.Succeeded && !ConversationOpener.NeedsFallback(claimed.Value)
            ? ClientResult.Refuse<ImmutableArray<ReadOnlyMemory<byte>>>(ClientErrorCode.PeerUnreachable)
            : claimed;
    }

    /// <summary>Gets one KeyPackage of a suite for each device of each person, and checks them.</summary>
    private async Task<ClientResult<ImmutableArray<ReadOnlyMemory<byte>>>> ClaimAsync(IReadOnlyList<Handle> members, CipherSuite suite, CancellationToken cancellationToken)
    {
        if (_connectionLoop is null)
            return ClientResult.Refuse<ImmutableArray<ReadOnlyMemory<byte>>>(ClientErrorCode.Offline);
        var all = ImmutableArray.CreateBuilder<ReadOnlyMemory<byte>>();
        foreach (Handle member in members)
        {
            ClientResult<ClaimedKeyPackages> claimed = await RequestAsync(token => _resources.ClaimKeyPackagesAsync(member, suite, token, cancellationToken), cancellationToken);
            if (!claimed.Succeeded)
                return ClientResult.Refuse<ImmutableArray<ReadOnlyMemory<byte>>>(claimed.Error);
            var check = Guard(() => _host.Run(engine => engine.CheckKeyPackages(member, suite, claimed.Value.KeyPackages, Now)));
            if (!check.Succeeded)
                return check;
            all.AddRange(check.Value);
        }

        return all.Count <= Contracts.Limits.DevicesPerCommitMax
            ? ClientResult.Of(all.ToImmutable())
            : ClientResult.Refuse<ImmutableArray<ReadOnlyMemory<byte>>>(ClientErrorCode.GroupTooLarge);
    }

    internal Task<ClientResult<bool>> SupplyKeyPackagesAsync(CancellationToken cancellationToken) => RequestAsync(
        async token =>
        {
            ClientResult kept = await KeyPackageUpkeep.RunAsync(_host, _resources, _options.Time, token, cancellationToken);
            return kept.Succeeded ? ClientResult.Of(true) : ClientResult.Refuse<bool>(kept.Error);
        },
        cancellationToken);

    private async Task<ClientResult> QueueAsync(Func<Engine.ClientEngine, ClientResult<(ConversationId Conversation, long Number)>> input, CancellationToken cancellationToken)
    {
        if (_connectionLoop is null)
            return ClientResult.Refuse(ClientErrorCode.Offline);
        try
        {
            return await _host.QueueAsync(input, cancellationToken);
        }
        catch (ClientStoreException failed)
        {
            return ClientResult.Refuse(failed.Code);
        }
    }

    private async Task<ClientResult<T>> RequestAsync<T>(Func<string, Task<ClientResult<T>>> request, CancellationToken cancellationToken)
        where T : notnull
    {
        try
        {
            if (_connection.Token is { } token)
            {
                ClientResult<T> result = await request(token);
                if (result.Error?.Code != ClientErrorCode.SignInRefused)
                    return result;
            }

            ClientResult<string> signedIn = await _connection.SignInAsync(cancellationToken);
            if (!signedIn.Succeeded)
                return ClientResult.Refuse<T>(signedIn.Error);
            return await request(signedIn.Value);
        }
        catch (TransportException)
        {
            return ClientResult.Refuse<T>(ClientErrorCode.Offline);
        }
    }
}

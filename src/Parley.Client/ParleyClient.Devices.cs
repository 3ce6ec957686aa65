using System.Security.Cryptography;
using Parley.Client.Devices;
using Parley.Client.Store;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Resources;
using Parley.Mls.Messages;

namespace Parley.Client;

/// <content>The account's devices.</content>
public sealed partial class ParleyClient
{
    private static readonly TimeSpan LinkPollInterval = TimeSpan.FromMilliseconds(500);

    // Each look uses a KeyPackage, and the server allows one account sixty an hour of one person's.
    private const int SupplyTries = 14;
    private static readonly TimeSpan SupplyInterval = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan HandOverPollInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LinkPatience = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Takes a new device into the account, by its code or by its link text. Asks for the number that the new device shows, unless the link text was
    /// given, and says what to type there. Nothing is handed over before the number was right.
    /// </summary>
    /// <param name="codeOrText">What the new device shows.</param>
    /// <param name="askNumber">Asks the user for the number on the new device; null gives up.</param>
    /// <param name="showNumber">Shows the number to be typed on the new device.</param>
    /// <param name="cancellationToken">Stops; the code cannot be used again.</param>
    public async Task<ClientResult<DeviceId>> AddDeviceAsync(
        string codeOrText, Func<CancellationToken, Task<string?>> askNumber, Action<string> showNumber, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(codeOrText);
        ArgumentNullException.ThrowIfNull(askNumber);
        ArgumentNullException.ThrowIfNull(showNumber);
        if (!LinkProtocol.TryParse(codeOrText, out string? code, out byte[]? commitment, out byte[]? secret))
            return ClientResult.Refuse<DeviceId>(ClientErrorCode.LinkUnknown);
        ClientResult<LinkState> found = await RequestAsync(_ => _resources.GetLinkAsync(code, cancellationToken), cancellationToken);
        if (!found.Succeeded)
            return ClientResult.Refuse<DeviceId>(found.Error);
        if (commitment is not null && !commitment.AsSpan().SequenceEqual(found.Value.Commitment))
            return ClientResult.Refuse<DeviceId>(ClientErrorCode.LinkMismatch);
        ClientResult<(RevealedDevice Reveal, byte[] Transcript)> met = await MeetAsync(code, found.Value.Commitment, secret, cancellationToken);
        if (!met.Succeeded)
            return ClientResult.Refuse<DeviceId>(met.Error);
        if (secret is null)
        {
            string? typed = await askNumber(cancellationToken);
            if (typed is null || !LinkProtocol.IsNumber(typed, LinkProtocol.NumberOfNew(_options.Crypto, met.Value.Transcript)))
            {
                await PutLinkAsync(Routes.LinkHandover, code, [], cancellationToken);
                return ClientResult.Refuse<DeviceId>(ClientErrorCode.LinkMismatch);
            }

            showNumber(LinkProtocol.NumberOfExisting(_options.Crypto, met.Value.Transcript));
        }

        return await HandOverAsync(code, met.Value.Reveal, met.Value.Transcript, cancellationToken);
    }

    /// <summary>
    /// Takes a device into the group of the account's devices and adds them all to every conversation that goes on and does not have them, as far as the
    /// server hands out what it takes; the rest, and history, they settle among themselves. Says how many conversations have all devices. If it breaks
    /// off, calling it again goes on.
    /// </summary>
    /// <param name="device">Which device; null for all that the server knows as the account's.</param>
    /// <param name="cancellationToken">Stops the waiting; what was queued is done all the same.</param>
    public async Task<ClientResult<int>> AddDevicesToConversationsAsync(DeviceId? device, CancellationToken cancellationToken)
    {
        ClientResult admitted = await AdmitAsync(device, cancellationToken);
        if (!admitted.Succeeded)
            return ClientResult.Refuse<int>(admitted.Error);
        (var active, var incomplete) = _host.Look(static engine => (engine.ActiveConversations(), engine.Incomplete()));
        int left = incomplete.Count;
        foreach ((ConversationId conversation, CipherSuite suite) in active.Where(one => incomplete.Contains(one.Id)))
        {
            ClientResult<ClaimedKeyPackages> claimed = await RequestAsync(token => _resources.ClaimKeyPackagesAsync(Self, suite, token, cancellationToken), cancellationToken);
            if (claimed.Error?.Code == ClientErrorCode.RateLimited)
                break;
            if (!claimed.Succeeded)
                return ClientResult.Refuse<int>(claimed.Error);
            ClientResult added = await QueueAsync(engine => Numbered(conversation, engine.AddOwnDevices(conversation, claimed.Value.KeyPackages, Now)), cancellationToken);
            if (!added.Succeeded)
                return ClientResult.Refuse<int>(added.Error);
            left--;
        }

        return ClientResult.Of(active.Count - left);
    }

    /// <summary>
    /// Waits until a device of the account has its place in every conversation and has been handed their history. False if nothing has moved for as long
    /// as the patience lasts: it goes on whenever both are online.
    /// </summary>
    /// <param name="device">Which device; this one or another.</param>
    /// <param name="patience">How long nothing may move.</param>
    /// <param name="progress">Told how many messages have been handed over, and of how many.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    public async Task<bool> SettleAsync(DeviceId device, TimeSpan patience, Action<long, long> progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(progress);
        long movedAt = _options.Time.GetTimestamp();
        (int Conversations, long Done, long Total) last = default;
        while (!_host.Look(engine => engine.HasSettled(device)))
        {
            IEnumerable<HistoryProgress> mine = HistoryProgress.Where(one => one.To == (device == Device ? default(DeviceId?) : device)).ToList();
            var now = (Conversations.Count, mine.Sum(static one => one.Done), mine.Sum(static one => one.Total));
            if (now != last)
            {
                (last, movedAt) = (now, _options.Time.GetTimestamp());
                progress(now.Item2, now.Item3);
            }
            else if (_options.Time.GetElapsedTime(movedAt) > patience)
            {
                return false;
            }

            await Task.Delay(LinkPollInterval, _options.Time, cancellationToken);
        }

        return true;
    }

    /// <summary>Waits until what this device has begun to hand over has been handed over; false if nothing has moved for as long as the patience lasts.</summary>
    public async Task<bool> HandOverAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        long movedAt = _options.Time.GetTimestamp();
        long last = -1;
        while (HistoryProgress.Where(static one => one.To is not null).ToList() is { Count: > 0 } given)
        {
            long done = given.Sum(static one => one.Done);
            if (done != last)
                (last, movedAt) = (done, _options.Time.GetTimestamp());
            else if (_options.Time.GetElapsedTime(movedAt) > patience)
                return false;
            await Task.Delay(HandOverPollInterval, _options.Time, cancellationToken);
        }

        return true;
    }

    /// <summary>How far the handing over of history has got, to this device and from it; nothing if nothing is under way.</summary>
    public IReadOnlyList<HistoryProgress> HistoryProgress => _host.Look(static engine => engine.ReadProgress());

    /// <summary>Names one of the account's devices, on all of them; the empty name is none.</summary>
    public ClientResult SetDeviceName(DeviceId device, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Guard(() => _host.Run(engine => engine.SetDeviceName(device, name)));
    }

    /// <summary>Keeps what has been begun to be written in a conversation, for all of the account's devices; empty for nothing.</summary>
    /// <exception cref="ClientStoreException">The local store cannot be written.</exception>
    public void SetDraft(ConversationId conversation, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        _host.Run(engine => engine.SetDraft(conversation, text));
    }

    /// <summary>Mutes a conversation on all of the account's devices, or ends that.</summary>
    public ClientResult SetMuted(ConversationId conversation, bool isMuted) => Guard(() => _host.Run(engine => engine.SetMuted(conversation, isMuted)));

    /// <summary>Changes what those who are added to a group from now on are handed of what was said before.</summary>
    public Task<ClientResult> SetHistoryAsync(ConversationId conversation, HistoryPolicy policy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return policy.IsValid
            ? QueueAsync(engine => Numbered(conversation, engine.SetHistory(conversation, policy, Now)), cancellationToken)
            : throw new ArgumentException("Not a policy that can be chosen.", nameof(policy));
    }

    /// <summary>
    /// Takes another device out of the account: out of every conversation that goes on, one after the other, and off the server, where it cannot sign in
    /// any more. Refused where a conversation cannot be changed now; calling it again goes on.
    /// </summary>
    public async Task<ClientResult> RevokeDeviceAsync(DeviceId device, CancellationToken cancellationToken)
    {
        if (device == Device)
            return ClientResult.Refuse(ClientErrorCode.PeerIsSelf);

        // The server first: from here on it signs nobody in with the device, whatever becomes of the rest.
        ClientResult<bool> gone = await RequestAsync(async token => Valued(await _resources.RevokeDeviceAsync(device, token, cancellationToken)), cancellationToken);
        if (!gone.Succeeded)
            return ClientResult.Refuse(gone.Error.Code == ClientErrorCode.PeerUnknown ? ClientErrorCode.DeviceUnknown : gone.Error.Code);
        if (_host.Look(static engine => engine.HasDeviceGroup))
        {
            ClientResult noted = await QueueAsync(engine => engine.RemoveFromDevices(device, Now), cancellationToken);
            if (!noted.Succeeded)
                return noted;
        }

        foreach ((ConversationId conversation, _) in _host.Look(static engine => engine.ActiveConversations()))
        {
            ClientResult removed = await QueueAsync(engine => Numbered(conversation, engine.RemoveOwnDevice(conversation, device, Now)), cancellationToken);
            if (!removed.Succeeded)
                return removed;
        }

        return ClientResult.Success;
    }

    /// <summary>Waits until a new device has come up and said what it can be added with. Refused if that takes too long.</summary>
    public async Task<ClientResult> WaitForSupplyAsync(DeviceId device, CancellationToken cancellationToken)
    {
        for (int i = 0; i < SupplyTries; i++)
        {
            ClientResult<bool> isSupplied = await IsReadyAsync(device, cancellationToken);
            if (!isSupplied.Succeeded)
                return ClientResult.Refuse(isSupplied.Error);
            if (isSupplied.Value)
                return ClientResult.Success;
            await Task.Delay(SupplyInterval, _options.Time, cancellationToken);
        }

        return ClientResult.Refuse(ClientErrorCode.PeerUnreachable);
    }

    /// <summary>Whether the server has what a device of the account can be added with. Uses one KeyPackage of each of them.</summary>
    private async Task<ClientResult<bool>> IsReadyAsync(DeviceId device, CancellationToken cancellationToken)
    {
        ClientResult<ClaimedKeyPackages> claimed = await RequestAsync(token => _resources.ClaimKeyPackagesAsync(Self, MlsProfile.FallbackSuite, token, cancellationToken), cancellationToken);
        if (!claimed.Succeeded)
            return ClientResult.Refuse<bool>(claimed.Error);
        return ClientResult.Of(claimed.Value.KeyPackages.Any(encoded => Mls.Messages.Codec.Tls.TryDecode(encoded, out Mls.Messages.KeyPackages.KeyPackage? keyPackage, out _)
            && Identity.CertificateCheck.TryDecode(keyPackage.LeafNode, out DeviceCertificate? certificate)
            && certificate.DeviceId == device));
    }

    /// <summary>The devices of the account that the server knows, each certified by the account key; what is not is an error of the server's and left out.</summary>
    public async Task<ClientResult<IReadOnlyList<DeviceInfo>>> ListDevicesAsync(CancellationToken cancellationToken)
    {
        ClientResult<Account> account = await RequestAsync(token => _resources.GetAccountAsync(Self, token, cancellationToken), cancellationToken);
        if (!account.Succeeded)
            return ClientResult.Refuse<IReadOnlyList<DeviceInfo>>(account.Error);
        var devices = new List<DeviceInfo>();
        foreach (byte[] encoded in account.Value.Certificates)
        {
            bool isOwn = DeviceCertificate.TryDecode(encoded, out DeviceCertificate? certificate)
                && certificate.AccountKey.Span.SequenceEqual(_certificate.AccountKey.Span)
                && certificate.Handle == Self
                && Identity.CertificateCheck.IsGenuine(_options.Crypto, certificate);
            if (isOwn && certificate is not null)
                devices.Add(Describe(certificate));
        }

        return ClientResult.Of<IReadOnlyList<DeviceInfo>>(devices);
    }

    /// <summary>The one device of the account that an id, the beginning of one, or a name means; an id also where the server does not know it any more.</summary>
    public async Task<ClientResult<DeviceId>> FindDeviceAsync(string text, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!(await ListDevicesAsync(cancellationToken)).TryGetValue(out IReadOnlyList<DeviceInfo>? devices, out ClientError? error))
            return ClientResult.Refuse<DeviceId>(error);
        List<DeviceId> meant =
        [
            .. devices.Where(device => text.Length > 0 && (device.Name == text || device.Id.ToString().StartsWith(text, StringComparison.OrdinalIgnoreCase))).Select(static device => device.Id),
        ];

        // One that is gone from the server may still be in conversations, if its removal was broken off.
        if (meant.Count == 0 && DeviceId.TryParse(text, out DeviceId known))
            meant.Add(known);
        return meant.Count == 1 ? ClientResult.Of(meant[0]) : ClientResult.Refuse<DeviceId>(ClientErrorCode.DeviceUnknown);
    }

    private DeviceInfo Describe(DeviceCertificate certificate)
    {
        (string name, bool isShared) = _host.Look(engine => (engine.NameOf(certificate.DeviceId), engine.IsShared(certificate.DeviceId)));
        return new DeviceInfo(certificate.DeviceId, certificate.CreatedAt, certificate.DeviceId == Device) { Name = name, IsShared = isShared };
    }

    /// <summary>Adds a device to the group of the account's devices; with the first one, the group is made.</summary>
    private async Task<ClientResult> AdmitAsync(DeviceId? device, CancellationToken cancellationToken)
    {
        if (device is { } one && _host.Look(engine => engine.HasDeviceGroup && engine.IsShared(one)))
            return ClientResult.Success;
        ClientResult<ClaimedKeyPackages> claimed = await RequestAsync(token => _resources.ClaimKeyPackagesAsync(Self, MlsProfile.Suite, token, cancellationToken), cancellationToken);
        if (!claimed.Succeeded)
            return ClientResult.Refuse(claimed.Error);
        ClientResult admitted = await QueueAsync(engine => engine.AddToDevices(claimed.Value.KeyPackages, device, Now), cancellationToken);
        // Where all are asked for there may be no other.
        return device is null && admitted.Error?.Code == ClientErrorCode.PeerUnreachable ? ClientResult.Success : admitted;
    }

    /// <summary>Answers the new device, and waits for what it had committed to.</summary>
    private async Task<ClientResult<(RevealedDevice Reveal, byte[] Transcript)>> MeetAsync(string code, byte[] commitment, byte[]? secret, CancellationToken cancellationToken)
    {
        byte[] nonce = new byte[LinkProtocol.NonceBytes];
        _options.Crypto.FillRandom(nonce);
        var answer = new LinkAnswer(nonce, _certificate, default);
        if (secret is not null)
            answer = answer with { Mac = LinkProtocol.Mac(_options.Crypto, secret, commitment, answer) };
        byte[] encoded = answer.Encode();
        ClientResult answered = await PutLinkAsync(Routes.LinkAnswer, code, encoded, cancellationToken);
        if (!answered.Succeeded)
            return ClientResult.Refuse<(RevealedDevice, byte[])>(answered.Error);
        long begun = _options.Time.GetTimestamp();
        while (_options.Time.GetElapsedTime(begun) < LinkPatience)
        {
            ClientResult<LinkState> state = await RequestAsync(_ => _resources.GetLinkAsync(code, cancellationToken), cancellationToken);
            if (!state.Succeeded)
                return ClientResult.Refuse<(RevealedDevice, byte[])>(state.Error);
            if (state.Value.Reveal is { } shown)
            {
                RevealedDevice? reveal = RevealedDevice.TryDecode(shown);
                bool isWhatWasCommitted = reveal is not null && CryptographicOperations.FixedTimeEquals(LinkProtocol.Commit(_options.Crypto, reveal), commitment);
                return isWhatWasCommitted && reveal is not null
                    ? ClientResult.Of((reveal, LinkProtocol.Transcript(_options.Crypto, code, commitment, encoded, shown)))
                    : ClientResult.Refuse<(RevealedDevice, byte[])>(ClientErrorCode.LinkMismatch);
            }

            await Task.Delay(LinkPollInterval, _options.Time, cancellationToken);
        }

        return ClientResult.Refuse<(RevealedDevice, byte[])>(ClientErrorCode.LinkUnknown);
    }

    /// <summary>The server is told of the device first, so that it can sign in as soon as it has its account.</summary>
    private async Task<ClientResult<DeviceId>> HandOverAsync(string code, RevealedDevice reveal, byte[] transcript, CancellationToken cancellationToken)
    {
        if (_host.Look(engine => LinkProtocol.HandOver(_options.Crypto, engine.Profile.Identity, reveal, transcript, Now)) is not { } made)
            return ClientResult.Refuse<DeviceId>(ClientErrorCode.LinkMismatch);
        ClientResult<bool> registered = await RequestAsync(
            async token => Valued(await _resources.AddDeviceAsync(made.Certificate, token, cancellationToken)), cancellationToken);
        if (!registered.Succeeded)
            return ClientResult.Refuse<DeviceId>(registered.Error);
        ClientResult handed = await PutLinkAsync(Routes.LinkHandover, code, made.Handover, cancellationToken);
        return handed.Succeeded ? ClientResult.Of(made.Certificate.DeviceId) : ClientResult.Refuse<DeviceId>(handed.Error);
    }

    private async Task<ClientResult> PutLinkAsync(string route, string code, byte[] content, CancellationToken cancellationToken)
    {
        ClientResult<bool> put = await RequestAsync(async token => Valued(await _resources.PutLinkAsync(route, code, content, token, cancellationToken)), cancellationToken);
        return put.Succeeded ? ClientResult.Success : ClientResult.Refuse(put.Error);
    }

    private static ClientResult<bool> Valued(ClientResult result) => result.Succeeded ? ClientResult.Of(true) : ClientResult.Refuse<bool>(result.Error);
}

/// <summary>A device of one's account.</summary>
/// <param name="Id">Its id.</param>
/// <param name="AddedAt">When the account key certified it.</param>
/// <param name="IsThis">Whether it is this one.</param>
public sealed record DeviceInfo(DeviceId Id, DateTimeOffset AddedAt, bool IsThis)
{
    /// <summary>The name it was given, or empty.</summary>
    public string Name { get; init; } = "";

    /// <summary>Whether the account's other devices have taken it among them. Where there is no second one, the first is alone.</summary>
    public bool IsShared { get; init; }
}

using System.Security.Cryptography;
using Parley.Client.Devices;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Resources;
using Parley.Mls.Messages;

namespace Parley.Client;

/// <content>The account's devices.</content>
public sealed partial class ParleyClient
{
    private static readonly TimeSpan LinkPollInterval = TimeSpan.FromMilliseconds(500);
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
    /// Adds the account's devices to every conversation that goes on and does not have them, one conversation after the other, and says how many it
    /// went through. If it breaks off, calling it again goes on.
    /// </summary>
    public async Task<ClientResult<int>> AddDevicesToConversationsAsync(CancellationToken cancellationToken)
    {
        int done = 0;
        foreach ((ConversationId conversation, CipherSuite suite) in _host.Look(static engine => engine.ActiveConversations()))
        {
            ClientResult<ClaimedKeyPackages> claimed = await RequestAsync(token => _resources.ClaimKeyPackagesAsync(Self, suite, token, cancellationToken), cancellationToken);
            if (!claimed.Succeeded)
                return ClientResult.Refuse<int>(claimed.Error);
            ClientResult added = await QueueAsync(engine => Numbered(conversation, engine.AddOwnDevices(conversation, claimed.Value.KeyPackages, Now)), cancellationToken);
            if (!added.Succeeded)
                return ClientResult.Refuse<int>(added.Error);
            done++;
        }

        return ClientResult.Of(done);
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
        foreach ((ConversationId conversation, _) in _host.Look(static engine => engine.ActiveConversations()))
        {
            ClientResult removed = await QueueAsync(engine => Numbered(conversation, engine.RemoveOwnDevice(conversation, device, Now)), cancellationToken);
            if (!removed.Succeeded)
                return removed;
        }

        return ClientResult.Success;
    }

    /// <summary>Whether the server has what a device of the account can be added with. Uses one KeyPackage of each of them.</summary>
    public async Task<ClientResult<bool>> IsReadyAsync(DeviceId device, CancellationToken cancellationToken)
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
                devices.Add(new DeviceInfo(certificate.DeviceId, certificate.CreatedAt, certificate.DeviceId == Device));
        }

        return ClientResult.Of<IReadOnlyList<DeviceInfo>>(devices);
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
public sealed record DeviceInfo(DeviceId Id, DateTimeOffset AddedAt, bool IsThis);

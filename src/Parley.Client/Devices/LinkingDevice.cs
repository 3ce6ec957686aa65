using System.Security.Cryptography;
using Parley.Client.Identity;
using Parley.Client.Store;
using Parley.Client.Transport;
using Parley.Contracts.Identity;
using Parley.Contracts.Resources;
using Parley.Mls.Crypto;

namespace Parley.Client.Devices;

/// <summary>
/// A device without an account that waits for one of an account's devices to take it in. Its keys are in memory until it has been taken
/// in; if it breaks off, nothing is left and it begins anew with another code.
/// </summary>
public sealed class LinkingDevice : IDisposable
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(500);

    private readonly ClientOptions _options;
    private readonly Uri _address;
    private readonly ITransport _transport;
    private readonly ServerResources _resources;
    private readonly HpkeKeyPair _sealKey;
    private readonly Secret _deviceKey;
    private readonly Secret _textSecret;
    private readonly RevealedDevice _reveal;
    private readonly byte[] _commitment;
    private Link? _link;
    private LinkAnswer? _answer;
    private byte[] _transcript = [];
    private bool _isTaken;

    private LinkingDevice(ClientOptions options, Uri address)
    {
        ICryptoProvider crypto = options.Crypto;
        _options = options;
        _address = address;
        _transport = options.Transport(address);
        _resources = new ServerResources(_transport);
        _sealKey = new CryptoSuite(crypto, MlsProfile.Suite).GenerateHpkeKeyPair();
        (_deviceKey, byte[] devicePublic) = crypto.GenerateSignatureKeyPair(SignatureAlgorithm.Ed25519);
        _textSecret = new Secret(LinkProtocol.SecretBytes);
        crypto.FillRandom(_textSecret.AsWritableSpan());
        byte[] nonce = new byte[LinkProtocol.NonceBytes];
        byte[] id = new byte[Contracts.Limits.DeviceIdBytes];
        crypto.FillRandom(nonce);
        crypto.FillRandom(id);
        if (!DeviceId.TryParse(id, out DeviceId device))
            throw new InvalidOperationException("16 bytes are a device id.");
        _reveal = new RevealedDevice(nonce, _sealKey.PublicKey, devicePublic, device);
        _commitment = LinkProtocol.Commit(crypto, _reveal);
    }

    /// <summary>The code to type on the other device.</summary>
    public string Code => _link?.Code ?? "";

    /// <summary>What the QR code holds. Whoever has it needs no numbers; it is a secret for as long as the code is good.</summary>
    public string Text => LinkProtocol.ToText(Code, _commitment, _textSecret.AsSpan());

    /// <summary>Asks a server for a code. The store must hold no account.</summary>
    public static async Task<ClientResult<LinkingDevice>> BeginAsync(ClientOptions options, Uri server, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(server);
        if (Profile.Load(options.Crypto, options.Store) is { } stored)
        {
            stored.Identity.Dispose();
            if (stored.IsRegistered)
                return ClientResult.Refuse<LinkingDevice>(ClientErrorCode.AccountPresent);
        }

        var device = new LinkingDevice(options, server);
        ClientResult<Link> link = await TryAsync(() => device._resources.CreateLinkAsync(device._commitment, cancellationToken));
        if (!link.Succeeded)
        {
            device.Dispose();
            return ClientResult.Refuse<LinkingDevice>(link.Error);
        }

        device._link = link.Value;
        return ClientResult.Of(device);
    }

    /// <summary>Waits until a device answers, and says what to show.</summary>
    public async Task<ClientResult<LinkOffer>> WaitAsync(CancellationToken cancellationToken)
    {
        if (_link is not { } link)
            throw new InvalidOperationException("The linking has not begun.");
        ClientResult<LinkState> answered = await PollAsync(static state => state.Answer is not null, cancellationToken);
        if (!answered.Succeeded)
            return ClientResult.Refuse<LinkOffer>(answered.Error);
        byte[] answer = answered.Value.Answer ?? [];
        if (LinkAnswer.TryDecode(_options.Crypto, answer) is not { } read)
            return ClientResult.Refuse<LinkOffer>(ClientErrorCode.LinkMismatch);
        bool hasText = read.Mac.Length > 0;
        if (hasText && !CryptographicOperations.FixedTimeEquals(read.Mac.Span, LinkProtocol.Mac(_options.Crypto, _textSecret.AsSpan(), _commitment, read)))
            return ClientResult.Refuse<LinkOffer>(ClientErrorCode.LinkMismatch);
        byte[] reveal = _reveal.Encode();
        ClientResult shown = await TryAsync(() => _resources.RevealLinkAsync(link.Code, link.Secret, reveal, cancellationToken));
        if (!shown.Succeeded)
            return ClientResult.Refuse<LinkOffer>(shown.Error);
        _answer = read;
        _transcript = LinkProtocol.Transcript(_options.Crypto, link.Code, _commitment, answer, reveal);
        return ClientResult.Of(new LinkOffer(read.Certificate.Handle, hasText ? null : LinkProtocol.NumberOfNew(_options.Crypto, _transcript)));
    }

    /// <summary>Whether the number that the other device shows is the one it must be. Nothing is taken over before.</summary>
    public bool IsNumberOfOther(string typed) => LinkProtocol.IsNumber(typed, LinkProtocol.NumberOfExisting(_options.Crypto, _transcript));

    /// <summary>
    /// Takes over what the other device hands over, and keeps it: from then on the store holds the account. To be called after
    /// <see cref="IsNumberOfOther"/> has said yes, or where the offer has no number.
    /// </summary>
    public async Task<ClientResult<ParleyClient>> FinishAsync(CancellationToken cancellationToken)
    {
        ClientResult<LinkState> handed = await PollAsync(static state => state.Handover is not null, cancellationToken);
        if (!handed.Succeeded)
            return ClientResult.Refuse<ParleyClient>(handed.Error);
        byte[] handover = handed.Value.Handover ?? [];
        if (handover.Length == 0 || _answer is null)
            return ClientResult.Refuse<ParleyClient>(ClientErrorCode.LinkRefused);
        using LocalIdentity? identity = LinkProtocol.Open(_options.Crypto, handover, _sealKey, _answer, _reveal, _deviceKey, _transcript);
        if (identity is null)
            return ClientResult.Refuse<ParleyClient>(ClientErrorCode.LinkMismatch);
        _isTaken = true;
        try
        {
            var batch = new StoreBatch();
            new Profile(identity, _address, IsRegistered: true, Nickname: "").Save(batch);
            _options.Store.Write(batch);
        }
        catch (ClientStoreException)
        {
            return ClientResult.Refuse<ParleyClient>(ClientErrorCode.StoreFailed);
        }

        ClientResult<ParleyClient> client = await ParleyClient.OpenAsync(_options, cancellationToken);
        if (client.Succeeded)
            await client.Value.SupplyKeyPackagesAsync(cancellationToken);
        return client;
    }

    /// <summary>Zeroes the keys that nobody has taken over.</summary>
    public void Dispose()
    {
        _sealKey.Dispose();
        _textSecret.Dispose();
        if (!_isTaken)
            _deviceKey.Dispose();
        _transport.Dispose();
    }

    private async Task<ClientResult<LinkState>> PollAsync(Func<LinkState, bool> isReady, CancellationToken cancellationToken)
    {
        while (true)
        {
            ClientResult<LinkState> state = await TryAsync(() => _resources.GetLinkAsync(Code, cancellationToken));
            if (!state.Succeeded && state.Error.Code is not (ClientErrorCode.Offline or ClientErrorCode.RateLimited or ClientErrorCode.ServerBusy))
                return state;
            if (state.Succeeded && isReady(state.Value))
                return state;
            await Task.Delay(PollInterval, _options.Time, cancellationToken);
        }
    }

    private static async Task<ClientResult<T>> TryAsync<T>(Func<Task<ClientResult<T>>> request)
        where T : notnull
    {
        try
        {
            return await request();
        }
        catch (TransportException)
        {
            return ClientResult.Refuse<T>(ClientErrorCode.Offline);
        }
    }

    private static async Task<ClientResult> TryAsync(Func<Task<ClientResult>> request)
    {
        try
        {
            return await request();
        }
        catch (TransportException)
        {
            return ClientResult.Refuse(ClientErrorCode.Offline);
        }
    }
}

/// <summary>Who has answered a new device.</summary>
/// <param name="Account">The account, as its device says; certain once the numbers, or the link text, have been used.</param>
/// <param name="Number">What to show, to be typed on the other device. Null if that has read the link text.</param>
public sealed record LinkOffer(Handle Account, string? Number);

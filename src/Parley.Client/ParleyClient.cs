using Parley.Client.Engine;
using Parley.Client.Identity;
using Parley.Client.Store;
using Parley.Client.Transport;
using Parley.Contracts.Identity;

namespace Parley.Client;

/// <summary>
/// One device of one account: what a program with a user in front of it, or a bot, uses. Every method may be called from any thread.
/// What a call needs the server for is async and takes a token; cancelling stops the waiting, not what has been stored.
/// </summary>
public sealed partial class ParleyClient : IAsyncDisposable
{
    private readonly ClientOptions _options;
    private readonly EngineHost _host;
    private readonly ITransport _transport;
    private readonly ServerResources _resources;
    private readonly ConnectionLoop _connection;
    private readonly DeviceCertificate _certificate;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _newsLoop;

    // Guards the start, which may be asked for from any thread.
    private readonly Lock _startGate = new();
    private Task? _connectionLoop;
    private int _isDisposed;

    private ParleyClient(ClientOptions options, ClientEngine engine)
    {
        _options = options;
        _certificate = engine.Profile.Identity.Certificate;
        _host = new EngineHost(options.Crypto, options.Store, engine);
        _transport = options.Transport(engine.Profile.Address);
        _resources = new ServerResources(_transport);
        _connection = new ConnectionLoop(_host, _transport, _certificate, options);
        _newsLoop = RunNewsLoopAsync();
    }

    /// <summary>Raised from the client's own loop after each change; a handler may call the client, must not block and must not throw.</summary>
#pragma warning disable MA0046 // Not the (sender, args) shape: the sender is known, and the event says all there is.
    public event Action<ClientEvent>? Changed;
#pragma warning restore MA0046

    /// <summary>The account's handle.</summary>
    public Handle Self => _certificate.Handle;

    /// <summary>The server's name.</summary>
    public string Server => _certificate.Server;

    /// <summary>This device.</summary>
    public DeviceId Device => _certificate.DeviceId;

    /// <summary>How things stand with the server.</summary>
    public ConnectionStatus Connection => _connection.Status;

    /// <summary>All conversations, newest activity first.</summary>
    /// <exception cref="ClientStoreException">The local store cannot be read.</exception>
    public IReadOnlyList<Conversation> Conversations => _host.Look(static engine => engine.ReadConversations());

    /// <summary>
    /// Makes an account by invite: account key, device key, certificate, KeyPackages. If it breaks off, calling it again continues with the
    /// same keys. The store must hold no account.
    /// </summary>
    public static async Task<ClientResult<ParleyClient>> SignUpAsync(ClientOptions options, InviteLink invite, Handle handle, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(invite);
        ArgumentNullException.ThrowIfNull(handle);
        try
        {
            ClientResult registered = await SignUp.RunAsync(options, invite, handle, cancellationToken);
            if (!registered.Succeeded)
                return ClientResult.Refuse<ParleyClient>(registered.Error);
            ClientResult<ParleyClient> client = Open(options);
            // So that others can write to the new account at once. If it fails, the first connection makes it good.
            if (client.Succeeded)
                await client.Value.SupplyKeyPackagesAsync(cancellationToken);
            return client;
        }
        catch (TransportException)
        {
            return ClientResult.Refuse<ParleyClient>(ClientErrorCode.Offline);
        }
        catch (ClientStoreException failed)
        {
            return ClientResult.Refuse<ParleyClient>(failed.Code);
        }
    }

    /// <summary>Opens the account in the store, without a connection.</summary>
    public static Task<ClientResult<ParleyClient>> OpenAsync(ClientOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(Open(options));
    }

    /// <summary>Connects, and keeps connected: catches up, sends what is queued, reconnects with backoff. Calling it again does nothing.</summary>
    public void Start()
    {
        lock (_startGate)
            _connectionLoop ??= Task.Run(() => _connection.RunAsync(_stop.Token));
    }

    /// <summary>
    /// Returns when all logs have been processed up to the heads seen on subscribing; refused as soon as an attempt to connect fails.
    /// Needs <see cref="Start"/>.
    /// </summary>
    public Task<ClientResult> CatchUpAsync(CancellationToken cancellationToken) => WaitAsync(static engine => engine.IsCaughtUp ? ClientResult.Success : null, cancellationToken);

    /// <summary>
    /// Returns when nothing is queued: everything sent so far is durable on the server. Refused as soon as an attempt to connect fails, or
    /// the server does not let a conversation go on; what is queued stays queued. Receipts do not wait for their time. Needs <see cref="Start"/>.
    /// </summary>
    public Task<ClientResult> FlushAsync(CancellationToken cancellationToken)
    {
        bool isFirst = true;
        return WaitAsync(
            engine =>
            {
                if (isFirst)
                    engine.HurryReceipts(Now);
                isFirst = false;
                return engine.FlushResult;
            },
            cancellationToken);
    }

    /// <summary>The last items before an order, in ascending order.</summary>
    /// <param name="conversation">Which conversation; an unknown one has no items.</param>
    /// <param name="count">How many at most.</param>
    /// <param name="before">Only items of a lower order.</param>
    /// <exception cref="ClientStoreException">The local store cannot be read.</exception>
    public IReadOnlyList<TimelineItem> ReadTimeline(ConversationId conversation, int count, long before = long.MaxValue) =>
        _host.Look(engine => engine.ReadTimeline(conversation, count, before));

    /// <summary>Queues a message. On return it is durable in the outbox; the client's loop encrypts and sends it.</summary>
    public ClientResult<MessageId> Send(ConversationId conversation, OutgoingMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Guard(() => _host.Run(engine => engine.Send(conversation, message, Now)));
    }

    /// <summary>Takes back a message that is still queued, so that nobody is sent it. Refused once it may have left this device.</summary>
    public ClientResult Cancel(MessageId message) => Guard(() => _host.Run(engine => engine.Cancel(message)));

    /// <summary>Sets the name one goes by, told to members inside encrypted messages; the empty name goes back to the handle.</summary>
    public ClientResult SetNickname(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Guard(() => _host.Run(engine => engine.SetNickname(name, Now)));
    }

    /// <summary>Whether the others in a conversation are told what one has read. They are always told what has arrived.</summary>
    /// <exception cref="ClientStoreException">The local store cannot be read.</exception>
    public bool SendsReadReceipts => _host.Look(static engine => engine.SendsReadReceipts);

    /// <summary>Changes whether others are told what one has read.</summary>
    public ClientResult SetReadReceipts(bool areSent) => Guard(() => _host.Run(engine =>
    {
        engine.SetReadReceipts(areSent);
        return ClientResult.Success;
    }));

    /// <summary>Marks a conversation's items as read up to an order. The others are told so a little later, see <see cref="SendsReadReceipts"/>.</summary>
    /// <exception cref="ClientStoreException">The local store cannot be written.</exception>
    public void MarkRead(ConversationId conversation, long upToOrder) => _host.Run(engine => engine.MarkRead(conversation, upToOrder, Now));

    /// <summary>The safety number with a person one shares a conversation with, and whether it was confirmed.</summary>
    public ClientResult<Verification> GetVerification(Handle peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        return Guard(() => _host.Look(engine => engine.GetVerification(peer)));
    }

    /// <summary>Notes that one has compared the safety number with the person, or takes it back. Either way a changed key is accepted.</summary>
    public ClientResult ConfirmVerification(Handle peer, bool verified)
    {
        ArgumentNullException.ThrowIfNull(peer);
        return Guard(() => _host.Run(engine => engine.ConfirmVerification(peer, verified)));
    }

    /// <summary>Stops the loops and waits for them. What is queued stays stored. The store is the caller's to dispose. May be called again.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 1)
            return;
        await _stop.CancelAsync();
        foreach (Task loop in new[] { _connectionLoop, _newsLoop }.OfType<Task>())
        {
            try
            {
                await loop;
            }
            catch (OperationCanceledException)
            {
                // The end that was asked for.
            }
        }

        _host.Dispose();
        _transport.Dispose();
        _stop.Dispose();
    }

    private static ClientResult<ParleyClient> Open(ClientOptions options)
    {
        try
        {
            ClientEngine? engine = ClientEngine.Load(options.Crypto, options.Store);
            return engine is null ? ClientResult.Refuse<ParleyClient>(ClientErrorCode.AccountMissing) : ClientResult.Of(new ParleyClient(options, engine));
        }
        catch (ClientStoreException failed)
        {
            return ClientResult.Refuse<ParleyClient>(failed.Code);
        }
        catch (InvalidDataException)
        {
            return ClientResult.Refuse<ParleyClient>(ClientErrorCode.ProfileDamaged);
        }
    }

    private static ClientResult Guard(Func<ClientResult> call)
    {
        try
        {
            return call();
        }
        catch (ClientStoreException failed)
        {
            return ClientResult.Refuse(failed.Code);
        }
    }

    private static ClientResult<T> Guard<T>(Func<ClientResult<T>> call)
        where T : notnull
    {
        try
        {
            return call();
        }
        catch (ClientStoreException failed)
        {
            return ClientResult.Refuse<T>(failed.Code);
        }
    }

    private DateTimeOffset Now => _options.Time.GetUtcNow();

    private async Task<ClientResult> WaitAsync(Func<ClientEngine, ClientResult?> condition, CancellationToken cancellationToken)
    {
        if (_connectionLoop is null)
            return ClientResult.Refuse(ClientErrorCode.Offline);
        try
        {
            return await _host.WaitAsync(condition, cancellationToken);
        }
        catch (ClientStoreException failed)
        {
            return ClientResult.Refuse(failed.Code);
        }
    }

    /// <summary>Tells listeners what has changed, from one place, with no lock held.</summary>
    private async Task RunNewsLoopAsync()
    {
        // Begins on the constructor's thread and leaves it at once.
        await Task.Yield();
        while (true)
        {
            await _host.News.WaitAsync(atMost: null, _options.Time, _stop.Token);
            try
            {
                _connection.Refresh();
                foreach (ClientEvent change in _host.TakeNews())
                    Changed?.Invoke(change);
            }
            catch (Exception fault) when (!_stop.IsCancellationRequested)
            {
                // The loop's boundary: a handler that throws must not leave all others without news for ever.
                _options.Unexpected?.Invoke(fault);
            }
        }
    }
}

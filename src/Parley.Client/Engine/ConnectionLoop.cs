using Parley.Client.Store;
using Parley.Client.Transport;
using Parley.Contracts.Identity;

namespace Parley.Client.Engine;

/// <summary>Connects, signs in, works, and begins again when that ends, later each time it fails. Says at each moment how things stand.</summary>
internal sealed class ConnectionLoop(EngineHost host, ITransport transport, DeviceCertificate certificate, ClientOptions options)
{
    private readonly ServerResources _resources = new(transport);
    private readonly RetryDelay _delay = new(options.Crypto);

    // Guards the two below: the engine's news must not call a connection online that has just ended.
    private readonly Lock _gate = new();
    private ConnectionStatus _status = new(ConnectionState.Offline, "Not connected.");
    private bool _isConnected;
    private volatile string? _token;

    /// <summary>The token of the last sign-in, which the server may no longer take. Null before the first.</summary>
    public string? Token
    {
        get => _token;
        private set => _token = value;
    }

    /// <summary>How things stand.</summary>
    public ConnectionStatus Status
    {
        get
        {
            lock (_gate)
                return _status;
        }
    }

    /// <summary>The engine's news may have changed how things stand: caught up, or behind again.</summary>
    public void Refresh()
    {
        (bool isCaughtUp, bool hasHalted, bool isHeldUp) = host.Look(static engine => (engine.IsCaughtUp, engine.HasHalted, engine.IsHeldUp));
        lock (_gate)
        {
            if (!_isConnected)
                return;
            if (isCaughtUp)
                _delay.Reset();
            Set((isCaughtUp, hasHalted, isHeldUp) switch
            {
                (false, _, _) => new ConnectionStatus(ConnectionState.CatchingUp, "Reading what you missed."),
                (true, true, _) => new ConnectionStatus(ConnectionState.Online, "Online, but the server does not let a conversation go on. Tell the server’s owner."),
                (true, false, true) => new ConnectionStatus(ConnectionState.Online, "Online, but the server asks to wait. What you have written is kept and goes out soon."),
                (true, false, false) => new ConnectionStatus(ConnectionState.Online, "Online."),
            });
        }
    }

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            ClientError error = await ConnectAsync(cancellationToken);
            TimeSpan wait = End(error);
            host.FailWaiters(error);
            await Task.Delay(wait, options.Time, cancellationToken);
        }
    }

    /// <summary>Signs in for a token alone, for requests that are made while there is no connection.</summary>
    /// <exception cref="TransportException">No answer.</exception>
    public async Task<ClientResult<string>> SignInAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using ServerSession session = await OpenAsync(cancellationToken);
            return ClientResult.Of(session.Token);
        }
        catch (ServerFaultException fault)
        {
            return ClientResult.Refuse<string>(fault.Error);
        }
    }

    private async Task<ServerSession> OpenAsync(CancellationToken cancellationToken)
    {
        ServerSession session = await ServerSession.OpenAsync(host, transport, _resources, options, certificate.DeviceId, cancellationToken);
        Token = session.Token;
        return session;
    }

    /// <summary>One connection from beginning to end; returns why it ended.</summary>
    private async Task<ClientError> ConnectAsync(CancellationToken cancellationToken)
    {
        Begin(isConnected: false);
        try
        {
            await using ServerSession session = await OpenAsync(cancellationToken);
            Begin(isConnected: true);
            await session.RunAsync(cancellationToken);
            return ErrorText.Of(ClientErrorCode.Offline);
        }
        catch (TransportException)
        {
            return ErrorText.Of(ClientErrorCode.Offline);
        }
        catch (ServerFaultException fault)
        {
            return fault.Error;
        }
        catch (ClientStoreException failed)
        {
            return ErrorText.Of(failed.Code);
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
        {
            // The loop's boundary: whatever it was, the engine has been loaded anew, and the next connection is a new attempt.
            options.Unexpected?.Invoke(fault);
            return ErrorText.Of(ClientErrorCode.Failed);
        }
        finally
        {
            Forget();
        }
    }

    /// <summary>What the connection knew is void when it ends: nobody may think that everything has been read.</summary>
    private void Forget()
    {
        try
        {
            host.Run(static engine => engine.ResetConnection());
        }
        catch (ClientStoreException)
        {
            // The engine is loaded anew next time, which forgets as much.
        }
    }

    private void Begin(bool isConnected)
    {
        lock (_gate)
        {
            _isConnected = isConnected;
            Set(new ConnectionStatus(ConnectionState.Connecting, "Connecting."));
        }
    }

    /// <summary>Says that the connection has ended and how long it is until the next attempt.</summary>
    private TimeSpan End(ClientError error)
    {
        lock (_gate)
        {
            _isConnected = false;
            TimeSpan delay = _delay.Take();
            TimeSpan wait = error.RetryAfter > delay ? error.RetryAfter.Value : delay;
            Set(new ConnectionStatus(ConnectionState.Offline, error.Sentence, options.Time.GetUtcNow() + wait));
            return wait;
        }
    }

    /// <summary>With the gate held. The host's own is taken inside it, never the other way round.</summary>
    private void Set(ConnectionStatus status)
    {
        if (status == _status)
            return;
        _status = status;
        host.Tell(new ClientEvent.ConnectionChanged(status));
    }
}

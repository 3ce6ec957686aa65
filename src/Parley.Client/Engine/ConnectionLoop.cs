using Parley.Client.Store;
using Parley.Client.Transport;
using Parley.Contracts.Identity;
using Parley.Contracts.Resources;

namespace Parley.Client.Engine;

/// <summary>Connects, signs in, works, and begins again when that ends, later each time it fails. Says at each moment how things stand.</summary>
internal sealed class ConnectionLoop(EngineHost host, ITransport transport, DeviceCertificate certificate, ClientOptions options)
{
    private readonly ServerResources _resources = new(transport);
    private readonly ReconnectDelay _delay = new(options.Crypto);
    private volatile ConnectionStatus _status = new(ConnectionState.Offline, "Not connected.");
    private volatile bool _isConnected;

    /// <summary>How things stand.</summary>
    public ConnectionStatus Status => _status;

    /// <summary>The engine's news may have changed how things stand: caught up, or behind again.</summary>
    public void Refresh()
    {
        if (!_isConnected)
            return;
        (bool isCaughtUp, bool hasHalted) = host.Look(static engine => (engine.IsCaughtUp, engine.HasHalted));
        if (!isCaughtUp)
        {
            Set(new ConnectionStatus(ConnectionState.CatchingUp, "Reading what you missed."));
            return;
        }

        _delay.Reset();
        Set(new ConnectionStatus(ConnectionState.Online, hasHalted ? "Online, but the server does not let a conversation go on. Tell the server’s owner." : "Online."));
    }

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            ClientError error = await ConnectAsync(cancellationToken);
            TimeSpan wait = _delay.Take();
            Set(new ConnectionStatus(ConnectionState.Offline, error.Sentence, options.Time.GetUtcNow() + wait));
            host.FailWaiters(error);
            await Task.Delay(wait, options.Time, cancellationToken);
        }
    }

    /// <summary>A token for requests that are made beside the connection.</summary>
    /// <exception cref="TransportException">No answer.</exception>
    public async Task<ClientResult<string>> SignInAsync(CancellationToken cancellationToken)
    {
        ClientResult<Challenge> challenge = await _resources.CreateChallengeAsync(certificate.DeviceId, cancellationToken);
        if (!challenge.Succeeded)
            return ClientResult.Refuse<string>(challenge.Error);
        if (challenge.Value.Bytes.Length != Contracts.Limits.ChallengeBytes)
            return ClientResult.Refuse<string>(ClientErrorCode.ServerMisbehaved);
        byte[] signature = host.Look(engine => engine.Profile.Identity.SignChallenge(challenge.Value.Bytes));
        var answer = new NewSession(certificate.DeviceId.ToArray(), challenge.Value.Bytes, signature);
        ClientResult<Session> session = await _resources.CreateSessionAsync(answer, cancellationToken);
        return session.Succeeded ? ClientResult.Of(session.Value.Token) : ClientResult.Refuse<string>(session.Error);
    }

    /// <summary>One connection from beginning to end; returns why it ended.</summary>
    private async Task<ClientError> ConnectAsync(CancellationToken cancellationToken)
    {
        Set(new ConnectionStatus(ConnectionState.Connecting, "Connecting."));
        try
        {
            ClientResult<string> token = await SignInAsync(cancellationToken);
            if (!token.Succeeded)
                return token.Error;
            await using ServerSession session = await ServerSession.OpenAsync(
                host, transport, _resources, options, certificate.DeviceId, token.Value, cancellationToken);
            _isConnected = true;
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
        catch (ClientStoreException)
        {
            return ErrorText.Of(ClientErrorCode.StoreFailed);
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
        {
            // The loop's boundary: whatever it was, the engine has been loaded anew, and the next connection is a new attempt.
            options.Unexpected?.Invoke(fault);
            return ErrorText.Of(ClientErrorCode.Failed);
        }
        finally
        {
            _isConnected = false;
        }
    }

    private void Set(ConnectionStatus status)
    {
        if (status == _status)
            return;
        _status = status;
        host.Tell(new ClientEvent.ConnectionChanged(status));
    }
}

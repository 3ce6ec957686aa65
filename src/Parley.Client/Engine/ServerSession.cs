using System.Collections.Concurrent;
using Google.Protobuf;
using Parley.Client.KeyPackages;
using Parley.Client.Transport;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Wire;

namespace Parley.Client.Engine;

/// <summary>
/// One signed-in connection: turns the engine's requests into frames and resources, and what comes back into its inputs. Two loops, one
/// that sends and one that receives; the session ends with the first of them. A server that breaks the protocol ends it too, and is asked
/// again, from the cursor, by the next one.
/// </summary>
internal sealed class ServerSession : IAsyncDisposable
{
    // Below the contract's limit, so that the server never has to refuse.
    private const int InFlightMax = Limits.RequestsInFlightMax - 16;

    private readonly EngineHost _host;
    private readonly ServerResources _resources;
    private readonly IFrameChannel _channel;
    private readonly TimeProvider _time;
    private readonly DeviceId _device;
    private readonly ConcurrentDictionary<ulong, EngineRequest> _pending = new();
    private readonly SemaphoreSlim _places = new(InFlightMax);
    private readonly int _generation;
    private ulong _lastRequestId;

    private ServerSession(EngineHost host, ServerResources resources, IFrameChannel channel, TimeProvider time, DeviceId device)
    {
        _host = host;
        _resources = resources;
        _channel = channel;
        _time = time;
        _device = device;
        _generation = host.Generation;
    }

    /// <summary>What the server takes with HTTP requests of this device, for some hours, also when this connection has ended.</summary>
    public string Token { get; private set; } = "";

    /// <summary>Connects and signs in.</summary>
    /// <exception cref="TransportException">No connection.</exception>
    /// <exception cref="ServerFaultException">The server refuses, or broke the protocol.</exception>
    public static async Task<ServerSession> OpenAsync(
        EngineHost host, ITransport transport, ServerResources resources, ClientOptions options, DeviceId device, CancellationToken cancellationToken)
    {
        IFrameChannel channel = await transport.ConnectAsync(cancellationToken);
        var session = new ServerSession(host, resources, channel, options.Time, device);
        try
        {
            await session.SignInAsync(options.ClientName, cancellationToken);
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>Works until the connection ends.</summary>
    /// <exception cref="TransportException">The connection is gone.</exception>
    /// <exception cref="ServerFaultException">The server refuses, or broke the protocol.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _host.Run(static engine => engine.ResetConnection());
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] loops = [SendLoopAsync(stop.Token), ReceiveLoopAsync(stop.Token)];
        Task first = await Task.WhenAny(loops);
        await stop.CancelAsync();
        await Task.WhenAll(loops).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        await first;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        _places.Dispose();
    }

    /// <summary>Answers the challenge that the server begins with.</summary>
    private async Task SignInAsync(string clientName, CancellationToken cancellationToken)
    {
        ServerFrame first = await ReceiveAsync(cancellationToken);
        RefuseClosed(first);
        if (first.Challenge is not { Random.Length: Limits.ChallengeBytes } challenge)
            throw ServerFaultException.Misbehaved();
        byte[] signature = _host.Look(engine => engine.Profile.Identity.SignChallenge(challenge.Random.Span));
        var hello = new Hello
        {
            ProtocolVersion = Limits.ProtocolVersion,
            Client = clientName,
            Device = ByteString.CopyFrom(_device.ToArray()),
            Signature = ByteString.CopyFrom(signature),
        };
        await SendAsync(new ClientFrame { Hello = hello }, cancellationToken);
        ServerFrame answer = await ReceiveAsync(cancellationToken);
        RefuseClosed(answer);
        if (answer.Reply is not { } reply || reply.RequestId != _lastRequestId)
            throw ServerFaultException.Misbehaved();
        if (reply.Error != ErrorCode.None)
            throw new ServerFaultException(ErrorText.Of(reply.Error, reply.RetryAfterMs));
        if (reply.Hello is not { } welcomed)
            throw ServerFaultException.Misbehaved();
        Token = welcomed.Token;
    }

    private static void RefuseClosed(ServerFrame frame)
    {
        if (frame.Closed is { } closed)
            throw new ServerFaultException(ErrorText.Of(closed.Reason, closed.RetryAfterMs));
    }

    private async Task SendLoopAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_host.Generation != _generation)
                throw new ServerFaultException(ErrorText.Of(ClientErrorCode.StoreFailed));
            DateTimeOffset now = _time.GetUtcNow();
            (IReadOnlyList<EngineRequest> requests, DateTimeOffset? next) = _host.Look(engine => (engine.TakeRequests(now), engine.NextTime(now)));
            foreach (EngineRequest request in requests)
                await ExecuteAsync(request, cancellationToken);
            if (requests.Count == 0)
                await _host.Work.WaitAsync(next - _time.GetUtcNow(), _time, cancellationToken);
        }
    }

    private async Task ExecuteAsync(EngineRequest request, CancellationToken cancellationToken)
    {
        switch (request)
        {
            case EngineRequest.CreateLog create:
                ClientResult created = await _resources.CreateGroupAsync(create.Conversation, Token, cancellationToken);
                _host.Run(engine => engine.LogCreated(create, created, _time.GetUtcNow()));
                break;
            case EngineRequest.CheckKeyPackages:
                ClientResult kept = await KeyPackageUpkeep.RunAsync(_host, _resources, _time, Token, cancellationToken);
                if (kept.Error is { RetryAfter: { } wait })
                    _host.Run(engine => engine.StockDelayed(_time.GetUtcNow() + wait));
                else if (!kept.Succeeded)
                    throw new ServerFaultException(kept.Error);
                break;
            default:
                await _places.WaitAsync(cancellationToken);
                ClientFrame frame = ToFrame(request);
                _pending[_lastRequestId + 1] = request;
                await SendAsync(frame, cancellationToken);
                break;
        }
    }

    private async Task ReceiveLoopAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            ServerFrame frame = await ReceiveAsync(cancellationToken);
            switch (frame.BodyCase)
            {
                case ServerFrame.BodyOneofCase.Reply:
                    Handle(frame.Reply);
                    break;
                case ServerFrame.BodyOneofCase.Events:
                    Handle(frame.Events);
                    break;
                case ServerFrame.BodyOneofCase.Closed when frame.Closed.Log is null:
                    throw new ServerFaultException(ErrorText.Of(frame.Closed.Reason, frame.Closed.RetryAfterMs));
                case ServerFrame.BodyOneofCase.Closed:
                    // The end of one subscription: this device may not read on. The log has said why, or the next connection asks again.
                    break;
                default:
                    throw ServerFaultException.Misbehaved();
            }
        }
    }

    private void Handle(Reply reply)
    {
        if (!_pending.TryRemove(reply.RequestId, out EngineRequest? request))
            throw ServerFaultException.Misbehaved();
        _places.Release();
        if (reply.Error == ErrorCode.Unauthenticated)
            throw new ServerFaultException(ErrorText.Of(reply.Error));
        DateTimeOffset now = _time.GetUtcNow();
        switch (request)
        {
            case EngineRequest.Subscribe subscribe:
                var subscribed = new SubscribeReply(reply.Error, reply.Subscribed?.Head ?? 0, reply.Subscribed?.After ?? 0, reply.Subscribed?.Epoch ?? 0);
                if (!_host.Run(engine => engine.Subscribed(subscribe.Log, subscribed, now)))
                    throw ServerFaultException.Misbehaved();
                break;
            case EngineRequest.Append append:
                var answer = new AppendReply(reply.Error, ErrorText.Of(reply.Error, reply.RetryAfterMs).RetryAfter);
                _host.Run(engine => engine.Replied(append, answer, now));
                break;
        }
    }

    private void Handle(Events events)
    {
        LogId log;
        if (events.Log?.LogCase == LogRef.LogOneofCase.Group && ConversationId.TryParse(events.Log.Group.Span, out ConversationId conversation))
            log = new LogId(conversation);
        else if (events.Log?.LogCase == LogRef.LogOneofCase.Inbox && events.Log.Inbox.Span.SequenceEqual(_device.ToArray()))
            log = LogId.Inbox;
        else
            throw ServerFaultException.Misbehaved();
        if (!_host.Run(engine => engine.Receive(log, events.Envelopes, _time.GetUtcNow())))
            throw ServerFaultException.Misbehaved();
    }

    private ClientFrame ToFrame(EngineRequest request) => request switch
    {
        EngineRequest.Subscribe subscribe => new ClientFrame { Subscribe = new Subscribe { Log = ToRef(subscribe.Log), After = subscribe.After } },
        EngineRequest.Acknowledge acknowledge => new ClientFrame { Acknowledge = new Acknowledge { Log = ToRef(acknowledge.Log), Cursor = acknowledge.Cursor } },
        EngineRequest.Append append => new ClientFrame { Append = ToAppend(append) },
        _ => throw new InvalidOperationException("All kinds of requests are named."),
    };

    private static Append ToAppend(EngineRequest.Append append)
    {
        var frame = new Append
        {
            MessageId = ByteString.CopyFrom(append.Message.Id.Span),
            Message = ByteString.CopyFrom(append.Message.Message.Span),
            Welcome = ByteString.CopyFrom(append.Message.Welcome.Span),
        };
        frame.AddedDevices.Add(append.Message.Added.Select(static device => ByteString.CopyFrom(device.ToArray())));
        frame.RemovedDevices.Add(append.Message.Removed.Select(static device => ByteString.CopyFrom(device.ToArray())));
        return frame;
    }

    private LogRef ToRef(LogId log) => log.Conversation is { } conversation
        ? new LogRef { Group = ByteString.CopyFrom(conversation.ToArray()) }
        : new LogRef { Inbox = ByteString.CopyFrom(_device.ToArray()) };

    private async Task SendAsync(ClientFrame frame, CancellationToken cancellationToken)
    {
        frame.RequestId = ++_lastRequestId;
        await _channel.SendAsync(frame.ToByteArray(), cancellationToken);
    }

    private async Task<ServerFrame> ReceiveAsync(CancellationToken cancellationToken)
    {
        byte[] bytes = await _channel.ReceiveAsync(cancellationToken) ?? throw new TransportException("The server has closed the connection.");
        try
        {
            return ServerFrame.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            throw ServerFaultException.Misbehaved();
        }
    }
}

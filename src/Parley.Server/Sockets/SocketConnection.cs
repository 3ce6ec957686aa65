using System.Net;
using System.Net.WebSockets;
using Google.Protobuf;
using Parley.Contracts;
using Parley.Contracts.Wire;
using Parley.Server.Limiting;
using Parley.Server.Sequencing;
using Parley.Server.Sessions;
using Parley.Server.Storage;
using Parley.Server.Telemetry;

namespace Parley.Server.Sockets;

/// <summary>
/// One client's WebSocket: reads frames, hands requests on, answers. Appends run side by side and are answered as they become
/// durable; everything else is answered in turn. A peer that breaks the protocol is told why and disconnected. Reading stops while
/// the peer does not read its answers, or has as many requests open as it may.
/// </summary>
internal sealed partial class SocketConnection : IDisposable
{
    // Whoever has not signed in gets no more memory than this.
    private const int HelloBytesMax = 1024;

    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);

    private readonly WebSocket _socket;
    private readonly Outbound _outbound;
    private readonly ConnectionTicket _ticket;
    private readonly SocketServices _services;
    private readonly FrameReader _reader;
    private readonly SemaphoreSlim _requestSlots = new(Limits.RequestsInFlightMax);
    private IDisposable? _accountPlace;
    private double _framesFullAt;

    public SocketConnection(WebSocket socket, Outbound outbound, ConnectionTicket ticket, SocketServices services)
    {
        _socket = socket;
        _outbound = outbound;
        _ticket = ticket;
        _services = services;
        _reader = new FrameReader(socket, services);
    }

    /// <summary>Serves the connection, which comes from this network, until either side ends it. Cancelling closes it politely.</summary>
    public async Task RunAsync(IPAddress network, CancellationToken cancellationToken)
    {
        ErrorCode reason = ErrorCode.None;
        try
        {
            reason = await ServeAsync(network, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The server stops, or the connection has failed, or the peer has not answered our pings.
        }
        catch (WebSocketException e)
        {
            // The peer has gone, or does not speak WebSocket.
            Log.Broken(_services.Logger, e.WebSocketErrorCode);
        }
        catch (StoreUnavailableException)
        {
            reason = ErrorCode.StoreUnavailable;
        }
#pragma warning disable CA1031 // The connection's boundary: the peer is told that it was our fault.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Log.RequestFailed(_services.Logger, e);
            reason = ErrorCode.Internal;
        }

        await CloseAsync(reason);
    }

    public void Dispose()
    {
        _accountPlace?.Dispose();
        _outbound.Dispose();
        _reader.Dispose();
        _requestSlots.Dispose();
    }

    private async Task<ErrorCode> ServeAsync(IPAddress network, CancellationToken cancellationToken)
    {
        long revocations = _services.Subscribers.Revocations;
        if (await SignInAsync(network, cancellationToken) is not { } owner)
            return ErrorCode.None;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var subscriptions = new SubscriptionSet(owner.Device, _outbound, _services, ending);
        _services.Subscribers.Add(subscriptions);
        ServerMetrics.Connected(1);
        try
        {
            if (_services.Subscribers.Revocations != revocations && (await _services.Logs.FindUnknownAsync([owner.Device])).Count > 0)
                return ErrorCode.Unauthenticated;
            return await ReceiveRequestsAsync(owner, subscriptions, ending.Token);
        }
        catch (OperationCanceledException) when (subscriptions.IsRevoked)
        {
            return ErrorCode.Unauthenticated;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The connection has failed, or has not answered our pings; or reading from the store has failed, and this throws why.
            await ending.CancelAsync();
            await subscriptions.CaughtUpAsync();
            throw;
        }
        finally
        {
            ServerMetrics.Connected(-1);
            await ending.CancelAsync();
            subscriptions.Clear();
            await subscriptions.CaughtUpAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

            // All slots back means that no append is under way any more.
            for (int i = 0; i < Limits.RequestsInFlightMax; i++)
                await _requestSlots.WaitAsync(CancellationToken.None);
        }
    }

    /// <summary>Who has signed in. Null if the connection is over: the answer has said why.</summary>
    private async Task<SessionOwner?> SignInAsync(IPAddress network, CancellationToken cancellationToken)
    {
        byte[] challenge = _services.SignIns.CreateChallenge();
        _outbound.Write(Frames.Challenge(challenge));
        FrameReader.Result result = await ReadFirstAsync(cancellationToken);
        if (result.Frame is not { RequestId: not 0, Hello: { } hello } frame)
        {
            _outbound.Write(Frames.Closed(result.Error == ErrorCode.None ? ErrorCode.Malformed : result.Error));
            return null;
        }

        var reply = new Reply { RequestId = frame.RequestId };
        SessionOwner? owner = null;
        switch (await _services.SignIns.CheckAsync(hello, challenge, network))
        {
            case SignIns.Outcome.Refused refused:
                reply.Error = refused.Code;
                reply.RetryAfterMs = refused.RetryAfter is { } wait ? RetryAfter.Milliseconds(wait) : 0;
                break;
            case SignIns.Outcome.SignedIn signedIn when (_accountPlace = _services.Counts.TryOpenSignedIn(signedIn.Owner.Account)) is null:
                reply.Error = ErrorCode.TooManyConnections;
                break;
            case SignIns.Outcome.SignedIn signedIn:
                owner = signedIn.Owner;
                _ticket.SignIn();
                reply.Hello = _services.SignIns.Welcome(owner.Device);
                break;
        }

        Answer(reply);
        return owner;
    }

    /// <summary>The first frame, if it comes in time.</summary>
    private async Task<FrameReader.Result> ReadFirstAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _reader.ReadAsync(HelloBytesMax, TimeSpan.FromSeconds(_services.Limits.HelloSeconds), cancellationToken);
        }
        catch (TimeoutException)
        {
            return new FrameReader.Result(null, ErrorCode.TimedOut);
        }
    }

    private async Task<ErrorCode> ReceiveRequestsAsync(SessionOwner owner, SubscriptionSet subscriptions, CancellationToken cancellationToken)
    {
        AppendHandler? appends = null; // Many only listen.
        while (true)
        {
            await _outbound.RoomAsync(cancellationToken);
            await _requestSlots.WaitAsync(cancellationToken);
            bool handedOn = false;
            try
            {
                FrameReader.Result result = await _reader.ReadAsync(Limits.ClientFrameBytesMax, Timeout.InfiniteTimeSpan, cancellationToken);
                if (result.Frame is not { } frame)
                    return result.Error;
                if (frame.RequestId == 0)
                    return ErrorCode.Malformed;
                while (_services.Rates.Frames.Take(ref _framesFullAt, Rate.Now(_services.Clock)) is { } wait)
                    await Task.Delay(wait, _services.Clock, cancellationToken);
                if (frame.RequestCase == ClientFrame.RequestOneofCase.Append)
                {
                    appends ??= new AppendHandler(owner, _services);
                    (Reply? refusal, AppendRequest? request) = await appends.PrepareAsync(frame.RequestId, frame.Append);
                    handedOn = request is not null;
                    if (refusal is not null)
                        Answer(refusal);
                    else if (request is not null)
                        _ = AnswerAppendAsync(appends, frame.RequestId, request);
                }
                else
                {
                    await AnswerAsync(subscriptions, frame);
                }
            }
            finally
            {
                if (!handedOn)
                    _requestSlots.Release();
            }
        }
    }

    /// <summary>Runs on its own and never throws; it holds a request slot until it has answered, and the connection waits for all slots.</summary>
    private async Task AnswerAppendAsync(AppendHandler appends, ulong requestId, AppendRequest request)
    {
        try
        {
            Answer(await appends.AppendAsync(requestId, request));
        }
#pragma warning disable CA1031 // A request's boundary: the peer gets an answer whatever happened.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Log.RequestFailed(_services.Logger, e);
            Answer(new Reply { RequestId = requestId, Error = ErrorCode.Internal });
        }
        finally
        {
            _requestSlots.Release();
        }
    }

    private async Task AnswerAsync(SubscriptionSet subscriptions, ClientFrame frame)
    {
        var reply = new Reply { RequestId = frame.RequestId };
        switch (frame.RequestCase)
        {
            case ClientFrame.RequestOneofCase.Subscribe:
                await subscriptions.SubscribeAsync(frame.Subscribe, reply, Answer);
                return;
            case ClientFrame.RequestOneofCase.Unsubscribe:
                reply.Error = subscriptions.Unsubscribe(frame.Unsubscribe);
                break;
            case ClientFrame.RequestOneofCase.Acknowledge:
                reply.Error = await subscriptions.AcknowledgeAsync(frame.Acknowledge);
                break;
            case ClientFrame.RequestOneofCase.Ping:
                break;
            default:
                // A second Hello, or a request of a later protocol version.
                reply.Error = ErrorCode.Malformed;
                break;
        }

        Answer(reply);
    }

    private void Answer(Reply reply)
    {
        if (reply.RetryAfterMs == 0 && RetryAfter.Of(reply.Error) is { } wait)
            reply.RetryAfterMs = RetryAfter.Milliseconds(wait);
        _outbound.Write(new ServerFrame { Reply = reply }.ToByteArray());
    }

    private async Task CloseAsync(ErrorCode reason)
    {
        if (reason != ErrorCode.None)
            _outbound.Write(Frames.Closed(reason));
        Task closing = CloseWithPeerAsync(reason);
        try
        {
            await closing.WaitAsync(CloseTimeout, _services.Clock);
        }
        catch (TimeoutException)
        {
            _socket.Abort();
            _outbound.Abandon();
            await closing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task CloseWithPeerAsync(ErrorCode reason)
    {
        try
        {
            if (_socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
                await _socket.CloseOutputAsync(CloseStatus(reason), null, CancellationToken.None);
            if (_socket.State == WebSocketState.Aborted)
                _outbound.Abandon();
            await _outbound.FlushedAsync();
        }
        catch (WebSocketException)
        {
            // The peer has gone.
        }

        await _reader.DrainAsync();
    }

    private static WebSocketCloseStatus CloseStatus(ErrorCode reason) => reason switch
    {
        ErrorCode.None => WebSocketCloseStatus.NormalClosure,
        ErrorCode.TooLarge => WebSocketCloseStatus.MessageTooBig,
        ErrorCode.StoreUnavailable or ErrorCode.Internal or ErrorCode.Overloaded => WebSocketCloseStatus.InternalServerError,
        _ => WebSocketCloseStatus.PolicyViolation,
    };

    private static partial class Log
    {
        [LoggerMessage(1100, LogLevel.Debug, "A connection broke: {Error}")]
        public static partial void Broken(ILogger logger, WebSocketError error);

        [LoggerMessage(1101, LogLevel.Error, "A request failed")]
        public static partial void RequestFailed(ILogger logger, Exception error);
    }
}

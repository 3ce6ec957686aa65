using System.Net.WebSockets;
using Google.Protobuf;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Wire;
using Parley.Server.Sequencing;
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
    private const int ClientNameCharsMax = 64;

    // Whoever has not signed in gets no more memory than this.
    private const int HelloBytesMax = 1024;
    private const uint StoreRetryAfterMs = 2000;

    private static readonly TimeSpan HelloTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);

    private readonly WebSocket _socket;
    private readonly Outbound _outbound;
    private readonly SocketServices _services;
    private readonly FrameReader _reader;
    private readonly SemaphoreSlim _requestSlots = new(Limits.RequestsInFlightMax);

    public SocketConnection(WebSocket socket, Outbound outbound, SocketServices services)
    {
        _socket = socket;
        _outbound = outbound;
        _services = services;
        _reader = new FrameReader(socket);
    }

    /// <summary>Serves the connection until either side ends it. Cancelling closes it politely.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        ErrorCode reason = ErrorCode.None;
        try
        {
            reason = await ServeAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The server stops, the peer said no Hello in time, or it has not answered our pings.
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

    public void Dispose() => _requestSlots.Dispose();

    private async Task<ErrorCode> ServeAsync(CancellationToken cancellationToken)
    {
        if (await ReceiveHelloAsync(cancellationToken) is not { } device)
            return ErrorCode.None;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var subscriptions = new SubscriptionSet(device, _outbound, _services);
        Task<ErrorCode> catchingUp = subscriptions.RunAsync(ending.Token);
        Task<ErrorCode> receiving = ReceiveRequestsAsync(device, subscriptions, ending.Token);
        ServerMetrics.Connected(1);
        try
        {
            // Whichever ends first says why.
            return await await Task.WhenAny(receiving, catchingUp);
        }
        finally
        {
            ServerMetrics.Connected(-1);
            await ending.CancelAsync();
            subscriptions.Clear();
            await ((Task)Task.WhenAll(receiving, catchingUp)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

            // All slots back means that no append is under way any more.
            for (int i = 0; i < Limits.RequestsInFlightMax; i++)
                await _requestSlots.WaitAsync(CancellationToken.None);
        }
    }

    /// <summary>The device that has said Hello. Null if the connection is over: the answer has said why.</summary>
    private async Task<DeviceId?> ReceiveHelloAsync(CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(HelloTimeout, _services.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        FrameReader.Result result = await _reader.ReadAsync(HelloBytesMax, either.Token);
        if (result.Frame is not { RequestId: not 0, Hello: { } hello } frame)
        {
            ErrorCode reason = result.Error == ErrorCode.None ? ErrorCode.Malformed : result.Error;
            _outbound.Write(Frames.Closed(reason));
            return null;
        }

        DeviceId? device = null;
        ErrorCode refusal = ErrorCode.None;
        if (hello.ProtocolVersion != Limits.ProtocolVersion)
            refusal = ErrorCode.VersionUnsupported;
        else if (hello.Client.Length > ClientNameCharsMax)
            refusal = ErrorCode.Malformed;
        else if ((device = await _services.Tokens.FindDeviceAsync(hello.Token)) is null)
            refusal = ErrorCode.Unauthenticated;

        var welcomed = new Welcomed { ServerTimeMs = (ulong)_services.Clock.GetUtcNow().ToUnixTimeMilliseconds() };
        Answer(refusal == ErrorCode.None ? new Reply { RequestId = frame.RequestId, Hello = welcomed } : new Reply { RequestId = frame.RequestId, Error = refusal });
        return device;
    }

    private async Task<ErrorCode> ReceiveRequestsAsync(DeviceId device, SubscriptionSet subscriptions, CancellationToken cancellationToken)
    {
        var appends = new AppendHandler(device, _services);
        while (true)
        {
            await _outbound.RoomAsync(cancellationToken);
            await _requestSlots.WaitAsync(cancellationToken);
            bool handedOn = false;
            try
            {
                FrameReader.Result result = await _reader.ReadAsync(Limits.ClientFrameBytesMax, cancellationToken);
                if (result.Frame is not { } frame)
                    return result.Error;
                if (frame.RequestId == 0)
                    return ErrorCode.Malformed;
                if (frame.RequestCase == ClientFrame.RequestOneofCase.Append)
                {
                    (ErrorCode refusal, AppendRequest? request) = await appends.PrepareAsync(frame.Append);
                    handedOn = request is not null;
                    if (request is null)
                        Answer(new Reply { RequestId = frame.RequestId, Error = refusal });
                    else
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
        if (reply.Error == ErrorCode.StoreUnavailable)
            reply.RetryAfterMs = StoreRetryAfterMs;
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
            await closing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task CloseWithPeerAsync(ErrorCode reason)
    {
        try
        {
            if (_socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
                await _socket.CloseOutputAsync(CloseStatus(reason), null, CancellationToken.None);
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
        ErrorCode.StoreUnavailable or ErrorCode.Internal => WebSocketCloseStatus.InternalServerError,
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

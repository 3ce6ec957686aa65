using System.Threading.Channels;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Wire;
using Parley.Server.Log;
using Parley.Server.Storage;
using Parley.Server.Telemetry;

namespace Parley.Server.Sockets;

/// <summary>
/// One connection's subscriptions, and the loop that reads from the store for those that are behind: a page for each in turn, and only
/// while the peer reads, so a slow reader costs one buffer and a busy log does not starve the others.
/// </summary>
internal sealed class SubscriptionSet(DeviceId device, Outbound outbound, SocketServices services)
{
    // Protects _byLog, which the connection's receiving side and its catch-up loop change.
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Subscription> _byLog = new(StringComparer.Ordinal);

    // Holds each subscription at most once, since it falls behind once before it is live again: bounded by their number.
    private readonly Channel<Subscription> _behind = Channel.CreateUnbounded<Subscription>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>Catches up until cancelled. Returns early only when the store fails.</summary>
    public async Task<ErrorCode> RunAsync(CancellationToken cancellationToken)
    {
        await foreach (Subscription subscription in _behind.Reader.ReadAllAsync(cancellationToken))
        {
            await outbound.RoomAsync(cancellationToken);
            await services.Memory.RoomAsync(cancellationToken);
            if (!IsCurrent(subscription))
                continue;
            try
            {
                await SendPageAsync(subscription);
            }
            catch (StoreUnavailableException)
            {
                return ErrorCode.StoreUnavailable;
            }
        }

        return ErrorCode.None;
    }

    /// <summary>Answers first, so that the answer comes before the first event.</summary>
    public async Task SubscribeAsync(Subscribe request, Reply reply, Action<Reply> answer)
    {
        if (!LogName.TryParse(request.Log, out LogName? log))
        {
            reply.Error = ErrorCode.Malformed;
            answer(reply);
            return;
        }

        var subscription = new Subscription(log, device, outbound, FallBehind);
        reply.Error = TryAdd(subscription);
        if (reply.Error == ErrorCode.None)
        {
            LogAccess? access = await services.Logs.FindAccessAsync(log, device);
            reply.Error = Check(access, request.After);
            if (reply.Error != ErrorCode.None)
            {
                Remove(log);
            }
            else
            {
                reply.Subscribed = new Subscribed { Head = Math.Min(access!.Head, access.Through ?? ulong.MaxValue) }; // Not null: checked.
                answer(reply);
                subscription.Begin(access, request.After);
                return;
            }
        }

        answer(reply);
    }

    public ErrorCode Unsubscribe(Unsubscribe request) =>
        !LogName.TryParse(request.Log, out LogName? log) ? ErrorCode.Malformed : Remove(log) ? ErrorCode.None : ErrorCode.NotFound;

    public async Task<ErrorCode> AcknowledgeAsync(Acknowledge request)
    {
        if (!LogName.TryParse(request.Log, out LogName? log))
            return ErrorCode.Malformed;
        if (await services.Logs.FindAccessAsync(log, device) is not { } access)
            return ErrorCode.NotAMember;
        if (request.Cursor > access.Head)
            return ErrorCode.CursorInvalid;
        await services.Logs.AcknowledgeAsync(access.LogId, device, request.Cursor);
        return ErrorCode.None;
    }

    /// <summary>Ends all subscriptions, when the connection ends.</summary>
    public void Clear()
    {
        Subscription[] ended;
        lock (_gate)
        {
            ended = [.. _byLog.Values];
            _byLog.Clear();
        }

        foreach (Subscription subscription in ended)
            End(subscription);
    }

    private static ErrorCode Check(LogAccess? access, ulong after)
    {
        if (access is null || after >= access.Through)
            return ErrorCode.NotAMember;
        return after > access.Head ? ErrorCode.CursorInvalid : ErrorCode.None;
    }

    private async Task SendPageAsync(Subscription subscription)
    {
        switch (await subscription.SendPageAsync(services.Logs))
        {
            case CatchUpState.Behind:
                FallBehind(subscription);
                break;
            case CatchUpState.Ended when IsCurrent(subscription):
                Remove(subscription.Log);
                outbound.Write(Frames.Closed(ErrorCode.NotAMember, subscription.Log));
                break;
            case CatchUpState.Ended or CatchUpState.Live:
                break;
        }
    }

    private void FallBehind(Subscription subscription) => _behind.Writer.TryWrite(subscription);

    /// <summary>A new subscription to the same log takes the place of the old one.</summary>
    private ErrorCode TryAdd(Subscription subscription)
    {
        Remove(subscription.Log);
        lock (_gate)
        {
            if (_byLog.Count == Limits.SubscriptionsPerConnectionMax)
                return ErrorCode.TooLarge;
            _byLog.Add(subscription.Log.Key, subscription);
        }

        services.Subscribers.Add(subscription);
        ServerMetrics.Subscribed(1);
        return ErrorCode.None;
    }

    private bool Remove(LogName log)
    {
        Subscription? subscription;
        lock (_gate)
        {
            if (!_byLog.Remove(log.Key, out subscription))
                return false;
        }

        End(subscription);
        return true;
    }

    private void End(Subscription subscription)
    {
        services.Subscribers.Remove(subscription);
        subscription.End();
        ServerMetrics.Subscribed(-1);
    }

    private bool IsCurrent(Subscription subscription)
    {
        lock (_gate)
            return _byLog.TryGetValue(subscription.Log.Key, out Subscription? current) && ReferenceEquals(current, subscription);
    }
}

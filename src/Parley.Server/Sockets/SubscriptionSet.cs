using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Wire;
using Parley.Server.Log;
using Parley.Server.Telemetry;

namespace Parley.Server.Sockets;

/// <summary>
/// One connection's subscriptions, and the loop that reads from the store for those that are behind: a page for each in turn, and only
/// while the peer reads, so a slow reader costs one buffer and a busy log does not starve the others. It runs only while one is behind:
/// of most connections nothing is, most of the time.
/// </summary>
/// <param name="device">Whose they are.</param>
/// <param name="outbound">Where they are sent.</param>
/// <param name="services">What all connections use.</param>
/// <param name="ending">Cancelled when the connection ends. The loop cancels it when it fails.</param>
internal sealed class SubscriptionSet(DeviceId device, Outbound outbound, SocketServices services, CancellationTokenSource ending)
{
    // Protects the fields below, which the connection's receiving side, its catch-up loop and those who publish change.
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Subscription> _byLog = new(StringComparer.Ordinal);

    // Null while the loop does not run. Holds each subscription at most once, since it falls behind once before it is live again: bounded
    // by their number.
    private Queue<Subscription>? _behind;
    private Task _catchingUp = Task.CompletedTask;
    private bool _ended;
    private bool _isRevoked;

    public DeviceId Device => device;

    /// <summary>Whether the connection ends because its device was taken out of its account.</summary>
    public bool IsRevoked
    {
        get
        {
            lock (_gate)
                return _isRevoked;
        }
    }

    /// <summary>Returns when nothing more is sent from the store, or throws what has stopped it.</summary>
    public Task CaughtUpAsync()
    {
        lock (_gate)
            return _catchingUp;
    }

    /// <summary>Reads from the store for a subscription, which is not live until it has read all.</summary>
    public void FallBehind(Subscription subscription)
    {
        lock (_gate)
        {
            if (_ended)
                return;
            if (_behind is null)
            {
                _behind = new Queue<Subscription>();
                _catchingUp = Task.Run(CatchUpAsync);
            }

            _behind.Enqueue(subscription);
        }
    }

    /// <summary>Ends the connection, whose device was taken out of its account.</summary>
    public void Revoke()
    {
        lock (_gate)
        {
            if (_ended)
                return;
            (_ended, _isRevoked) = (true, true);
            _catchingUp = Task.WhenAll(_catchingUp, ending.CancelAsync());
        }
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

        var subscription = new Subscription(log, device, outbound, this);
        reply.Error = TryAdd(subscription);
        if (reply.Error == ErrorCode.None)
        {
            LogAccess? access = await services.Logs.FindAccessAsync(log, device, request.After);
            reply.Error = Check(access, request.After);
            if (reply.Error != ErrorCode.None)
            {
                Remove(log);
            }
            else
            {
                reply.Subscribed = new Subscribed
                {
                    Head = Math.Min(access!.Head, access.Through ?? ulong.MaxValue), // Not null: checked.
                    After = Math.Max(request.After, access.After),
                    Epoch = access.Epoch,
                };
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
        if (await services.Logs.FindAccessAsync(log, device, after: 0) is not { } access)
            return ErrorCode.NotAMember;
        if (request.Cursor > access.Head)
            return ErrorCode.CursorInvalid;
        await services.Logs.AcknowledgeAsync(access.LogId, device, request.Cursor);
        return ErrorCode.None;
    }

    /// <summary>Ends all subscriptions, when the connection ends.</summary>
    public void Clear()
    {
        services.Subscribers.Remove(this);
        Subscription[] ended;
        lock (_gate)
        {
            ended = [.. _byLog.Values];
            _byLog.Clear();
            _ended = true;
        }

        foreach (Subscription subscription in ended)
            End(subscription);
    }

    private static ErrorCode Check(LogAccess? access, ulong after)
    {
        if (access is null)
            return ErrorCode.NotAMember;
        return after > access.Head ? ErrorCode.CursorInvalid : ErrorCode.None;
    }

    private async Task CatchUpAsync()
    {
        try
        {
            while (TakeBehind() is { } subscription)
            {
                ending.Token.ThrowIfCancellationRequested();
                await outbound.RoomAsync(ending.Token);
                await services.Memory.TakeRoomAsync(Subscription.PageBytes, ending.Token);
                try
                {
                    if (IsCurrent(subscription))
                        await SendPageAsync(subscription);
                }
                finally
                {
                    services.Memory.ReturnRoom(Subscription.PageBytes);
                }
            }
        }
        catch
        {
            await ending.CancelAsync();
            throw;
        }
    }

    private Subscription? TakeBehind()
    {
        lock (_gate)
        {
            if (_behind!.TryDequeue(out Subscription? subscription)) // Not null while the loop runs, which asks.
                return subscription;
            _behind = null;
            return null;
        }
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

using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Wire;
using Parley.Mls.Messages.Framing;
using Parley.Server.Limiting;
using Parley.Server.Log;
using Parley.Server.Sequencing;
using Parley.Server.Sessions;
using Parley.Server.Storage;
using Parley.Server.Telemetry;

namespace Parley.Server.Sockets;

/// <summary>
/// Turns an <see cref="Append"/> into an <see cref="AppendRequest"/>, or a refusal. The sender is the device that has signed in on the
/// connection, never a field of the frame, so nobody can append in another's name.
///
/// Appends of one connection to one log are taken in the order they were sent, though many are under way at once. Calls to a grain
/// keep their order while it is awake but may overtake each other while it wakes, so it is woken first, and counts as awake for less
/// time than Orleans lets a grain idle. Where it is awake on this node, appends go past it to its sequencer.
/// </summary>
internal sealed class AppendHandler(SessionOwner sender, SocketServices services)
{
    private const int AwakeMax = 1000;

    private static readonly TimeSpan AwakeTime = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<LogName, Awake> _awake = new();

    /// <summary>Checks what can be checked without the log. To be awaited before the next frame is read.</summary>
    /// <returns>The request, or the answer if it is refused.</returns>
    public async ValueTask<(Reply? Refusal, AppendRequest? Request)> PrepareAsync(ulong requestId, Append append)
    {
        ErrorCode refusal = TryParse(append, out AppendRequest? request);
        if (request is null)
            return (new Reply { RequestId = requestId, Error = refusal }, null);
        TimeSpan? retryAfter = services.Rates.Appends.Take(sender.Account)
            ?? services.Rates.AppendBytes.Take(sender.Account, append.Message.Length + append.Welcome.Length);
        if (retryAfter is { } wait)
            return (new Reply { RequestId = requestId, Error = ErrorCode.RateLimited, RetryAfterMs = RetryAfter.Milliseconds(wait) }, null);
        if (!request.Added.IsEmpty && (await services.Logs.FindUnknownAsync(request.Added)).Count > 0)
            return (new Reply { RequestId = requestId, Error = ErrorCode.DeviceUnknown }, null);
        try
        {
            await WakeAsync(request.Header.Group);
            return (null, request);
        }
        catch (Exception e) when (IsNodeLost(e) || e is StoreUnavailableException)
        {
            return (new Reply { RequestId = requestId, Error = ErrorCode.StoreUnavailable }, null);
        }
    }

    public async Task<Reply> AppendAsync(ulong requestId, AppendRequest request)
    {
        long startedAt = Stopwatch.GetTimestamp();
        using Activity? span = ServerMetrics.Traces.StartActivity("append", ActivityKind.Server);
        AppendOutcome outcome;
        try
        {
            outcome = await CallAsync(request);
        }
        catch (Exception e) when (IsNodeLost(e))
        {
            // It may have been stored or not, as with a store that fails: it is to be made again.
            _awake.Clear();
            outcome = AppendOutcome.Refused(ErrorCode.StoreUnavailable);
        }

        ServerMetrics.Appended(outcome.Error, startedAt);
        var reply = new Reply { RequestId = requestId, Error = outcome.Error, RetryAfterMs = outcome.RetryAfterMs };
        if (outcome.Error == ErrorCode.None)
            reply.Appended = new Appended { Sequence = outcome.Sequence, ReceivedAtMs = outcome.ReceivedAtMs };
        return reply;
    }

    private Task<AppendOutcome> CallAsync(AppendRequest request)
    {
        LogName group = request.Header.Group;
        if (!_awake.TryGetValue(group, out Awake awake))
            return Grain(group).AppendAsync(request);
        return awake.Sequencer is { IsClosed: false } sequencer ? sequencer.AppendAsync(request) : awake.Grain.AppendAsync(request);
    }

    /// <summary>Orleans cannot reach the node of a grain, or it has left, or it does not answer.</summary>
    private static bool IsNodeLost(Exception e) => e is OrleansException or TimeoutException;

    private ILogGrain Grain(LogName group) => services.Grains.GetGrain<ILogGrain>(group.Key);

    private async ValueTask WakeAsync(LogName group)
    {
        long now = services.Clock.GetTimestamp();
        bool isKnown = _awake.TryGetValue(group, out Awake awake);
        if (isKnown && services.Clock.GetElapsedTime(awake.Since, now) <= AwakeTime)
        {
            if (awake.Sequencer is { IsClosed: false })
                return;
            if (awake.Sequencer is null)
            {
                // The call that follows keeps the grain awake. One that goes past it does not, so that it is woken again in time.
                _awake[group] = awake with { Since = now };
                return;
            }
        }

        ILogGrain grain = isKnown ? awake.Grain : Grain(group);
        await grain.WakeAsync();
        Sequencer? sequencer = services.Sequencers.Find(group.Key);
        if (sequencer is not null)
            await sequencer.ReadyAsync(group);
        if (_awake.Count >= AwakeMax)
            _awake.Clear();
        _awake[group] = new Awake(group, grain, sequencer, now);
    }

    private ErrorCode TryParse(Append append, out AppendRequest? request)
    {
        request = null;
        if (append.Message.Length > Limits.CommitBytesMax || append.Welcome.Length > Limits.WelcomeBytesMax)
            return ErrorCode.TooLarge;
        if (append.AddedDevices.Count > Limits.DevicesPerCommitMax || append.RemovedDevices.Count > Limits.DevicesPerCommitMax)
            return ErrorCode.TooLarge;
        if (!MessageId.TryParse(append.MessageId.Span, out MessageId messageId))
            return ErrorCode.Malformed;
        if (MessageHeader.TryParse(append.Message.Memory) is not { } header)
            return ErrorCode.MessageMisplaced;

        // The same name as before, whose key has been made already.
        if (_awake.TryGetValue(header.Group, out Awake awake))
            header = header with { Group = awake.Group };
        if (header.Content != ContentType.Commit && append.Message.Length > Limits.MessageBytesMax)
            return ErrorCode.TooLarge;
        if (!TryParse(append.AddedDevices, out ImmutableArray<DeviceId> added) || !TryParse(append.RemovedDevices, out ImmutableArray<DeviceId> removed))
            return ErrorCode.Malformed;

        // Only a Commit changes who may read; a Welcome comes exactly with devices to welcome.
        bool changesMembers = !added.IsEmpty || !removed.IsEmpty || !append.Welcome.IsEmpty;
        if (changesMembers && header.Content != ContentType.Commit)
            return ErrorCode.Malformed;
        if (added.IsEmpty != append.Welcome.IsEmpty || (!added.IsEmpty && !MessageHeader.IsWelcome(append.Welcome.Memory)))
            return ErrorCode.Malformed;
        request = new AppendRequest(sender.Device, messageId, header, append.Message.Memory, append.Welcome.ToByteArray(), added, removed);
        return ErrorCode.None;
    }

    private static bool TryParse(RepeatedField<ByteString> fields, out ImmutableArray<DeviceId> devices)
    {
        devices = [];
        if (fields.Count == 0)
            return true;
        var parsed = new DeviceId[fields.Count];
        devices = ImmutableCollectionsMarshal.AsImmutableArray(parsed);
        for (int i = 0; i < parsed.Length; i++)
        {
            if (!DeviceId.TryParse(fields[i].Span, out parsed[i]))
                return false;
        }

        return parsed.Distinct().Count() == parsed.Length;
    }

    /// <summary>A log whose grain is awake.</summary>
    /// <param name="Group">Its name.</param>
    /// <param name="Grain">Its grain.</param>
    /// <param name="Sequencer">Its sequencer, if the grain is on this node.</param>
    /// <param name="Since">When the grain was last called.</param>
    private readonly record struct Awake(LogName Group, ILogGrain Grain, Sequencer? Sequencer, long Since);
}

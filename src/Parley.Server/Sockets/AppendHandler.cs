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
using Parley.Server.Telemetry;

namespace Parley.Server.Sockets;

/// <summary>
/// Turns an <see cref="Append"/> into an <see cref="AppendRequest"/>, or a refusal. The sender is the device that has signed in on the
/// connection, never a field of the frame, so nobody can append in another's name.
///
/// Appends of one connection to one log are taken in the order they were sent, though many are under way at once. Calls to a grain
/// keep their order while it is awake but may overtake each other while it wakes, so it is woken first, and counts as awake for less
/// time than Orleans lets a grain idle.
/// </summary>
internal sealed class AppendHandler(SessionOwner sender, SocketServices services)
{
    private const int AwakeMax = 1000;

    private static readonly TimeSpan AwakeTime = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<string, Awake> _awake = new(StringComparer.Ordinal);

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
        if (!request.Added.IsEmpty && !await services.Logs.AllExistAsync(request.Added))
            return (new Reply { RequestId = requestId, Error = ErrorCode.DeviceUnknown }, null);
        try
        {
            await WakeAsync(request.Header.Group);
            return (null, request);
        }
        catch (Exception e) when (IsNodeLost(e))
        {
            return (new Reply { RequestId = requestId, Error = ErrorCode.StoreUnavailable }, null);
        }
    }

    public async Task<Reply> AppendAsync(ulong requestId, AppendRequest request)
    {
        long startedAt = Stopwatch.GetTimestamp();
        using Activity? span = ServerMetrics.Traces.StartActivity("append", ActivityKind.Server);
        AppendOutcome outcome = await TryAppendAsync(request);
        ServerMetrics.Appended(outcome.Error, startedAt);
        var reply = new Reply { RequestId = requestId, Error = outcome.Error, RetryAfterMs = outcome.RetryAfterMs };
        if (outcome.Error == ErrorCode.None)
            reply.Appended = new Appended { Sequence = outcome.Sequence, ReceivedAtMs = outcome.ReceivedAtMs };
        return reply;
    }

    /// <summary>An append whose node is lost on the way may have been stored or not, as with a store that fails: it is to be made again.</summary>
    private async Task<AppendOutcome> TryAppendAsync(AppendRequest request)
    {
        try
        {
            return await Grain(request.Header.Group).AppendAsync(request);
        }
        catch (Exception e) when (IsNodeLost(e))
        {
            _awake.Clear();
            return AppendOutcome.Refused(ErrorCode.StoreUnavailable);
        }
    }

    /// <summary>Orleans cannot reach the node of a grain, or it has left, or it does not answer.</summary>
    private static bool IsNodeLost(Exception e) => e is OrleansException or TimeoutException;

    private ILogGrain Grain(LogName group) =>
        _awake.TryGetValue(group.Key, out Awake awake) ? awake.Grain : services.Grains.GetGrain<ILogGrain>(group.Key);

    private async ValueTask WakeAsync(LogName group)
    {
        long now = services.Clock.GetTimestamp();
        ILogGrain grain;
        if (_awake.TryGetValue(group.Key, out Awake awake) && services.Clock.GetElapsedTime(awake.Since, now) <= AwakeTime)
        {
            grain = awake.Grain;
        }
        else
        {
            grain = Grain(group);
            await grain.WakeAsync();
            if (_awake.Count >= AwakeMax)
                _awake.Clear();
        }

        _awake[group.Key] = new Awake(grain, now);
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
        var parsed = new DeviceId[fields.Count];
        devices = ImmutableCollectionsMarshal.AsImmutableArray(parsed);
        for (int i = 0; i < parsed.Length; i++)
        {
            if (!DeviceId.TryParse(fields[i].Span, out parsed[i]))
                return false;
        }

        return parsed.Distinct().Count() == parsed.Length;
    }

    /// <summary>A grain that was called, and when it was last.</summary>
    private readonly record struct Awake(ILogGrain Grain, long Since);
}

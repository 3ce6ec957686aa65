using Orleans.Concurrency;
using Orleans.Placement;
using Parley.Contracts.Identity;
using Parley.Contracts.Wire;
using Parley.Server.Clustering;
using Parley.Server.Limiting;
using Parley.Server.Log;
using Parley.Server.Sockets;
using Parley.Server.Storage;

namespace Parley.Server.Sequencing;

/// <summary>
/// The sequencer. It numbers appends in memory as they come, without waiting for the disk, so that many share one sync; it answers
/// each only when it is durable. The store is the truth: at activation, and after any write that did not go as assumed, the grain
/// reads the log's end from the store, and numbers again what has not been acknowledged. It never holds a fact the store lacks for
/// longer than a write takes.
///
/// A cluster that has lost a node may for a moment have two of these for one log. The store takes each number once; the one that comes
/// too late finishes what it was given by the log's new end, and goes.
/// </summary>
[Reentrant]
[PreferLocalPlacement]
internal sealed class LogGrain(ILogStore store, Subscribers subscribers, Peers peers, RateLimits limits, TimeProvider clock) : Grain, ILogGrain
{
    private LogTip? _tip;

    // Shared by all appends that find the tip missing or broken at once, so that there is one new tip and not several.
    private Task<LogTip?> _loading = Task.FromResult<LogTip?>(null);

    public async Task<AppendOutcome> AppendAsync(AppendRequest request)
    {
        try
        {
            while (true)
            {
                if (await TipAsync(request.Header.Group) is not { } tip)
                    return AppendOutcome.Refused(ErrorCode.NotAMember);
                if (await TryAppendAsync(tip, request) is { } outcome)
                    return outcome;
            }
        }
        catch (StoreUnavailableException)
        {
            return AppendOutcome.Refused(ErrorCode.StoreUnavailable);
        }
    }

    public Task WakeAsync() => Task.CompletedTask;

    /// <summary>Null if the tip proved wrong and the append must start over.</summary>
    private async Task<AppendOutcome?> TryAppendAsync(LogTip tip, AppendRequest request)
    {
        ErrorCode refusal = tip.Check(request);
        if (refusal != ErrorCode.None)
            return await RefuseAsync(tip, request, refusal);

        // Only members get so far: nobody else can use up what the group may.
        string log = request.Header.Group.Key;
        if ((limits.GroupAppends.Take(log) ?? limits.GroupBytes.Take(log, request.Message.Length + request.Welcome.Length)) is { } retryAfter)
            return AppendOutcome.Refused(ErrorCode.RateLimited, retryAfter);

        ulong receivedAtMs = (ulong)clock.GetUtcNow().ToUnixTimeMilliseconds();
        NewEntry entry = tip.Number(request, receivedAtMs);
        Task<AppendResult> write = store.AppendAsync(entry);
        tip.LastWrite = write;
        switch (await write)
        {
            case AppendResult.Stored:
                Publish(request, entry);
                return new AppendOutcome(ErrorCode.None, entry.Sequence, receivedAtMs);
            case AppendResult.Repeated(var first):
                return FirstOutcome(request, first);
            case AppendResult.Stale:
                if (tip.Lease.IsOvertaken)
                    DeactivateOnIdle();
                return null;
            case var unknown:
                throw new InvalidOperationException($"The store answered {unknown.GetType().Name}.");
        }
    }

    /// <summary>
    /// Before a refusal is spoken, what it rests on must be durable: a Commit that is still being written has not won yet. And the
    /// message may be a retry of one that was taken in its time.
    /// </summary>
    private async Task<AppendOutcome?> RefuseAsync(LogTip tip, AppendRequest request, ErrorCode refusal)
    {
        await tip.LastWrite.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (tip.Lease.IsBroken)
            return null;
        if (refusal == ErrorCode.NotAMember || await store.FindEntryAsync(tip.Lease.LogId, request.MessageId) is not { } first)
            return AppendOutcome.Refused(refusal);
        return FirstOutcome(request, first);
    }

    /// <summary>The outcome of the entry that holds the message id. The Welcome is not compared: it belongs to the Commit's bytes.</summary>
    private static AppendOutcome FirstOutcome(AppendRequest request, StoredEntry first)
    {
        Envelope envelope = Envelope.Parser.ParseFrom(first.Envelope.Span);
        byte[] asRetried = EnvelopeCodec.Message(envelope.Sequence, envelope.ReceivedAtMs, request.MessageId, request.Message, request.Added, request.Removed);
        return first.Envelope.Span.SequenceEqual(asRetried)
            ? new AppendOutcome(ErrorCode.None, envelope.Sequence, envelope.ReceivedAtMs)
            : AppendOutcome.Refused(ErrorCode.MessageIdReused);
    }

    private Task<LogTip?> TipAsync(LogName log)
    {
        if (_tip is { Lease.IsBroken: false } tip)
            return Task.FromResult<LogTip?>(tip);
        if (_loading.IsCompleted)
            _loading = LoadAsync(log);
        return _loading;
    }

    private async Task<LogTip?> LoadAsync(LogName log) => _tip = await store.LoadAsync(log) is { } snapshot ? new LogTip(snapshot) : null;

    private void Publish(AppendRequest request, NewEntry entry)
    {
        LogName log = request.Header.Group;
        if (!peers.IsEmpty || subscribers.HasAny(log.Key))
            Publish(new Publication(log.Key, entry.Sequence, Frames.Events(log, [new StoredEntry(entry.Sequence, entry.Envelope)]), DeviceIds.Pack(request.Removed)));
        foreach (DeviceId device in request.Added)
            Publish(Publication.OfGrowth(LogName.Inbox(device)));
    }

    private void Publish(Publication publication)
    {
        subscribers.Publish(publication);
        peers.Publish(publication);
    }
}

using Parley.Contracts.Identity;
using Parley.Contracts.Wire;
using Parley.Server.Clustering;
using Parley.Server.Limiting;
using Parley.Server.Log;
using Parley.Server.Sockets;
using Parley.Server.Storage;

namespace Parley.Server.Sequencing;

/// <summary>
/// Orders the appends of one group's log. It numbers them in memory as they come, without waiting for the disk, so that many share one
/// sync; it answers each only when it is durable. The store is the truth: in the beginning, and after any write that did not go as
/// assumed, the sequencer reads the log's end from the store, and numbers again what has not been acknowledged. It never holds a fact the
/// store lacks for longer than a write takes.
///
/// There should be one for a log: that of the log's <see cref="LogGrain"/>, wherever in the cluster it is. When a node is lost there may
/// for a moment be two. The store takes each number once; the one that comes too late finishes what it was given by the log's new end,
/// and goes.
/// </summary>
/// <param name="services">What every sequencer uses.</param>
/// <param name="stepDown">Ends it, when there turns out to be another.</param>
internal sealed class Sequencer(SequencerServices services, Action stepDown)
{
    // Protects the fields below. It is held while a numbered entry is put into the store's line, so that the numbers and the line agree.
    // The line and the limits have locks of their own; they are the only ones taken inside it, and take none themselves.
    private readonly Lock _gate = new();
    private LogTip? _tip;

    // Shared by all appends that find the tip missing or broken at once, so that there is one new tip and not several.
    private Task<LogTip?> _loading = Task.FromResult<LogTip?>(null);

    private volatile bool _isClosed;

    /// <summary>Whether the log's grain has gone. What is under way is finished, and all else goes to the grain that comes after it.</summary>
    public bool IsClosed => _isClosed;

    /// <summary>Appends a message and returns when it is durable, or says why not. It has its number before this returns, unless the log's end must be read first.</summary>
    public async Task<AppendOutcome> AppendAsync(AppendRequest request)
    {
        try
        {
            while (true)
            {
                // Nothing here belongs to the grain's scheduler, from which this may be called.
                if (await TipAsync(request.Header.Group).ConfigureAwait(services.StaysOnContext) is not { } tip)
                    return AppendOutcome.Refused(ErrorCode.NotAMember);
                Offer offer = Number(tip, request);
                AppendOutcome? outcome = offer.Numbered is { } entry
                    ? Settle(tip, request, entry, await offer.Write.ConfigureAwait(services.StaysOnContext))
                    : await RefuseAsync(tip, request, offer).ConfigureAwait(services.StaysOnContext);
                if (outcome is not null)
                    return outcome;
            }
        }
        catch (StoreUnavailableException)
        {
            return AppendOutcome.Refused(ErrorCode.StoreUnavailable);
        }
    }

    /// <summary>Reads the log's end if it is not known, so that appends that follow get their numbers in the order in which they come.</summary>
    public async ValueTask ReadyAsync(LogName log) => await TipAsync(log).ConfigureAwait(false);

    public void Close() => _isClosed = true;

    /// <summary>Gives the message its number and puts it into the store's line, if the log takes it.</summary>
    private Offer Number(LogTip tip, AppendRequest request)
    {
        string log = request.Header.Group.Key;
        lock (_gate)
        {
            ErrorCode refusal = tip.Check(request);
            if (refusal != ErrorCode.None)
                return new Offer(refusal, null, tip.LastWrite, null);

            // Only members get so far: nobody else can use up what the group may.
            if ((services.Limits.GroupAppends.Take(log) ?? services.Limits.GroupBytes.Take(log, request.Message.Length + request.Welcome.Length)) is { } retryAfter)
                return new Offer(ErrorCode.RateLimited, retryAfter, tip.LastWrite, null);

            NewEntry entry = tip.Number(request, (ulong)services.Clock.GetUtcNow().ToUnixTimeMilliseconds());
            tip.LastWrite = services.Store.AppendAsync(entry);
            return new Offer(ErrorCode.None, null, tip.LastWrite, entry);
        }
    }

    /// <summary>Null if the tip proved wrong and the append must start over.</summary>
    private AppendOutcome? Settle(LogTip tip, AppendRequest request, NewEntry entry, AppendResult result)
    {
        switch (result)
        {
            case AppendResult.Stored:
                Publish(request, entry);
                return new AppendOutcome(ErrorCode.None, entry.Sequence, entry.ReceivedAtMs);
            case AppendResult.Repeated(var first):
                return FirstOutcome(request, first);
            case AppendResult.Stale:
                if (tip.Lease.IsOvertaken)
                    stepDown();
                return null;
            case var unknown:
                throw new InvalidOperationException($"The store answered {unknown.GetType().Name}.");
        }
    }

    /// <summary>
    /// Before a refusal is spoken, what it rests on must be durable: a Commit that is still being written has not won yet. And the
    /// message may be a retry of one that was taken in its time. Null if the tip proved wrong and the append must start over.
    /// </summary>
    private async Task<AppendOutcome?> RefuseAsync(LogTip tip, AppendRequest request, Offer offer)
    {
        if (offer.Refusal == ErrorCode.RateLimited)
            return AppendOutcome.Refused(offer.Refusal, offer.RetryAfter);
        await ((Task)offer.Write).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | (services.StaysOnContext ? ConfigureAwaitOptions.ContinueOnCapturedContext : ConfigureAwaitOptions.None));
        if (tip.Lease.IsBroken)
            return null;
        if (offer.Refusal == ErrorCode.NotAMember || await services.Store.FindEntryAsync(tip.Lease.LogId, request.MessageId).ConfigureAwait(services.StaysOnContext) is not { } first)
            return AppendOutcome.Refused(offer.Refusal);
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

    private ValueTask<LogTip?> TipAsync(LogName log)
    {
        lock (_gate)
        {
            if (_tip is { Lease.IsBroken: false } tip)
                return new(tip);
            if (_loading.IsCompleted)
                _loading = services.StaysOnContext ? LoadAsync(log) : Task.Run(() => LoadAsync(log)); // Not here, where the lock is held.
            return new(_loading);
        }
    }

    private async Task<LogTip?> LoadAsync(LogName log)
    {
        LogTip? tip = await services.Store.LoadAsync(log) is { } snapshot ? new LogTip(snapshot) : null;
        lock (_gate)
            _tip = tip;
        return tip;
    }

    private void Publish(AppendRequest request, NewEntry entry)
    {
        LogName log = request.Header.Group;
        if (!services.Peers.IsEmpty || services.Subscribers.HasAny(log.Key))
            Publish(new Publication(log.Key, entry.Sequence, Frames.Event(log, entry), DeviceIds.Pack(request.Removed)));
        foreach (DeviceId device in request.Added)
            Publish(Publication.OfGrowth(LogName.Inbox(device)));
    }

    private void Publish(Publication publication)
    {
        services.Subscribers.Publish(publication);
        services.Peers.Publish(publication);
    }

    /// <summary>What became of a message when it came.</summary>
    /// <param name="Refusal">Why the log does not take it.</param>
    /// <param name="RetryAfter">When it may take it, if it came too soon.</param>
    /// <param name="Write">The last write that was numbered: this one, if it was taken. When it is done, all before it are.</param>
    /// <param name="Numbered">The entry, if it was taken.</param>
    private readonly record struct Offer(ErrorCode Refusal, TimeSpan? RetryAfter, Task<AppendResult> Write, NewEntry? Numbered);
}

/// <summary>What every sequencer uses.</summary>
internal sealed record SequencerServices(ILogStore Store, Subscribers Subscribers, Peers Peers, RateLimits Limits, TimeProvider Clock)
{
    /// <summary>
    /// Whether what follows a write goes on where it was asked for and not on any thread: in the simulation, where one thread plays everything
    /// and a seed must repeat.
    /// </summary>
    public bool StaysOnContext { get; init; }
}

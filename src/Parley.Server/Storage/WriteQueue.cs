using System.Data.Common;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Parley.Server.Telemetry;

namespace Parley.Server.Storage;

/// <summary>
/// Group commit. All writes wait in one line; one thread takes everything that waits, applies it in one transaction and syncs the
/// disk once for all of it. The longer a sync takes, the more writes share the next one. A write completes only after its COMMIT, so
/// what was acknowledged survives a power cut.
///
/// A batch that fails is rolled back and its writes are tried again one by one, so that one bad write does not fail its neighbours.
/// A write may therefore be applied more than once. It is committed at most once, unless the connection to a database elsewhere is
/// lost at the moment of the COMMIT and nobody can say what became of it: then the write fails, and whoever made it may make it again.
/// </summary>
internal sealed partial class WriteQueue : IAsyncDisposable
{
    private const int BatchWritesMax = 1000;
    private const long WaitingBytesMax = 64 * 1024 * 1024;

    // A write meets others of other nodes only where both change the same few rows, such as one account's KeyPackages.
    private const int ConflictsMax = 20;

    // A batch meets them more often than any write in it, and to take it apart costs a sync for each.
    private const int BatchConflictsMax = 4;

    private readonly StoreSession _session;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Completions _completions = new();

    // Protects the fields below.
    private readonly object _gate = new();
    private readonly Queue<Write> _waiting = new();
    private long _waitingBytes;
    private bool _stopping;

    // The writer's thread alone: whether the store has refused a write and taken none since.
    private bool _isRefusing;

    public WriteQueue(StoreSession session, ILogger logger)
    {
        _session = session;
        _logger = logger;
        new Thread(Run) { Name = "parley-store-writer", IsBackground = true }.Start();
    }

    /// <summary>Applies the write in a transaction and completes when it is durable.</summary>
    /// <param name="apply">Runs on the writer's thread, perhaps more than once.</param>
    /// <param name="bytes">About how much memory the write holds while it waits.</param>
    /// <param name="failed">Runs on the writer's thread when the write has failed for good, before any later write is applied.</param>
    /// <exception cref="StoreUnavailableException">The store is failing, stopped, or too much is waiting.</exception>
    public Task<T> WriteAsync<T>(Func<StoreSession, T> apply, int bytes, Action<Exception>? failed) => EnqueueAsync(new SingleWrite<T>(apply, bytes, failed));

    /// <summary>
    /// The same for a write that can be applied at once with others of its kind that wait next to it. What awaits it goes on in the order
    /// of the line, one after the other, so it must not block.
    /// </summary>
    /// <param name="item">What to write.</param>
    /// <param name="apply">Runs on the writer's thread, perhaps more than once. The same delegate for all writes of the kind.</param>
    /// <param name="bytes">About how much memory the write holds while it waits.</param>
    /// <param name="failed">Runs on the writer's thread when the write has failed for good, before any later write is applied.</param>
    /// <exception cref="StoreUnavailableException">The store is failing, stopped, or too much is waiting.</exception>
    public Task<TResult> WriteTogetherAsync<TItem, TResult>(TItem item, ApplyTogether<TItem, TResult> apply, int bytes, Action<Exception>? failed) =>
        EnqueueAsync(new SharedWrite<TItem, TResult>(item, apply, bytes, failed));

    /// <summary>Refuses new writes and returns when those that wait are done.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.Pulse(_gate);
        }

        await _stopped.Task;
        _session.Dispose();
    }

    private Task<T> EnqueueAsync<T>(Write<T> write)
    {
        lock (_gate)
        {
            if (_stopping || _waitingBytes > WaitingBytesMax)
                return Task.FromException<T>(new StoreUnavailableException(_stopping ? "The store is stopping." : "Too many writes are waiting."));
            _waiting.Enqueue(write);
            _waitingBytes += write.Bytes;
            if (_waiting.Count == 1)
                Monitor.Pulse(_gate);
        }

        ServerMetrics.Waiting(1);
        return write.Task;
    }

    private void Run()
    {
        var batch = new List<Write>();
        while (TakeBatch(batch))
        {
            ServerMetrics.Waiting(-batch.Count);
            Commit(batch);
            batch.Clear();
        }

        _stopped.SetResult();
    }

    private void Commit(List<Write> batch)
    {
        Failure? result = TryCommit(CollectionsMarshal.AsSpan(batch));
        for (int conflicts = 1; result is { Kind: StoreFailure.Conflict } && conflicts < BatchConflictsMax; conflicts++)
            result = TryCommit(CollectionsMarshal.AsSpan(batch));
        switch (result)
        {
            case null:
                _completions.Add(CollectionsMarshal.AsSpan(batch));
                break;
            case { Kind: StoreFailure.Unreachable } failure:
                Log.Unreachable(_logger, failure.Error);
                batch.ForEach(write => write.Fail(failure.Error));
                _completions.Add(CollectionsMarshal.AsSpan(batch));
                break;
            default:
                batch.ForEach(CommitAlone);
                break;
        }
    }

    private void CommitAlone(Write write)
    {
        Failure? failure = TryCommit([write]);
        for (int conflicts = 1; failure is { Kind: StoreFailure.Conflict } && conflicts < ConflictsMax; conflicts++)
            failure = TryCommit([write]);
        if (failure is null)
        {
            _completions.Add([write]);
            return;
        }

        if (failure.Kind != StoreFailure.Refused)
            Log.WriteFailed(_logger, failure.Error);
        else if (!_isRefusing)
            Log.WriteRefused(_logger, failure.Error);
        _isRefusing |= failure.Kind == StoreFailure.Refused;
        write.Fail(failure.Error);
        _completions.Add([write]);
    }

    private bool TakeBatch(List<Write> batch)
    {
        lock (_gate)
        {
            while (_waiting.Count == 0)
            {
                if (_stopping)
                    return false;
                Monitor.Wait(_gate);
            }

            while (batch.Count < BatchWritesMax && _waiting.TryDequeue(out Write? write))
            {
                _waitingBytes -= write.Bytes;
                batch.Add(write);
            }

            return true;
        }
    }

    /// <summary>Applies all writes in one transaction, or none and says why.</summary>
    private Failure? TryCommit(ReadOnlySpan<Write> batch)
    {
        long startedAt = Stopwatch.GetTimestamp();
        int writes = batch.Length;
        using Activity? span = ServerMetrics.Traces.StartActivity("store.commit");
        if (span is not null)
            Link(span, batch);
        try
        {
            _session.Begin();
            while (!batch.IsEmpty)
                batch = batch[batch[0].Apply(_session, batch)..];
            _session.Commit();
            ServerMetrics.Committed(writes, startedAt);
            span?.SetTag("writes", writes);
            if (_isRefusing)
                Log.WritesAgain(_logger);
            _isRefusing = false;
            return null;
        }
#pragma warning disable CA1031 // The writer's loop boundary: whatever one write throws must not stop the others.
        catch (Exception e)
#pragma warning restore CA1031
        {
            StoreFailure kind = e is DbException failure ? _session.Classify(failure) : StoreFailure.Write;
            ServerMetrics.CommitFailed(kind);
            if (kind != StoreFailure.Unreachable)
                RollBack();
            return new Failure(kind, kind == StoreFailure.Write ? e : new StoreUnavailableException("The store cannot write.", e));
        }
    }

    /// <summary>A transaction is part of no single append, so its span points to those that it carries.</summary>
    private static void Link(Activity span, ReadOnlySpan<Write> batch)
    {
        foreach (Write write in batch)
        {
            if (write.Cause != default)
                span.AddLink(new ActivityLink(write.Cause));
        }
    }

    private void RollBack()
    {
        try
        {
            _session.RollBack();
        }
        catch (DbException e)
        {
            // A full disk may have rolled the transaction back already; then there is none, and this fails.
            Log.RollBackFailed(_logger, e.ErrorCode);
        }
    }

    private sealed record Failure(StoreFailure Kind, Exception Error);

    private static partial class Log
    {
        [LoggerMessage(1000, LogLevel.Error, "The store refused a write. Is the disk full?")]
        public static partial void WriteRefused(ILogger logger, Exception error);

        [LoggerMessage(1001, LogLevel.Debug, "No transaction to roll back (error {Code})")]
        public static partial void RollBackFailed(ILogger logger, int code);

        [LoggerMessage(1002, LogLevel.Error, "The database cannot be reached; writes are refused until it can be")]
        public static partial void Unreachable(ILogger logger, Exception error);

        [LoggerMessage(1010, LogLevel.Information, "The store takes writes again")]
        public static partial void WritesAgain(ILogger logger);

        [LoggerMessage(1003, LogLevel.Error, "A write failed")]
        public static partial void WriteFailed(ILogger logger, Exception error);
    }
}

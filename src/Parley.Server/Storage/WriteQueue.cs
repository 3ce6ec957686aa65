using Microsoft.Data.Sqlite;

namespace Parley.Server.Storage;

/// <summary>
/// Group commit. All writes wait in one line; one thread takes everything that waits, applies it in one transaction and syncs the
/// disk once for all of it. The longer a sync takes, the more writes share the next one. A write completes only after its COMMIT, so
/// what was acknowledged survives a power cut.
///
/// A batch that fails is rolled back and its writes are tried again one by one, so that one bad write does not fail its neighbours.
/// A write may therefore be applied more than once, but is committed at most once.
/// </summary>
internal sealed partial class WriteQueue : IAsyncDisposable
{
    private const int BatchWritesMax = 1000;
    private const long WaitingBytesMax = 64 * 1024 * 1024;

    private readonly SqliteSession _session;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Protects the fields below.
    private readonly object _gate = new();
    private readonly Queue<Write> _waiting = new();
    private long _waitingBytes;
    private bool _stopping;

    public WriteQueue(SqliteSession session, ILogger logger)
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
    public Task<T> WriteAsync<T>(Func<SqliteSession, T> apply, int bytes, Action<Exception>? failed)
    {
        var write = new Write<T>(apply, bytes, failed);
        lock (_gate)
        {
            if (_stopping || _waitingBytes > WaitingBytesMax)
                return Task.FromException<T>(new StoreUnavailableException(_stopping ? "The store is stopping." : "Too many writes are waiting."));
            _waiting.Enqueue(write);
            _waitingBytes += bytes;
            if (_waiting.Count == 1)
                Monitor.Pulse(_gate);
        }

        return write.Task;
    }

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

    private void Run()
    {
        var batch = new List<Write>();
        while (TakeBatch(batch))
        {
            if (batch.Count > 1 && TryCommit(batch) is null)
                batch.ForEach(write => write.Complete());
            else
                batch.ForEach(CommitAlone);
            batch.Clear();
        }

        _stopped.SetResult();
    }

    private void CommitAlone(Write write)
    {
        switch (TryCommit([write]))
        {
            case null:
                write.Complete();
                break;
            case var error:
                Log.WriteFailed(_logger, error);
                write.Fail(error);
                break;
        }
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
    private Exception? TryCommit(List<Write> batch)
    {
        try
        {
            _session.Execute("BEGIN IMMEDIATE");
            foreach (Write write in batch)
                write.Apply(_session);
            _session.Execute("COMMIT");
            return null;
        }
#pragma warning disable CA1031 // The writer's loop boundary: whatever one write throws must not stop the others.
        catch (Exception e)
#pragma warning restore CA1031
        {
            RollBack();
            return e is SqliteException sqlite && IsStoreFailing(sqlite) ? new StoreUnavailableException("The store cannot write.", e) : e;
        }
    }

    private void RollBack()
    {
        try
        {
            _session.Execute("ROLLBACK");
        }
        catch (SqliteException e)
        {
            // A full disk may have rolled the transaction back already; then there is none, and this fails.
            Log.RollBackFailed(_logger, e.SqliteErrorCode);
        }
    }

    /// <summary>SQLITE_BUSY, NOMEM, READONLY, IOERR, FULL, CANTOPEN: the store's state, not the statement, is at fault.</summary>
    private static bool IsStoreFailing(SqliteException e) => e.SqliteErrorCode is 5 or 7 or 8 or 10 or 13 or 14;

    private abstract class Write(int bytes)
    {
        public int Bytes { get; } = bytes;

        public abstract void Apply(SqliteSession session);

        public abstract void Complete();

        public abstract void Fail(Exception error);
    }

    private sealed class Write<T>(Func<SqliteSession, T> apply, int bytes, Action<Exception>? failed) : Write(bytes)
    {
        private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _result;

        public Task<T> Task => _completion.Task;

        public override void Apply(SqliteSession session) => _result = apply(session);

        // Not null unless T is: Apply has assigned what the write returned.
        public override void Complete() => _completion.SetResult(_result!);

        public override void Fail(Exception error)
        {
            failed?.Invoke(error);
            _completion.SetException(error);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1000, LogLevel.Error, "The store refused a write. Is the disk full?")]
        public static partial void WriteFailed(ILogger logger, Exception error);

        [LoggerMessage(1001, LogLevel.Debug, "No transaction to roll back (SQLite error {Code})")]
        public static partial void RollBackFailed(ILogger logger, int code);
    }
}

using Parley.Client.Store;
using Parley.Mls.Crypto;

namespace Parley.Client.Engine;

/// <summary>
/// Owns the engine. Every input is one <see cref="Run{T}"/>: the engine works it out in memory, its batch is written, and only then does
/// anybody see a result. If the batch cannot be written, or the engine fails in the middle, what is in memory is no longer what is stored:
/// the engine is dropped, and the next input meets one that is loaded anew.
/// </summary>
internal sealed class EngineHost : IDisposable
{
    // Guards the engine, the waiters and the listeners' news: inputs come from the connection and from any thread of the program's.
    // Nothing is awaited and no handler is called while it is held.
    private readonly Lock _gate = new();
    private readonly ICryptoProvider _crypto;
    private readonly IClientStore _store;
    private readonly List<Waiter> _waiters = [];
    private readonly Dictionary<(ConversationId, long), TaskCompletionSource<ClientResult>> _outcomes = [];
    private readonly HashSet<ClientEvent> _news = [];
    private ClientEngine? _engine;
    private bool _wasCaughtUp;
    private bool _isDisposed;

    public EngineHost(ICryptoProvider crypto, IClientStore store, ClientEngine engine)
    {
        _crypto = crypto;
        _store = store;
        _engine = engine;
    }

    /// <summary>Set when an input may have given the engine something to ask of the server.</summary>
    public Signal Work { get; } = new();

    /// <summary>Set when there is news for listeners.</summary>
    public Signal News { get; } = new();

    /// <summary>How often the engine had to be loaded anew: a connection that began with another one is void.</summary>
    public int Generation { get; private set; }

    /// <summary>Gives the engine one input.</summary>
    /// <exception cref="ClientStoreException">The store failed; nothing has changed.</exception>
    public T Run<T>(Func<ClientEngine, T> input)
    {
        T result = Look(input);
        Work.Set();
        return result;
    }

    /// <summary>Asks the engine for something that gives it no new work for the connection, which is not woken.</summary>
    /// <exception cref="ClientStoreException">The store failed; nothing has changed.</exception>
    public T Look<T>(Func<ClientEngine, T> input)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            bool isDone = false;
            try
            {
                ClientEngine engine = _engine ??= ClientEngine.Load(_crypto, _store) ?? throw new ClientStoreException("The account has gone from the store.");
                T result = input(engine);
                EngineStep step = engine.TakeStep();
                if (!step.Batch.IsEmpty)
                    _store.Write(step.Batch);
                isDone = true;
                Publish(engine, step);
                return result;
            }
            finally
            {
                if (!isDone)
                    DropEngine();
            }
        }
    }

    /// <summary>Gives the engine one input that has no result.</summary>
    /// <exception cref="ClientStoreException">The store failed; nothing has changed.</exception>
    public void Run(Action<ClientEngine> input) => Run(engine =>
    {
        input(engine);
        return true;
    });

    /// <summary>Queues something and waits until it has come to its end.</summary>
    public async Task<ClientResult> QueueAsync(Func<ClientEngine, ClientResult<(ConversationId Conversation, long Number)>> input, CancellationToken cancellationToken)
    {
        var ended = new TaskCompletionSource<ClientResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        ClientResult<(ConversationId Conversation, long Number)> queued = Run(engine =>
        {
            ClientResult<(ConversationId Conversation, long Number)> result = input(engine);
            if (result.Succeeded)
                _outcomes[result.Value] = ended;
            return result;
        });
        if (!queued.Succeeded)
            return ClientResult.Refuse(queued.Error);
        try
        {
            return await ended.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            lock (_gate)
                _outcomes.Remove(queued.Value);
        }
    }

    /// <summary>Waits until there is a result, or the connection fails.</summary>
    public async Task<ClientResult> WaitAsync(Func<ClientEngine, ClientResult?> condition, CancellationToken cancellationToken)
    {
        var waiter = new Waiter(condition, new TaskCompletionSource<ClientResult>(TaskCreationOptions.RunContinuationsAsynchronously));
        Run(engine =>
        {
            if (condition(engine) is { } result)
                waiter.Ended.TrySetResult(result);
            else
                _waiters.Add(waiter);
        });
        try
        {
            return await waiter.Ended.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            lock (_gate)
                _waiters.Remove(waiter);
        }
    }

    /// <summary>The connection has failed: those who wait for it are told instead of being left.</summary>
    public void FailWaiters(ClientError error)
    {
        lock (_gate)
        {
            foreach (Waiter waiter in _waiters)
                waiter.Ended.TrySetResult(ClientResult.Refuse(error));
            _waiters.Clear();
        }
    }

    /// <summary>Adds news that do not come from the engine.</summary>
    public void Tell(ClientEvent change)
    {
        lock (_gate)
            _news.Add(change);
        News.Set();
    }

    /// <summary>Takes the news that have gathered, each once.</summary>
    public IReadOnlyList<ClientEvent> TakeNews()
    {
        lock (_gate)
        {
            ClientEvent[] taken = [.. _news];
            _news.Clear();
            return taken;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _engine?.Dispose();
            _engine = null;
            foreach (TaskCompletionSource<ClientResult> ended in _outcomes.Values)
                ended.TrySetResult(ClientResult.Refuse(ClientErrorCode.Offline));
        }

        FailWaiters(ErrorText.Of(ClientErrorCode.Offline));
    }

    private void Publish(ClientEngine engine, EngineStep step)
    {
        foreach (OutboxOutcome outcome in step.Outcomes)
        {
            if (_outcomes.Remove((outcome.Conversation, outcome.Number), out TaskCompletionSource<ClientResult>? ended))
                ended.TrySetResult(outcome.Result);
        }

        for (int i = _waiters.Count - 1; i >= 0; i--)
        {
            if (_waiters[i].Condition(engine) is not { } result)
                continue;
            _waiters[i].Ended.TrySetResult(result);
            _waiters.RemoveAt(i);
        }

        _news.UnionWith(step.Events);
        foreach (LogFault fault in step.Faults)
        {
            if (FaultText.Of(fault) is { } sentence)
                _news.Add(new ClientEvent.ServerFault(sentence));
        }

        // That everything has been read is news even if there was nothing to read.
        bool isCaughtUp = engine.IsCaughtUp;
        if (_news.Count > 0 || isCaughtUp != _wasCaughtUp)
            News.Set();
        _wasCaughtUp = isCaughtUp;
    }

    private void DropEngine()
    {
        _engine?.Dispose();
        _engine = null;
        Generation++;
        Work.Set();
    }

    private sealed record Waiter(Func<ClientEngine, ClientResult?> Condition, TaskCompletionSource<ClientResult> Ended);
}

namespace Parley.Bench.Server.Measuring;

/// <summary>Clients that keep a server busy until they are disposed.</summary>
internal abstract class Load : IAsyncDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _running = Task.CompletedTask;

    /// <summary>Starts, and counts each delivery.</summary>
    public void Start(Latencies latencies) => _running = Task.WhenAll(Run(latencies, _ending.Token).Select(WatchAsync).ToArray());

    /// <summary>Lets it run for a while. Throws what a client has thrown.</summary>
    public async Task RunForAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        Task waiting = Task.Delay(time, cancellationToken);
        await await Task.WhenAny(waiting, _failed.Task);
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _running;
        foreach (IDisposable connection in Connections)
            connection.Dispose();
        _ending.Dispose();
    }

    /// <summary>What is disposed when it has ended.</summary>
    protected abstract IEnumerable<IDisposable> Connections { get; }

    /// <summary>The loops of the clients, which end by cancellation.</summary>
    protected abstract IEnumerable<Task> Run(Latencies latencies, CancellationToken cancellationToken);

    private async Task WatchAsync(Task loop)
    {
        try
        {
            await loop;
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
#pragma warning disable CA1031 // A client's boundary: whoever measures is told.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _failed.TrySetException(e);
        }
    }
}

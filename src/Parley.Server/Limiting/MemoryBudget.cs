using System.Collections.Concurrent;
using Parley.Server.Telemetry;

namespace Parley.Server.Limiting;

/// <summary>Something that holds bytes for a peer until it reads them.</summary>
internal interface IHeldBytes
{
    /// <summary>How many.</summary>
    int HeldBytes { get; }

    /// <summary>For how long the peer has read nothing of what waits for it.</summary>
    TimeSpan StalledFor { get; }

    /// <summary>Ends the connection and lets go of the bytes.</summary>
    void Abandon();
}

/// <summary>
/// The memory that all connections share for what they have not read yet, and for large frames of which a part has come. Each has a
/// limit of its own, but ten thousand that stop reading at once would still be too much. When what waits is too much, nothing is read
/// from the store for anybody, live events go only to those that have nothing waiting, and whoever has read nothing for a while is
/// disconnected, the largest first; it resumes from its cursor.
/// </summary>
internal sealed class MemoryBudget(ServerLimits limits, TimeProvider clock) : BackgroundService
{
    private const long Megabyte = 1024 * 1024;

    // A page is there three times over before it waits for its peer: as it is read, as a frame, and in the connection's buffer. And the entry
    // that a page is made of may be as large as a Commit with its Welcome. So few have room at once, which is enough to keep the store busy.
    private const int RoomsMax = 16;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan StalledMax = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<IHeldBytes, bool> _holders = new();

    // Protects the line of those who wait for room, and how many have it. One line and one timer: thousands that each looked for themselves would keep a core busy.
    private readonly Lock _gate = new();
    private readonly LinkedList<(int Bytes, TaskCompletionSource Turn)> _line = new();
    private int _rooms;
    private long _queuedBytes;
    private long _frameBytes;

    /// <summary>Whether more waits than may.</summary>
    public bool IsFull => Interlocked.Read(ref _queuedBytes) > limits.QueueMegabytes * Megabyte;

    /// <summary>What waits to be read by peers.</summary>
    public long QueuedBytes => Interlocked.Read(ref _queuedBytes);

    /// <summary>Looks after a connection until it is removed.</summary>
    public void Add(IHeldBytes holder) => _holders.TryAdd(holder, true);

    public void Remove(IHeldBytes holder) => _holders.TryRemove(holder, out _);

    /// <summary>What waits has grown or shrunk.</summary>
    public void Queued(int change)
    {
        Interlocked.Add(ref _queuedBytes, change);
        ServerMetrics.Queued(change);
    }

    /// <summary>Makes room for a part of a large frame. False if there is none.</summary>
    public bool TryTakeFrame(int bytes)
    {
        if (Interlocked.Add(ref _frameBytes, bytes) <= limits.FrameMegabytes * Megabyte)
            return true;
        ReturnFrame(bytes);
        return false;
    }

    public void ReturnFrame(int bytes) => Interlocked.Add(ref _frameBytes, -bytes);

    /// <summary>
    /// Returns when there is room for what is read from the store, which is taken at once: of thousands that wait, those that find room
    /// leave none for the others.
    /// </summary>
    /// <param name="bytes">About how much it is, to be given back by <see cref="ReturnRoom"/> when it waits or is there no more.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask TakeRoomAsync(int bytes, CancellationToken cancellationToken)
    {
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        LinkedListNode<(int Bytes, TaskCompletionSource Turn)> place;
        lock (_gate)
        {
            if (_line.First is null && TryTakeRoom(bytes))
                return;
            place = _line.AddLast((bytes, turn));
        }

        // Whoever completes it first decides: room that was given is never lost to a wait that ended at the same moment.
        await using CancellationTokenRegistration ended = cancellationToken.UnsafeRegister(
            static (turn, token) => ((TaskCompletionSource)turn!).TrySetCanceled(token), turn); // Not null: given above.
        try
        {
            await turn.Task;
        }
        catch (OperationCanceledException)
        {
            lock (_gate)
            {
                if (place.List is not null)
                    _line.Remove(place);
            }

            throw;
        }
    }

    public void ReturnRoom(int bytes)
    {
        lock (_gate)
            LeaveRoom(bytes);
        GiveRoom();
    }

    /// <summary>Disconnects those who do not read, while there is too much.</summary>
    public void Relieve()
    {
        if (!IsFull)
            return;
        foreach (IHeldBytes holder in _holders.Keys.Where(static holder => holder.StalledFor > StalledMax).OrderByDescending(static holder => holder.HeldBytes))
        {
            if (!IsFull)
                return;
            holder.Abandon();
            ServerMetrics.Limited("queue_bytes");
        }
    }

    /// <summary>Lets those go on for whom there is room, in the order in which they came.</summary>
    private void GiveRoom()
    {
        lock (_gate)
        {
            while (_line.First is { Value: var (bytes, turn) } && TryTakeRoom(bytes))
            {
                _line.RemoveFirst();
                if (!turn.TrySetResult())
                    LeaveRoom(bytes);
            }
        }
    }

    private void LeaveRoom(int bytes)
    {
        _rooms--;
        Interlocked.Add(ref _queuedBytes, -bytes);
    }

    /// <summary>The last one may take more than there is, so that it is seen when there is too little.</summary>
    private bool TryTakeRoom(int bytes)
    {
        if (_rooms == RoomsMax || IsFull)
            return false;
        _rooms++;
        Interlocked.Add(ref _queuedBytes, bytes);
        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, clock);
        long relievedAt = clock.GetTimestamp();
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            // Peers that read make room as well, and tell nobody.
            GiveRoom();
            if (clock.GetElapsedTime(relievedAt) < Interval)
                continue;
            Relieve();
            relievedAt = clock.GetTimestamp();
        }
    }
}

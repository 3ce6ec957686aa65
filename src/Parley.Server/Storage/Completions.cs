namespace Parley.Server.Storage;

/// <summary>
/// Tells those who wait, in the order of the line, on one thread of the pool at a time: the writer's own goes on writing, and a thread
/// for each of many writes that share a sync would cost more than most of them have left to do.
/// </summary>
internal sealed class Completions : IThreadPoolWorkItem
{
    // Protects the fields below.
    private readonly Lock _gate = new();
    private List<Write> _done = [];
    private bool _isTelling;

    // The telling thread's alone.
    private List<Write> _told = [];

    public void Add(ReadOnlySpan<Write> writes)
    {
        lock (_gate)
        {
            _done.AddRange(writes);
            if (_isTelling)
                return;
            _isTelling = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    public void Execute()
    {
        while (TryTake())
        {
            _told.ForEach(static write => write.Complete());
            _told.Clear();
        }
    }

    private bool TryTake()
    {
        lock (_gate)
        {
            (_done, _told) = (_told, _done);
            return _isTelling = _told.Count > 0;
        }
    }
}

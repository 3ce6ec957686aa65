using System.Diagnostics;

namespace Parley.Server.Storage;

/// <summary>What waits in the line of a <see cref="WriteQueue"/>.</summary>
/// <param name="bytes">About how much memory it holds while it waits.</param>
internal abstract class Write(int bytes)
{
    public int Bytes { get; } = bytes;

    /// <summary>The span of what the write is for, if it is traced.</summary>
    public ActivityContext Cause { get; } = Activity.Current?.Context ?? default;

    /// <summary>Applies this write, which is the first of those that wait, and perhaps some that follow it. Returns how many.</summary>
    public abstract int Apply(StoreSession session, ReadOnlySpan<Write> waiting);

    /// <summary>Notes that it has failed for good.</summary>
    public abstract void Fail(Exception error);

    /// <summary>Tells who waits what became of it.</summary>
    public abstract void Complete();
}

/// <summary>A write that has a result.</summary>
internal abstract class Write<T>(int bytes, TaskCreationOptions completion, Action<Exception>? failed) : Write(bytes)
{
    private readonly TaskCompletionSource<T> _completion = new(completion);
    private Exception? _error;

    public Task<T> Task => _completion.Task;

    protected T? Result { get; set; }

    public override void Fail(Exception error)
    {
        failed?.Invoke(error);
        _error = error;
    }

    public override void Complete()
    {
        if (_error is null)
            _completion.SetResult(Result!); // Not null unless T is: Apply has assigned what the write returned.
        else
            _completion.SetException(_error);
    }
}

/// <summary>A write that is applied by itself.</summary>
internal sealed class SingleWrite<T>(Func<StoreSession, T> apply, int bytes, Action<Exception>? failed)
    : Write<T>(bytes, TaskCreationOptions.RunContinuationsAsynchronously, failed)
{
    public override int Apply(StoreSession session, ReadOnlySpan<Write> waiting)
    {
        Result = apply(session);
        return 1;
    }
}

/// <summary>A write that is applied at once with others of its kind. What awaits it goes on without a thread of its own.</summary>
internal sealed class SharedWrite<TItem, TResult>(TItem item, ApplyTogether<TItem, TResult> apply, int bytes, Action<Exception>? failed)
    : Write<TResult>(bytes, TaskCreationOptions.None, failed)
{
    public override int Apply(StoreSession session, ReadOnlySpan<Write> waiting)
    {
        int count = 1;
        while (count < waiting.Length && waiting[count] is SharedWrite<TItem, TResult> next && next.IsOfKind(apply))
            count++;
        var items = new TItem[count];
        var results = new TResult[count];
        for (int i = 0; i < count; i++)
            items[i] = ((SharedWrite<TItem, TResult>)waiting[i]).Item;
        apply(session, items, results);
        for (int i = 0; i < count; i++)
            ((SharedWrite<TItem, TResult>)waiting[i]).Result = results[i];
        return count;
    }

    private TItem Item => item;

    private bool IsOfKind(ApplyTogether<TItem, TResult> other) => apply == other;
}

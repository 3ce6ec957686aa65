namespace Parley.Mls.Crypto;

/// <summary>
/// Work on many things at once that costs some fifty microseconds each and depends on nothing but the thing itself: the signatures of a
/// tree that is joined, the encryptions to those who are added. Results come in the order of the things, whoever computes them, so that
/// nothing shows how many threads there were, not even which of two faults is found first.
/// </summary>
internal static class SharedWork
{
    // Fewer are done before another thread is awake.
    private const int ItemsMin = 8;

    // The first fault ends the work, so this is all that can have been done in vain.
    private const int ItemsAtOnceMax = 64;

    /// <param name="items">What to work on.</param>
    /// <param name="threads">How many threads may take part, the caller's among them. With one, each result is computed when it is asked for.</param>
    /// <param name="work">Computes a result, changes nothing, throws nothing.</param>
    public static IEnumerable<TResult> Select<T, TResult>(IReadOnlyList<T> items, int threads, Func<T, TResult> work) =>
        threads == 1 || items.Count < ItemsMin ? items.Select(work) : SelectShared(items, threads, work);

    private static IEnumerable<TResult> SelectShared<T, TResult>(IReadOnlyList<T> items, int threads, Func<T, TResult> work)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads };
        var results = new TResult[Math.Min(items.Count, ItemsAtOnceMax)];
        for (int start = 0; start < items.Count; start += results.Length)
        {
            int first = start;
            int count = Math.Min(results.Length, items.Count - first);
            int next = 0;

            // One by one, because each takes so long that who is late would keep the others waiting.
            Parallel.For(0, threads, options, _ =>
            {
                for (int i = Interlocked.Increment(ref next) - 1; i < count; i = Interlocked.Increment(ref next) - 1)
                    results[i] = work(items[first + i]);
            });
            for (int i = 0; i < count; i++)
                yield return results[i];
        }
    }
}

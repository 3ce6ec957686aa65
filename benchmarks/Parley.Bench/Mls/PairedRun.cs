using System.Diagnostics;

namespace Parley.Bench.Mls;

/// <summary>
/// An operation and, beside each time it is run, its primitives by themselves: a slow moment of the machine slows both, and what is
/// compared are pairs of neighbours.
/// </summary>
internal sealed class PairedRun
{
    private const int AllocationRounds = 5;

    private readonly MlsOperation _operation;
    private readonly PrimitiveReplay _primitives;
    private readonly List<double> _cpuMicroseconds = [];
    private readonly List<double> _primitiveMicroseconds = [];
    private readonly long _allocated;
    private TimeSpan _cpuBefore;
    private Outcome _last;

    /// <summary>Runs the operation until the code is warm, counts its calls and what it allocates.</summary>
    public PairedRun(MlsOperation operation, MeasuredCryptoProvider provider, Func<IReadOnlyDictionary<PrimitiveCall, int>, PrimitiveReplay> replay, TimeSpan warmUp)
    {
        _operation = operation;
        provider.Reset();
        Round(() => provider.Counts = true, () => provider.Counts = false);
        _primitives = replay(provider.Calls);
        long start = Stopwatch.GetTimestamp();
        int rounds = 0;
        do
        {
            Prepare();
            Run();
            Compare();
            rounds++;
        }
        while (Stopwatch.GetElapsedTime(start) < warmUp);

        EachRound = Stopwatch.GetElapsedTime(start) / rounds;
        _allocated = Enumerable.Range(0, AllocationRounds).Select(_ => AllocatedInRound()).Order().ElementAt(AllocationRounds / 2);
        _cpuMicroseconds.Clear();
        _primitiveMicroseconds.Clear();
    }

    /// <summary>How long one round takes, with what is not timed.</summary>
    public TimeSpan EachRound { get; }

    public void Prepare()
    {
        _operation.Prepare();
        _cpuBefore = Environment.CpuUsage.TotalTime;
    }

    public void Run() => _last = _operation.Run();

    public void Compare()
    {
        _cpuMicroseconds.Add((Environment.CpuUsage.TotalTime - _cpuBefore).TotalMicroseconds);
        _operation.Follow(_last);
        long start = Stopwatch.GetTimestamp();
        _primitives.Run();
        _primitiveMicroseconds.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
    }

    /// <param name="suite">The suite's number.</param>
    /// <param name="microseconds">The operation's times, in order; more rounds may have been run before them.</param>
    public MlsRow ToRow(int suite, IReadOnlyList<double> microseconds)
    {
        IEnumerable<double> beside = _primitiveMicroseconds.TakeLast(microseconds.Count);
        int stored = _last.Writes.Sum(static write => write.Key.Length + (write.Value?.Length ?? 0));
        return new MlsRow(
            _operation.Name, suite, _operation.Leaves, _operation.Shape, _operation.PayloadBytes,
            Median(microseconds), Math.Round(microseconds.Min(), 1), Median(_cpuMicroseconds.TakeLast(microseconds.Count)), Median(beside),
            Median(microseconds.Zip(beside, static (operation, primitives) => operation / primitives), digits: 2),
            _last.Message.Length, _allocated, stored);
    }

    private static double Median(IEnumerable<double> values, int digits = 1)
    {
        double[] sorted = [.. values.Order()];
        return Math.Round(sorted[sorted.Length / 2], digits);
    }

    private long AllocatedInRound()
    {
        long before = 0;
        long after = 0;
        Round(() => before = GC.GetTotalAllocatedBytes(precise: true), () => after = GC.GetTotalAllocatedBytes(precise: true));
        return after - before;
    }

    private void Round(Action before, Action after)
    {
        _operation.Prepare();
        before();
        Run();
        after();
        _operation.Follow(_last);
    }
}

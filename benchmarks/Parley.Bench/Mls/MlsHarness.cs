using System.Diagnostics;
using Parley.Mls.Storage;

namespace Parley.Bench.Mls;

/// <summary>What an operation leaves behind: its message and what is to be stored.</summary>
/// <param name="Message">The message that was made or read.</param>
/// <param name="Writes">What is to be stored.</param>
internal readonly record struct Outcome(ReadOnlyMemory<byte> Message, IReadOnlyList<StateWrite> Writes);

/// <summary>
/// Runs rounds of operations that belong together, such as a Commit and its processing, because each changes the group that the next
/// needs. First until the code is warm; then one round in which the calls of primitives are counted; then rounds under the clock. Every
/// operation is a sample of its own: the shortest takes a thousand ticks of the clock. The median ignores the rounds that another
/// process or a collection disturbed.
/// </summary>
internal sealed class MlsHarness
{
    private const int RoundsMin = 5;

    private readonly MeasuredCryptoProvider _provider;
    private readonly PrimitiveTimes _primitives;
    private readonly int _suite;
    private readonly TimeSpan _warmUp;
    private readonly TimeSpan _measured;
    private readonly List<MlsRow> _rows = [];
    private Phase _phase;

    public MlsHarness(MeasuredCryptoProvider provider, PrimitiveTimes primitives, int suite, bool quick)
    {
        _provider = provider;
        _primitives = primitives;
        _suite = suite;
        _warmUp = TimeSpan.FromMilliseconds(quick ? 50 : 500);
        _measured = TimeSpan.FromMilliseconds(quick ? 100 : 1500);
    }

    private enum Phase
    {
        WarmUp,
        Count,
        Time,
    }

    public IReadOnlyList<MlsRow> Rows => _rows;

    /// <summary>An operation, to be run once a round.</summary>
    public Probe Operation(string name, int leaves = 0, string shape = "", int payloadBytes = 0) => new(this, name, leaves, shape, payloadBytes);

    /// <summary>Repeats the round and adds a row for each operation.</summary>
    public void Measure(Action round, params ReadOnlySpan<Probe> operations)
    {
        _primitives.Forget();
        Repeat(Phase.WarmUp, _warmUp, round);
        Repeat(Phase.Count, TimeSpan.Zero, round);
        Repeat(Phase.Time, _measured, round);
        foreach (Probe operation in operations)
        {
            MlsRow row = operation.ToRow();
            _rows.Add(row);
            Console.Error.WriteLine(FormattableString.Invariant(
                $"{row.Name,-18} {row.Leaves,5} {row.Shape,-5} {row.PayloadBytes,5} B: {row.MedianUs,11:N1} µs, at least {row.MinUs,11:N1}, cpu {row.CpuUs,11:N1}, primitives {row.PrimitivesUs,11:N1}, allocated {row.AllocatedBytes,11:N0}, stored {row.StorageBytes,9:N0}"));
        }
    }

    private void Repeat(Phase phase, TimeSpan atLeast, Action round)
    {
        _phase = phase;
        int rounds = phase == Phase.Time ? RoundsMin : 1;
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < rounds || Stopwatch.GetElapsedTime(start) < atLeast; i++)
            round();
    }

    /// <summary>One operation and its samples.</summary>
    internal sealed class Probe(MlsHarness harness, string name, int leaves, string shape, int payloadBytes)
    {
        private readonly List<double> _microseconds = [];
        private readonly List<double> _cpuMicroseconds = [];
        private readonly List<long> _allocated = [];
        private double _primitives;
        private Outcome _last;

        /// <summary>Runs the operation and returns its message.</summary>
        public ReadOnlyMemory<byte> Run(Func<Outcome> operation)
        {
            switch (harness._phase)
            {
                case Phase.Count:
                    harness._provider.Counts = true;
                    _last = operation();
                    harness._provider.Counts = false;
                    _primitives = harness._primitives.TotalMicroseconds(harness._provider.Calls);
                    harness._provider.Reset();
                    break;
                case Phase.Time:
                    TimeSpan cpuBefore = Environment.CpuUsage.TotalTime;
                    long allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
                    long start = Stopwatch.GetTimestamp();
                    _last = operation();
                    _microseconds.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
                    _allocated.Add(GC.GetAllocatedBytesForCurrentThread() - allocatedBefore);
                    _cpuMicroseconds.Add((Environment.CpuUsage.TotalTime - cpuBefore).TotalMicroseconds);
                    break;
                default:
                    _last = operation();
                    break;
            }

            return _last.Message;
        }

        public MlsRow ToRow()
        {
            _microseconds.Sort();
            _cpuMicroseconds.Sort();
            _allocated.Sort();
            int stored = _last.Writes.Sum(static write => write.Key.Length + (write.Value?.Length ?? 0));
            return new MlsRow(
                name, harness._suite, leaves, shape, payloadBytes, Rounded(_microseconds[_microseconds.Count / 2]), Rounded(_microseconds[0]),
                Rounded(_cpuMicroseconds[_cpuMicroseconds.Count / 2]), Rounded(_primitives), _last.Message.Length, _allocated[_allocated.Count / 2], stored);
        }

        private static double Rounded(double microseconds) => Math.Round(microseconds, 1);
    }
}

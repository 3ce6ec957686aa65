using System.Diagnostics;
using System.Numerics;

namespace Parley.Bench.Server.Measuring;

/// <summary>Counts deliveries in buckets of about 3 %, from a microsecond on. Safe from several threads.</summary>
internal sealed class Latencies
{
    private const int BitsPerDoubling = 5;

    private readonly long[] _counts = new long[(65 - BitsPerDoubling) << BitsPerDoubling];

    public long Count => _counts.Sum();

    public void Reset() => Array.Clear(_counts);

    /// <summary>Counts what was delivered at one timestamp of <see cref="Stopwatch"/> and sent at another.</summary>
    public void Add(long sentAt, long deliveredAt, long count = 1) =>
        Interlocked.Add(ref _counts[BucketOf((ulong)Math.Max(0, Stopwatch.GetElapsedTime(sentAt, deliveredAt).Ticks / TimeSpan.TicksPerMicrosecond))], count);

    /// <summary>Microseconds that this percentage of the deliveries took at most. 0 if there were none.</summary>
    public double Percentile(double percent)
    {
        long rank = (long)(Count * percent / 100);
        for (int bucket = 0; bucket < _counts.Length; bucket++)
        {
            rank -= _counts[bucket];
            if (rank < 0)
                return UpperEndOf(bucket);
        }

        return 0;
    }

    // The buckets of a doubling are told apart by the bits below the highest one.
    private static int BucketOf(ulong microseconds)
    {
        int shift = Math.Max(0, BitOperations.Log2(microseconds | 1) - BitsPerDoubling);
        return (shift << BitsPerDoubling) + (int)(microseconds >> shift);
    }

    private static double UpperEndOf(int bucket)
    {
        int shift = Math.Max(0, (bucket >> BitsPerDoubling) - 1);
        return Math.ScaleB(bucket - (shift << BitsPerDoubling) + 1, shift);
    }
}

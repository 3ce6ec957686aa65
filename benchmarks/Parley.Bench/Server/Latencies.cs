using System.Diagnostics;

namespace Parley.Bench.Server;

/// <summary>Counts deliveries in buckets of about 3 %, from a microsecond to a minute. Safe from several threads.</summary>
internal sealed class Latencies
{
    private const int BucketsPerDoubling = 24;
    private const int Buckets = BucketsPerDoubling * 26;

    private readonly long[] _counts = new long[Buckets];

    public long Count => _counts.Sum();

    public void Reset() => Array.Clear(_counts);

    /// <summary>Counts one delivery of a message that was sent at a timestamp of <see cref="Stopwatch"/>.</summary>
    public void Add(long sentAt)
    {
        double microseconds = Math.Max(1, Stopwatch.GetElapsedTime(sentAt).TotalMicroseconds);
        int bucket = Math.Min(Buckets - 1, (int)(Math.Log2(microseconds) * BucketsPerDoubling));
        Interlocked.Increment(ref _counts[bucket]);
    }

    /// <summary>Microseconds that this percentage of the deliveries took at most.</summary>
    public double Percentile(double percent)
    {
        long rank = (long)(Count * percent / 100);
        for (int bucket = 0; bucket < Buckets; bucket++)
        {
            rank -= _counts[bucket];
            if (rank < 0)
                return Math.Round(Math.Pow(2, (bucket + 1.0) / BucketsPerDoubling));
        }

        return 0;
    }
}

using Parley.Server.Telemetry;

namespace Parley.Server.Limiting;

/// <summary>
/// A <see cref="Rate"/> for each of any number of keys, in memory that never grows: a key has one bucket in each of two rows, found by
/// hashes that nobody outside can predict, and is refused when both are empty. Others who share one of them seldom share both, so that
/// even an attack from thousands of addresses refuses few besides the attackers.
/// </summary>
/// <param name="name">What an operator reads in the metrics.</param>
/// <param name="rate">The rate.</param>
/// <param name="clock">The clock.</param>
internal sealed class RateLimit(string name, Rate rate, TimeProvider clock)
{
    private const int BucketsInRow = 16 * 1024;

    // Protects the rows.
    private readonly Lock _gate = new();
    private readonly double[] _first = new double[BucketsInRow];
    private readonly double[] _second = new double[BucketsInRow];

    /// <summary>Takes an amount. Null, or in how long there will be as much.</summary>
    public TimeSpan? Take<TKey>(TKey key, double amount = 1)
    {
        // HashCode is seeded with randomness of the process.
        int first = HashCode.Combine(key, 1) & (BucketsInRow - 1);
        int second = HashCode.Combine(key, 2) & (BucketsInRow - 1);
        double now = Rate.Now(clock);
        TimeSpan? retryAfter;
        lock (_gate)
        {
            TimeSpan? byFirst = rate.Take(ref _first[first], now, amount);
            TimeSpan? bySecond = rate.Take(ref _second[second], now, amount);
            retryAfter = byFirst is { } one && bySecond is { } other ? TimeSpan.FromTicks(Math.Min(one.Ticks, other.Ticks)) : null;
        }

        if (retryAfter is not null)
            ServerMetrics.Limited(name);
        return retryAfter;
    }
}

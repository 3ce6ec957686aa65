namespace Parley.Server.Limiting;

/// <summary>
/// So many at once, and so many a second after that: a token bucket. All that is kept of a bucket is one number, the moment at which it
/// will be full again, so that a bucket nobody uses needs nothing.
/// </summary>
/// <param name="PerSecond">How fast the bucket fills.</param>
/// <param name="Burst">How much it holds.</param>
internal readonly record struct Rate(double PerSecond, double Burst)
{
    // What adding up fractions may be off by, on a clock that counts from the year 1 too.
    private const double RoundingSeconds = 1e-4;

    /// <summary>Now, in seconds, on a clock that is never set.</summary>
    public static double Now(TimeProvider clock) => (double)clock.GetTimestamp() / clock.TimestampFrequency;

    /// <summary>Takes an amount out. More than the bucket holds is given when it is full, and then paid off.</summary>
    /// <param name="fullAt">The bucket.</param>
    /// <param name="now">The time.</param>
    /// <param name="amount">How much.</param>
    /// <returns>Null, or in how long there will be as much, and then nothing was taken. Whole milliseconds: a timer takes no less for none at all.</returns>
    public TimeSpan? Take(ref double fullAt, double now, double amount = 1)
    {
        double from = Math.Max(fullAt, now);
        double missing = from - now + ((Math.Min(amount, Burst) - Burst) / PerSecond);
        if (missing > RoundingSeconds)
            return TimeSpan.FromMilliseconds(Math.Ceiling(missing * 1000));
        fullAt = from + (amount / PerSecond);
        return null;
    }
}

using System.Diagnostics;

namespace Parley.EndToEnd.Tests.Processes;

/// <summary>
/// Waits for something that another process will do, by looking again and again until a deadline. A test that waits this way goes on the
/// moment it happens and explains itself when it never does.
/// </summary>
internal static class Eventually
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>Looks until the answer is not null. <paramref name="explain"/> says what was there instead when the deadline passed.</summary>
    public static async Task<T> SeesAsync<T>(string what, Func<Task<T?>> look, Func<string> explain)
        where T : class
    {
        var watch = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(Interval);
        do
        {
            if (await look() is { } seen)
                return seen;
        }
        while (watch.Elapsed < Deadline && await timer.WaitForNextTickAsync());

        Assert.Fail($"Waited {Deadline.TotalSeconds} s for {what}. What was there:\n{explain()}");
        throw new UnreachableException();
    }

    /// <summary>Looks until it is so.</summary>
    public static Task IsAsync(string what, Func<bool> look, Func<string> explain) =>
        SeesAsync(what, () => Task.FromResult(look() ? what : null), explain);
}

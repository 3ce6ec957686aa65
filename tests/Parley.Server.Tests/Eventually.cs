namespace Parley.Server.Tests;

/// <summary>Waits for what the server does on its own, by looking again and again. A test goes on the moment it has happened.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    public static async Task TrueAsync(Func<Task<bool>> look, Func<string>? explain = null)
    {
        long begunAt = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(Interval);
        while (!await look())
        {
            if (TimeProvider.System.GetElapsedTime(begunAt) > Patience)
                Assert.Fail("It has not happened. " + explain?.Invoke());
            await timer.WaitForNextTickAsync();
        }
    }

    public static Task TrueAsync(Func<bool> look, Func<string>? explain = null) => TrueAsync(() => Task.FromResult(look()), explain);
}

using System.Diagnostics;

namespace Parley.Bench.Server.Clients;

/// <summary>Sending at a rate, whatever comes back or does not: what is due is sent every millisecond.</summary>
internal static class Pace
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    public static async Task RunAsync(double perSecond, Func<CancellationToken, ValueTask> send, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Tick);
        long started = Stopwatch.GetTimestamp();
        long sent = 0;
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            for (long due = (long)(Stopwatch.GetElapsedTime(started).TotalSeconds * perSecond); sent < due; sent++)
                await send(cancellationToken);
        }
    }
}

using System.Diagnostics;
using Parley.Bench.Server.Measuring;

namespace Parley.Bench.Server.Clients;

/// <summary>
/// Devices that come online one after the other, some at a time, each on a TCP connection of its own, and leave again. The time is that
/// from connecting to the last answer.
/// </summary>
/// <param name="openAsync">Brings one of the devices online.</param>
/// <param name="devices">How many there are.</param>
/// <param name="atOnce">How many at a time.</param>
internal sealed class SignIns(Func<int, CancellationToken, Task<ChatClient>> openAsync, int devices, int atOnce) : Load
{
    protected override IEnumerable<IDisposable> Connections => [];

    protected override IEnumerable<Task> Run(Latencies latencies, CancellationToken cancellationToken) =>
        Enumerable.Range(0, atOnce).Select(first => ComeAndGoAsync(first, latencies, cancellationToken));

    private async Task ComeAndGoAsync(int first, Latencies latencies, CancellationToken cancellationToken)
    {
        for (int i = first; ; i = (i + atOnce) % devices)
        {
            long started = Stopwatch.GetTimestamp();
            using ChatClient client = await openAsync(i, cancellationToken);
            latencies.Add(started, Stopwatch.GetTimestamp());
            await client.CloseAsync(cancellationToken);
        }
    }
}

using System.Threading.Channels;

namespace Parley.Client.Engine;

/// <summary>Wakes one loop. Set many times before it is waited for, it wakes once.</summary>
internal sealed class Signal
{
    // Timers take no more than some weeks. Who is woken for nothing looks, and waits again.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    private readonly Channel<bool> _channel = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    public void Set() => _channel.Writer.TryWrite(true);

    /// <summary>Waits until it is set, or until the time given, and clears it.</summary>
    public async Task WaitAsync(TimeSpan? atMost, TimeProvider time, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task isSet = _channel.Reader.WaitToReadAsync(stop.Token).AsTask();
        if (atMost is { } limit)
        {
            Task isLate = Task.Delay(limit < TimeSpan.Zero ? TimeSpan.Zero : limit < Longest ? limit : Longest, time, stop.Token);
            await Task.WhenAny(isSet, isLate);
        }
        else
        {
            await isSet;
        }

        cancellationToken.ThrowIfCancellationRequested();
        _channel.Reader.TryRead(out _);
        await stop.CancelAsync();
    }
}

using System.Threading.Channels;
using Parley.Server.Log;
using Parley.Server.Sockets;
using Parley.Server.Storage;

namespace Parley.Server.Clustering;

/// <summary>
/// Compares how far the store is with how far this node's subscribers are, whenever another node may have appended without telling
/// this one, and now and then for the case that nobody knows.
/// </summary>
internal sealed class Reconciliation(Subscribers subscribers, ILogStore logs, TimeProvider clock) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    private readonly Channel<bool> _requests = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Asks for a comparison that begins after this. Several may share one.</summary>
    public void Request() => _requests.Writer.TryWrite(true);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                await RequestedAsync(stoppingToken);
                await subscribers.ReconcileAsync(logs);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (StoreUnavailableException)
            {
                // The store fails. Until it answers, nobody can say what is in it.
                Request();
                await Task.Delay(RetryPause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Returns when there is a request, or there was none for a while.</summary>
    private async Task RequestedAsync(CancellationToken stoppingToken)
    {
        using var period = new CancellationTokenSource(Period, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(period.Token, stoppingToken);
        try
        {
            await _requests.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
        {
            // Time to look anyway.
        }
    }
}

using Parley.Server.Sockets;
using Parley.Server.Telemetry;

namespace Parley.Server.Clustering;

/// <summary>
/// What waits to be told to one other node. One call is under way at a time and the next takes all that has gathered meanwhile, so
/// order is kept, a busy node pays for few calls, and an idle one does not wait. A call that fails is not repeated: what it held is
/// in the store, and the next call that succeeds says that something may have been missed. So does the first of all, because whatever
/// was appended before this node knew the other was not told to it.
/// </summary>
internal sealed partial class Peer : IAsyncDisposable
{
    /// <summary>More is dropped, and read from the store by the other node.</summary>
    private const int WaitingBytesMax = 8 * 1024 * 1024;

    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    private readonly INodeService _node;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _ending = new();

    // Protects the fields below.
    private readonly Lock _gate = new();
    private readonly List<Publication> _waiting = [];
    private int _waitingBytes;
    private bool _mayHaveMissed = true;
    private Task _sending = Task.CompletedTask;
    private bool _isSending;

    public Peer(INodeService node, TimeProvider clock, ILogger logger)
    {
        _node = node;
        _clock = clock;
        _logger = logger;
        lock (_gate)
            Send();
    }

    public void Add(Publication publication)
    {
        lock (_gate)
        {
            if (_waitingBytes > WaitingBytesMax)
                Drop();
            _waiting.Add(publication);
            _waitingBytes += publication.Bytes;
            Send();
        }
    }

    /// <summary>Tells the node no more, and returns when no call is under way.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        Task sending;
        lock (_gate)
            sending = _sending;
        await sending;
        _ending.Dispose();
    }

    private void Send()
    {
        if (_isSending || _ending.IsCancellationRequested)
            return;
        _isSending = true;
        _sending = Task.Run(SendAsync);
    }

    private async Task SendAsync()
    {
        while (TryTake(out Delivery? delivery))
        {
            try
            {
                await _node.ReceiveAsync(delivery).WaitAsync(_ending.Token);
                ServerMetrics.ToldPeer(delivery.Publications.Length);
            }
            catch (OperationCanceledException) when (_ending.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // The loop's boundary: whatever is wrong with the other node, it is told later to look for itself.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Log.NotTold(_logger, e.GetType().Name);
                lock (_gate)
                    Drop();
                await Task.Delay(RetryPause, _clock, _ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private bool TryTake([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Delivery? delivery)
    {
        lock (_gate)
        {
            _isSending = (_mayHaveMissed || _waiting.Count > 0) && !_ending.IsCancellationRequested;
            delivery = _isSending ? new Delivery([.. _waiting], _mayHaveMissed) : null;
            _waiting.Clear();
            _waitingBytes = 0;
            _mayHaveMissed = false;
            return _isSending;
        }
    }

    private void Drop()
    {
        ServerMetrics.PeerMissed();
        _waiting.Clear();
        _waitingBytes = 0;
        _mayHaveMissed = true;
    }

    private static partial class Log
    {
        [LoggerMessage(1410, LogLevel.Warning, "Another node could not be told what was appended ({Error}); it will read it from the store")]
        public static partial void NotTold(ILogger logger, string error);
    }
}

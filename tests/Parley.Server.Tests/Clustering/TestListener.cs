using System.Net.WebSockets;
using System.Threading.Channels;
using Google.Protobuf;
using Parley.Contracts.Wire;

namespace Parley.Server.Tests.Clustering;

/// <summary>
/// A device that listens to a group while a test does its worst to the nodes. It does as a client must: when a node fails it, it goes
/// to the next with its cursor. Each entry must come to it once, in order.
/// </summary>
internal sealed class TestListener
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly IReadOnlyList<RemoteServer> _nodes;
    private readonly TestClient _client;
    private readonly byte[] _group;
    private readonly Channel<ulong> _progress = Channel.CreateUnbounded<ulong>();
    private readonly List<ByteString> _heard = [];
    private readonly ulong _after;
    private readonly Task _listening;
    private volatile TestSocket? _socket;
    private volatile bool _ending;

    private TestListener(IReadOnlyList<RemoteServer> nodes, int first, TestClient client, byte[] group, ulong after)
    {
        _nodes = nodes;
        _client = client;
        _group = group;
        _after = after;
        _listening = Task.Run(() => ListenAsync(first));
    }

    public static TestListener Start(IReadOnlyList<RemoteServer> nodes, int first, TestClient client, byte[] group, ulong after) => new(nodes, first, client, group, after);

    /// <summary>Waits until it has heard the log's last entry, and checks what it has heard against the log.</summary>
    public async Task EndAndVerifyAsync(IReadOnlyList<Envelope> log)
    {
        using var patience = new CancellationTokenSource(Patience);
        ulong cursor = _after;
        while (cursor < log[^1].Sequence)
        {
            Task<ulong> next = _progress.Reader.ReadAsync(patience.Token).AsTask();
            await await Task.WhenAny(next, _listening);
            cursor = await next;
        }

        _ending = true;
        if (_socket is { } socket)
            await socket.DisposeAsync();
        await _listening;
        _socket = null;
        Assert.Equal(log.Select(envelope => envelope.MessageId), _heard);
    }

    private async Task ListenAsync(int turn)
    {
        while (!_ending)
        {
            try
            {
                await HearAsync(_nodes[turn++ % _nodes.Count]);
            }
            catch (Exception e) when (e is WebSocketException or InvalidOperationException or IOException or HttpRequestException or OperationCanceledException or ObjectDisposedException)
            {
                // The node has gone or stands still, or it is the end.
            }
        }
    }

    private async Task HearAsync(RemoteServer node)
    {
        using (var patience = new CancellationTokenSource(TimeSpan.FromSeconds(3)))
            await node.Http.GetAsync(Contracts.Routes.HealthLive, patience.Token);
        await using TestSocket socket = await _client.At(node).ConnectAsync();
        _socket = socket;
        if ((await socket.SubscribeAsync(TestMessages.Log(_group), _after + (ulong)_heard.Count)).Error != ErrorCode.None)
            return;
        while (!_ending && await socket.NextAsync() is { BodyCase: ServerFrame.BodyOneofCase.Events } frame)
        {
            foreach (Envelope envelope in frame.Events.Envelopes)
            {
                Assert.Equal(_after + (ulong)_heard.Count + 1, envelope.Sequence);
                _heard.Add(envelope.MessageId);
                _progress.Writer.TryWrite(envelope.Sequence);
            }
        }
    }
}

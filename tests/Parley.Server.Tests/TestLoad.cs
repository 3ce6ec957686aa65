using System.Net.WebSockets;
using System.Threading.Channels;
using Google.Protobuf;
using Parley.Contracts;
using Parley.Contracts.Wire;

namespace Parley.Server.Tests;

/// <summary>
/// Devices that append without a pause while a test does its worst to the server, and keep account of what was acknowledged. Each does
/// as a client must: what was not acknowledged is sent again, with the same id and the same bytes, on a new connection if need be. The
/// first sends one append at a time, which keeps its order whatever is refused; the others have several under way. Of several nodes each takes the
/// next whenever one fails it.
/// </summary>
internal sealed class TestLoad
{
    private const int InFlightMax = 8;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan NodePatience = TimeSpan.FromSeconds(3);

    private readonly CancellationTokenSource _ending = new();
    private readonly List<Task<Sender>> _senders = [];
    private readonly Channel<byte> _progress = Channel.CreateUnbounded<byte>();
    private readonly IReadOnlyList<RemoteServer> _nodes;
    private readonly byte[] _group;
    private long _acknowledged;

    private TestLoad(IReadOnlyList<RemoteServer> nodes, byte[] group)
    {
        _nodes = nodes;
        _group = group;
    }

    /// <summary>How many appends were acknowledged so far.</summary>
    public long Acknowledged => Interlocked.Read(ref _acknowledged);

    /// <summary>Starts: each client is a member of the group in this epoch.</summary>
    public static TestLoad Start(IReadOnlyList<RemoteServer> nodes, byte[] group, ulong epoch, params ReadOnlySpan<TestClient> clients)
    {
        var load = new TestLoad(nodes, group);
        foreach (TestClient client in clients)
        {
            var sender = new Sender { InFlight = load._senders.Count == 0 ? 1 : InFlightMax };
            int first = load._senders.Count;
            load._senders.Add(Task.Run(() => load.SendAsync(client, sender, epoch, first)));
        }

        return load;
    }

    /// <summary>Returns when this many more have been acknowledged.</summary>
    public async Task ProgressAsync(int count, CancellationToken cancellationToken = default)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        while (_progress.Reader.TryRead(out _))
        {
            // What was acknowledged before does not count.
        }

        for (int i = 0; i < count; i++)
            await _progress.Reader.ReadAsync(either.Token);
    }

    /// <summary>
    /// Ends it, and reads the whole log as one of its members does: every acknowledged append stands in it once, under the number that
    /// was acknowledged, and there is no gap.
    /// </summary>
    public async Task<IReadOnlyList<Envelope>> EndAndVerifyAsync(TestClient reader, ulong after)
    {
        await _ending.CancelAsync();
        Sender[] senders = await Task.WhenAll(_senders);
        await using TestSocket socket = await reader.ConnectAsync();
        ulong head = (await socket.SubscribeAsync(TestMessages.Log(_group), after)).Subscribed.Head;
        List<Envelope> log = await socket.EnvelopesAsync(TestMessages.Log(_group), (int)(head - after));

        Assert.Equal(Enumerable.Range(0, log.Count).Select(i => after + 1 + (ulong)i), log.Select(envelope => envelope.Sequence));
        Dictionary<ByteString, ulong> numbers = log.ToDictionary(envelope => envelope.MessageId, envelope => envelope.Sequence);
        foreach (Sender sender in senders)
        {
            Assert.All(sender.Acknowledged, append => Assert.Equal(append.Value, numbers[append.Key]));
            ulong[] order = [.. sender.Sent.Where(numbers.ContainsKey).Select(id => numbers[id])];
            Assert.True(sender.InFlight > 1 || order.SequenceEqual(order.Order()), "Appends that were sent one after the other stand in another order.");
        }

        Assert.Equal(Acknowledged, senders.Sum(sender => sender.Acknowledged.Count));
        return log;
    }

    private async Task<Sender> SendAsync(TestClient client, Sender sender, ulong epoch, int turn)
    {
        var waiting = new Queue<Append>();
        while (!_ending.IsCancellationRequested || waiting.Count > 0)
        {
            RemoteServer node = _nodes[turn++ % _nodes.Count];
            try
            {
                await ReadyAsync(node);
                await using TestSocket socket = await client.At(node).ConnectAsync();
                await SendAsync(socket, sender, waiting, epoch);
            }
            catch (Exception e) when (e is WebSocketException or InvalidOperationException or IOException or HttpRequestException or OperationCanceledException)
            {
                // The node has gone or stands still, or has closed the connection because its store failed.
            }
        }

        return sender;
    }

    /// <summary>Returns when the node stores again, or is given up where there are others.</summary>
    private async Task ReadyAsync(RemoteServer node)
    {
        using var patience = new CancellationTokenSource(_nodes.Count == 1 ? Patience : NodePatience);
        bool ready = false;
        while (!ready)
        {
            try
            {
                ready = (await node.Http.GetAsync(Routes.HealthReady, patience.Token)).IsSuccessStatusCode;
            }
            catch (HttpRequestException) when (_nodes.Count == 1)
            {
                // It is not even there yet.
            }
        }
    }

    /// <summary>Sends what waits, in order, and then more, until an append is refused for now or the connection breaks.</summary>
    private async Task SendAsync(TestSocket socket, Sender sender, Queue<Append> waiting, ulong epoch)
    {
        while (!_ending.IsCancellationRequested || waiting.Count > 0)
        {
            while (waiting.Count < sender.InFlight && !_ending.IsCancellationRequested)
            {
                Append next = TestMessages.Application(_group, epoch);
                sender.Sent.Add(next.MessageId);
                waiting.Enqueue(next);
            }

            var requests = new List<ulong>();
            foreach (Append append in waiting)
                requests.Add(await socket.SendAsync(new ClientFrame { Append = append }));
            foreach (ulong request in requests)
            {
                Reply reply = await socket.ReplyAsync(request);
                if (reply.Error != ErrorCode.None)
                {
                    Assert.Equal(ErrorCode.StoreUnavailable, reply.Error);
                    return;
                }

                sender.Acknowledged.Add(waiting.Dequeue().MessageId, reply.Appended.Sequence);
                Interlocked.Increment(ref _acknowledged);
                _progress.Writer.TryWrite(0);
            }
        }
    }

    /// <summary>What one device has sent, in order, and which numbers were acknowledged.</summary>
    private sealed class Sender
    {
        public required int InFlight { get; init; }

        public List<ByteString> Sent { get; } = [];

        public Dictionary<ByteString, ulong> Acknowledged { get; } = [];
    }
}

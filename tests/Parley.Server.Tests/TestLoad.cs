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

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    private readonly CancellationTokenSource _ending = new();
    private readonly CancellationTokenSource _allRead = new();
    private readonly List<Task<Sender>> _senders = [];
    private readonly List<Follower> _followers = [];
    private readonly List<Task> _following = [];
    private readonly Channel<byte> _progress = Channel.CreateUnbounded<byte>();
    private readonly IReadOnlyList<RemoteServer> _nodes;
    private readonly byte[] _group;
    private long _acknowledged;
    private long _refused;

    private TestLoad(IReadOnlyList<RemoteServer> nodes, byte[] group)
    {
        _nodes = nodes;
        _group = group;
    }

    /// <summary>How many appends were acknowledged so far.</summary>
    public long Acknowledged => Interlocked.Read(ref _acknowledged);

    /// <summary>How many appends were refused for now, because the server could not store.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>
    /// Makes a group of the clients, and does harm to the server while they append, and each follows the log from its own cursor. Then every
    /// acknowledged append stands in the log once, under the number that was acknowledged, without a gap, and each member has read the same.
    /// </summary>
    public static async Task VerifyAsync(RemoteServer server, TestClient[] clients, Func<TestLoad, Task> harm)
    {
        byte[] group = await clients[0].CreateGroupAsync();
        await using (TestSocket socket = await clients[0].ConnectAsync())
            await socket.AppendAsync(TestMessages.Commit(group, epoch: 0, added: clients[1..]));
        await VerifyAsync(server, group, epoch: 1, clients, harm);
    }

    /// <summary>The same in a group of the clients that has one Commit and perhaps messages.</summary>
    public static async Task VerifyAsync(RemoteServer server, byte[] group, ulong epoch, TestClient[] clients, Func<TestLoad, Task> harm)
    {
        await using TestSocket socket = await clients[0].ConnectAsync();
        ulong after = (await socket.SubscribeAsync(TestMessages.Log(group))).Subscribed.Head;
        TestLoad load = Start([server], group, epoch, clients);
        foreach (TestClient client in clients)
            load.Follow(client, after);
        try
        {
            await load.ProgressAsync(100);
            await harm(load);
            await load.ProgressAsync(100);
        }
        catch when (load._senders.Exists(sender => sender.IsFaulted))
        {
            // A sender that was answered as nobody should be says more than the test that waits for it.
            await load._senders.Find(sender => sender.IsFaulted)!;
        }

        IReadOnlyList<Envelope> log = await load.EndAndVerifyAsync(clients[0], after);
        foreach (TestClient reader in clients[1..])
            Assert.Equal(log, await load.ReadAsync(reader, after));
        await load.EndFollowingAsync(log, after);
    }

    public override string ToString() =>
        $"{Acknowledged} appends were acknowledged and {Refused} refused. {string.Join('\n', _senders.Concat(_following).Select(task => $"{task.Status} {task.Exception}"))}";

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
        List<Envelope> log = await ReadAsync(reader, after);
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

    private async Task<List<Envelope>> ReadAsync(TestClient reader, ulong after)
    {
        await using TestSocket socket = await reader.ConnectAsync();
        ulong head = (await socket.SubscribeAsync(TestMessages.Log(_group), after)).Subscribed.Head;
        return await socket.EnvelopesAsync(TestMessages.Log(_group), (int)(head - after));
    }

    private void Follow(TestClient client, ulong after)
    {
        var follower = new Follower { Cursor = after };
        _followers.Add(follower);
        _following.Add(Task.Run(() => FollowAsync(client, follower)));
    }

    /// <summary>As a member's device does: reads on from its cursor, on a new connection where one has broken.</summary>
    private async Task FollowAsync(TestClient client, Follower follower)
    {
        while (!_allRead.IsCancellationRequested)
        {
            try
            {
                await ReadyAsync(_nodes[0]);
                await using TestSocket socket = await client.ConnectAsync();
                if ((await socket.SubscribeAsync(TestMessages.Log(_group), follower.Cursor)).Error != ErrorCode.None)
                    continue;
                while (await socket.NextAsync(_allRead.Token) is { Events: { } events })
                    follower.Add(events);
            }
            catch (Exception e) when (e is WebSocketException or InvalidOperationException or IOException or HttpRequestException or OperationCanceledException)
            {
                // The server has gone, stands still, or has closed the connection; or all has been read.
            }
        }
    }

    private async Task EndFollowingAsync(IReadOnlyList<Envelope> log, ulong after)
    {
        ulong head = after + (ulong)log.Count;
        await Eventually.TrueAsync(
            () => _followers.TrueForAll(follower => follower.Cursor == head) || _following.Exists(following => following.IsFaulted),
            () => $"Members have followed to {string.Join(", ", _followers.Select(follower => follower.Cursor))} of {head}.");
        await _allRead.CancelAsync();
        await Task.WhenAll(_following);
        Assert.All(_followers, follower => Assert.Equal(log.Select(envelope => envelope.MessageId), follower.Read));
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
        using var interval = new PeriodicTimer(Interval);
        bool ready = false;
        while (!ready && await interval.WaitForNextTickAsync(patience.Token))
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
                    Interlocked.Increment(ref _refused);
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

    /// <summary>What one device has read as it came.</summary>
    private sealed class Follower
    {
        private ulong _cursor;

        public ulong Cursor
        {
            get => Interlocked.Read(ref _cursor);
            set => Interlocked.Exchange(ref _cursor, value);
        }

        public List<ByteString> Read { get; } = [];

        public void Add(Events events)
        {
            foreach (Envelope envelope in events.Envelopes)
            {
                Assert.Equal(Cursor + 1, envelope.Sequence);
                Read.Add(envelope.MessageId);
                Cursor = envelope.Sequence;
            }
        }
    }
}

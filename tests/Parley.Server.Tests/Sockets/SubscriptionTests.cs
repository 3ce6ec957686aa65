using Parley.Contracts.Wire;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Sockets;

/// <summary>A subscription delivers everything after its cursor once, in order, whatever happens meanwhile.</summary>
public sealed class SubscriptionTests
{
    [Fact]
    public async Task Resubscribing_from_a_cursor_misses_nothing_and_repeats_nothing()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        byte[] group = await alice.CreateGroupAsync();
        LogRef log = TestMessages.Log(group);
        await using TestSocket writer = await alice.ConnectAsync();
        for (int i = 0; i < 20; i++)
            await writer.AppendAsync(TestMessages.Application(group));

        await using (TestSocket first = await alice.ConnectAsync())
        {
            Assert.Equal(20ul, (await first.SubscribeAsync(log)).Subscribed.Head);
            Assert.Equal(Numbers(1, 20), (await first.EnvelopesAsync(log, 20)).Select(envelope => envelope.Sequence));
        }

        await writer.AppendAsync(TestMessages.Application(group));
        await using TestSocket second = await alice.ConnectAsync();
        await second.SubscribeAsync(log, after: 20);
        Assert.Equal(21ul, (await second.EnvelopesAsync(log, 1)).Single().Sequence);
        await writer.AppendAsync(TestMessages.Application(group));
        Assert.Equal(22ul, (await second.EnvelopesAsync(log, 1)).Single().Sequence);
        Assert.Equal(ErrorCode.CursorInvalid, (await second.SubscribeAsync(log, after: 23)).Error);
    }

    [Theory]
    [InlineData("memory")]
    [InlineData("sqlite")]
    public async Task Many_appenders_at_once_make_one_order_without_gaps_for_everyone(string kind)
    {
        const int Clients = 6;
        const int MessagesEach = 150;
        using var folder = new TemporaryFolder();
        await using TestServer server = kind == "sqlite" ? await TestServer.StartOnSqliteAsync(folder.File("parley.db")) : await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        TestClient[] others = await Task.WhenAll(Enumerable.Range(1, Clients - 1).Select(i => server.JoinAsync("other" + i)));
        byte[] group = await alice.CreateGroupAsync();
        LogRef log = TestMessages.Log(group);
        await using (TestSocket socket = await alice.ConnectAsync())
            await socket.AppendAsync(TestMessages.Commit(group, added: others));

        // Everyone appends in a pipeline, repeats every tenth message, and reads all the while.
        List<Envelope>[] read = await Task.WhenAll(others.Prepend(alice).Select(async client =>
        {
            await using TestSocket socket = await client.ConnectAsync();
            await socket.SubscribeAsync(log, after: 1);
            var requests = new List<ulong>();
            for (int i = 0; i < MessagesEach; i++)
            {
                Append append = TestMessages.Application(group, epoch: 1);
                requests.Add(await socket.SendAsync(new ClientFrame { Append = append }));
                if (i % 10 == 0)
                    requests.Add(await socket.SendAsync(new ClientFrame { Append = append }));
            }

            foreach (ulong request in requests)
                Assert.Equal(ErrorCode.None, (await socket.ReplyAsync(request)).Error);
            return await socket.EnvelopesAsync(log, Clients * MessagesEach);
        }));

        Assert.Equal(Numbers(2, Clients * MessagesEach), read[0].Select(envelope => envelope.Sequence));
        Assert.Equal(Clients * MessagesEach, read[0].Select(envelope => envelope.MessageId).Distinct().Count());
        Assert.All(read, envelopes => Assert.Equal(read[0], envelopes));
    }

    [Fact]
    public async Task A_removed_device_gets_the_commit_that_removes_it_and_nothing_after()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        TestClient bob = await server.JoinAsync("bob");
        byte[] group = await alice.CreateGroupAsync();
        LogRef log = TestMessages.Log(group);
        await using TestSocket fromAlice = await alice.ConnectAsync();
        await using TestSocket toBob = await bob.ConnectAsync();
        await fromAlice.AppendAsync(TestMessages.Commit(group, epoch: 0, added: [bob]));
        await toBob.SubscribeAsync(log, after: 1);
        await fromAlice.AppendAsync(TestMessages.Application(group, epoch: 1));
        await fromAlice.AppendAsync(TestMessages.Commit(group, epoch: 1, removed: [bob]));
        await fromAlice.AppendAsync(TestMessages.Application(group, epoch: 2));

        List<Envelope> read = await toBob.EnvelopesAsync(log, 2);
        Assert.Equal([2ul, 3], read.Select(envelope => envelope.Sequence));
        Assert.Equal(bob.Id.ToArray(), read[1].RemovedDevices.Single().ToByteArray());
        ServerFrame? closed = await toBob.NextAsync();
        Assert.Equal(new Closed { Log = log, Reason = ErrorCode.NotAMember }, closed?.Closed);
        Assert.Equal(ErrorCode.NotAMember, (await toBob.SubscribeAsync(log, after: 3)).Error);
        Assert.Equal(ErrorCode.NotAMember, await toBob.TryAppendAsync(TestMessages.Application(group, epoch: 2)));

        // Who was away when it happened reads up to it as well, and no further.
        Assert.Equal(3ul, (await toBob.SubscribeAsync(log, after: 2)).Subscribed.Head);
        Assert.Equal(3ul, (await toBob.EnvelopesAsync(log, 1)).Single().Sequence);
        Assert.Equal(log, (await toBob.NextAsync())?.Closed.Log);

        // Added again, it may still read what it could, then what comes after the addition; of what lies between it is told that it is not shown.
        await fromAlice.AppendAsync(TestMessages.Commit(group, epoch: 2, added: [bob]));
        await fromAlice.AppendAsync(TestMessages.Application(group, epoch: 3));
        Assert.Equal(new Subscribed { Head = 3, After = 1, Epoch = 3 }, (await toBob.SubscribeAsync(log, after: 0)).Subscribed);
        Assert.Equal([2ul, 3], (await toBob.EnvelopesAsync(log, 2)).Select(envelope => envelope.Sequence));
        Assert.Equal(log, (await toBob.NextAsync())?.Closed.Log);
        Assert.Equal(new Subscribed { Head = 6, After = 5, Epoch = 3 }, (await toBob.SubscribeAsync(log, after: 3)).Subscribed);
        Assert.Equal(6ul, (await toBob.EnvelopesAsync(log, 1)).Single().Sequence);
    }

    [Fact]
    public async Task A_joiner_reads_only_what_comes_after_the_commit_that_adds_it()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        TestClient bob = await server.JoinAsync("bob");
        byte[] group = await alice.CreateGroupAsync();
        await using TestSocket fromAlice = await alice.ConnectAsync();
        await using TestSocket toBob = await bob.ConnectAsync();
        await fromAlice.AppendAsync(TestMessages.Application(group));
        await fromAlice.AppendAsync(TestMessages.Commit(group, added: [bob]));
        await fromAlice.AppendAsync(TestMessages.Application(group, epoch: 1));
        await toBob.SubscribeAsync(TestMessages.Log(group), after: 0);
        Assert.Equal(3ul, (await toBob.EnvelopesAsync(TestMessages.Log(group), 1)).Single().Sequence);
    }

    [Fact]
    public async Task A_reader_that_stops_reading_loses_nothing_and_holds_up_nobody()
    {
        const int Messages = 150;
        const int MessageBytes = 60_000;
        using var folder = new TemporaryFolder();
        await using TestServer server = await TestServer.StartOnSqliteAsync(folder.File("parley.db"));
        TestClient alice = await server.JoinAsync("alice");
        TestClient bob = await server.JoinAsync("bob");
        byte[] group = await alice.CreateGroupAsync();
        LogRef log = TestMessages.Log(group);
        await using TestSocket fromAlice = await alice.ConnectAsync();
        await using TestSocket slow = await bob.ConnectAsync();
        await fromAlice.AppendAsync(TestMessages.Commit(group, added: [bob]));
        await slow.SubscribeAsync(log, after: 1);

        // Some 9 MB, more than the buffers between here and there hold, while bob does not read at all.
        for (int i = 0; i < Messages; i++)
            await fromAlice.AppendAsync(TestMessages.Application(group, epoch: 1, bytes: MessageBytes));
        Assert.Equal(Numbers(2, Messages), (await slow.EnvelopesAsync(log, Messages)).Select(envelope => envelope.Sequence));
        await fromAlice.AppendAsync(TestMessages.Application(group, epoch: 1));
        Assert.Equal(Messages + 2ul, (await slow.EnvelopesAsync(log, 1)).Single().Sequence);
    }

    [Fact]
    public async Task Unsubscribing_ends_the_events_and_acknowledging_is_checked()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        byte[] group = await alice.CreateGroupAsync();
        LogRef log = TestMessages.Log(group);
        await using TestSocket socket = await alice.ConnectAsync();
        await socket.SubscribeAsync(log);
        Assert.Equal(ErrorCode.None, (await socket.RequestAsync(new ClientFrame { Unsubscribe = new Unsubscribe { Log = log } })).Error);
        Assert.Equal(ErrorCode.NotFound, (await socket.RequestAsync(new ClientFrame { Unsubscribe = new Unsubscribe { Log = log } })).Error);
        await socket.AppendAsync(TestMessages.Application(group));
        await socket.SubscribeAsync(alice.Inbox);
        Assert.Equal(ErrorCode.None, (await socket.RequestAsync(new ClientFrame { Acknowledge = new Acknowledge { Log = log, Cursor = 1 } })).Error);
        Assert.Equal(ErrorCode.CursorInvalid, (await socket.RequestAsync(new ClientFrame { Acknowledge = new Acknowledge { Log = log, Cursor = 2 } })).Error);
        await socket.SubscribeAsync(log);
        Assert.Equal(1ul, (await socket.EnvelopesAsync(log, 1)).Single().Sequence);
    }

    private static IEnumerable<ulong> Numbers(ulong first, int count) => Enumerable.Range(0, count).Select(i => first + (ulong)i);
}

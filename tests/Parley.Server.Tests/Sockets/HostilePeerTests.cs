using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using Microsoft.Extensions.Time.Testing;
using Parley.Contracts;
using Parley.Contracts.Wire;
using Parley.Server.Limiting;

namespace Parley.Server.Tests.Sockets;

/// <summary>Peers that hold the server's attention for nothing: they are let go of in a time and with a memory that have a limit.</summary>
public sealed class HostilePeerTests
{
    private static readonly ServerLimits Impatient = TestServer.Unlimited with { HelloSeconds = 1, FrameSeconds = 1, PingSeconds = 1 };

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: test\r\nX-Slow: ")]
    [InlineData("GET /api/v1/socket HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n")]
    [InlineData("G")]
    public async Task Headers_that_never_end(string beginning)
    {
        await using TestServer server = await TestServer.StartAsync(limits: Impatient);
        await using RawPeer peer = await RawPeer.ConnectAsync(server.Address);
        await peer.SendTextAsync(beginning);
        await peer.EndedAsync();
    }

    [Fact]
    public async Task A_body_that_never_ends()
    {
        await using TestServer server = await TestServer.StartAsync(limits: Impatient);
        await using RawPeer peer = await RawPeer.ConnectAsync(server.Address);
        await peer.RequestAsync("POST", Routes.Accounts, "Content-Type: application/json\r\nContent-Length: 100000\r\n");
        await peer.SendTextAsync("{");
        await peer.EndedAsync();
    }

    [Theory]
    [InlineData("X-Large: ", 40_000)]
    [InlineData("X-Many-", 0)]
    public async Task Headers_that_are_too_large_or_too_many(string name, int bytes)
    {
        await using TestServer server = await TestServer.StartAsync();
        await using RawPeer peer = await RawPeer.ConnectAsync(server.Address);
        string headers = bytes > 0 ? name + new string('x', bytes) + "\r\n" : string.Concat(Enumerable.Range(0, 200).Select(i => $"{name}{i}: x\r\n"));
        await peer.RequestAsync("GET", Routes.Server, headers);
        Assert.StartsWith("HTTP/1.1 431", await peer.HeadAsync(), StringComparison.Ordinal);
        await peer.EndedAsync();
    }

    [Fact]
    public async Task A_body_that_is_packed_is_not_unpacked()
    {
        await using TestServer server = await TestServer.StartAsync();
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            await gzip.WriteAsync(new byte[20_000_000]);
        foreach (string encoding in new[] { "gzip", "br", "deflate" })
        {
            using var content = new ByteArrayContent(packed.ToArray());
            content.Headers.ContentType = MediaTypeHeaderValue.Parse("application/json");
            content.Headers.ContentEncoding.Add(encoding);
            await Refusals.AssertAsync(HttpStatusCode.BadRequest, ErrorCode.Malformed, server.Http.PostAsync(Routes.Accounts, content));
        }
    }

    [Fact]
    public async Task Compression_is_not_agreed_to_and_a_compressed_frame_ends_the_connection()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using RawPeer peer = await RawPeer.ConnectAsync(server.Address);
        string head = await peer.UpgradeAsync("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n");
        Assert.StartsWith("HTTP/1.1 101", head, StringComparison.Ordinal);
        Assert.DoesNotContain("Sec-WebSocket-Extensions", head, StringComparison.OrdinalIgnoreCase);
        await peer.SendFrameAsync(RawPeer.Final | RawPeer.Compressed | RawPeer.Binary, new byte[100]);
        await peer.EndedAsync();
    }

    [Fact]
    public async Task A_WebSocket_that_never_says_hello_is_told_so()
    {
        await using TestServer server = await TestServer.StartAsync(limits: Impatient);
        await using RawPeer peer = await RawPeer.ConnectAsync(server.Address);
        await peer.UpgradeAsync();
        await peer.ChallengeAsync();
        Assert.Equal(ErrorCode.TimedOut, (await peer.ServerFrameAsync())?.Closed?.Reason);
        await peer.EndedAsync();
    }

    [Theory]
    [InlineData(RawPeer.Binary, 100, null)] // A message of which more fragments were to come.
    [InlineData(RawPeer.Final | RawPeer.Binary, 3000, 5000)] // A frame of which more bytes were to come.
    public async Task Half_a_frame_that_is_held_for_ever(int first, int bytes, int? announced)
    {
        await using TestServer server = await TestServer.StartAsync(limits: Impatient with { PingSeconds = 60 });
        TestClient alice = await server.JoinAsync("alice");
        await using RawPeer peer = await RawPeer.SignInAsync(server, alice.Device);
        await peer.SendFrameAsync(first, new byte[bytes], announced);
        Assert.Equal(ErrorCode.TimedOut, (await peer.ServerFrameAsync())?.Closed?.Reason);
        await peer.EndedAsync();
    }

    [Fact]
    public async Task Fragments_with_nothing_in_them_without_an_end()
    {
        await using TestServer server = await TestServer.StartAsync(limits: Impatient with { PingSeconds = 60 });
        TestClient alice = await server.JoinAsync("alice");
        await using RawPeer peer = await RawPeer.SignInAsync(server, alice.Device);
        Task<ServerFrame?> answer = peer.ServerFrameAsync();
        await peer.SendFrameAsync(RawPeer.Binary, new byte[1]);
        try
        {
            while (!answer.IsCompleted)
                await peer.SendFrameAsync(RawPeer.Continuation, default);
        }
        catch (IOException)
        {
            // It was disconnected in the middle.
        }

        Assert.Equal(ErrorCode.TimedOut, (await answer)?.Closed?.Reason);
    }

    [Fact]
    public async Task A_frame_of_many_tiny_fragments_is_one_frame()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        byte[] group = await alice.CreateGroupAsync();
        await using RawPeer peer = await RawPeer.SignInAsync(server, alice.Device);
        byte[] frame = new ClientFrame { RequestId = 2, Append = TestMessages.Application(group, bytes: 3000) }.ToByteArray();
        for (int i = 0; i < frame.Length; i++)
            await peer.SendFrameAsync((i == 0 ? RawPeer.Binary : RawPeer.Continuation) | (i == frame.Length - 1 ? RawPeer.Final : 0), frame.AsMemory(i, 1));
        Assert.Equal(1ul, (await peer.ServerFrameAsync())?.Reply.Appended.Sequence);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_peer_that_has_gone_without_a_word_is_let_go_of(bool inTheMiddleOfAFrame)
    {
        await using TestServer server = await TestServer.StartAsync(limits: Impatient);
        TestClient alice = await server.JoinAsync("alice");
        await using RawPeer peer = await RawPeer.SignInAsync(server, alice.Device);
        if (inTheMiddleOfAFrame)
            await peer.SendBytesAsync(new byte[] { RawPeer.Final | RawPeer.Binary });
        await peer.EndedAsync();
    }

    [Fact]
    public async Task A_peer_that_has_gone_while_much_waits_for_it_leaves_nothing_behind()
    {
        const int MessageBytes = 100_000;
        await using TestServer server = await TestServer.StartAsync(limits: Impatient with { ConnectionsPerAccount = 1 });
        TestClient alice = await server.JoinAsync("alice");
        TestClient bob = await server.JoinAsync("bob");
        byte[] group = await alice.CreateGroupAsync();
        await using (TestSocket socket = await alice.ConnectAsync())
        {
            await socket.AppendAsync(TestMessages.Commit(group, epoch: 0, added: [bob]));
            for (int i = 0; i < 40; i++)
                await socket.AppendAsync(TestMessages.Application(group, epoch: 1, bytes: MessageBytes));
        }

        await using RawPeer peer = await RawPeer.SignInAsync(server, bob.Device);
        await peer.SendAsync(new ClientFrame { RequestId = 2, Subscribe = new Subscribe { Log = TestMessages.Log(group), After = 1 } });
        var budget = server.Get<MemoryBudget>();
        await Eventually.TrueAsync(() => budget.QueuedBytes > MessageBytes);

        // It has the account's only place.
        await Eventually.TrueAsync(async () =>
        {
            await using TestSocket again = await TestSocket.OpenAsync(server.Address);
            return (await again.SignInAsync(bob.Device)).Error == ErrorCode.None;
        });
        await Eventually.TrueAsync(() => budget.QueuedBytes == 0, () => $"{budget.QueuedBytes} bytes wait.");
    }

    [Fact]
    public async Task Pings_are_answered_no_faster_than_anybody_needs()
    {
        const int AtOnce = 100;
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using TestServer server = await TestServer.StartAsync(clock);
        TestClient alice = await server.JoinAsync("alice");
        await using RawPeer peer = await RawPeer.SignInAsync(server, alice.Device);
        for (int i = 0; i < AtOnce * 2; i++)
            await peer.SendFrameAsync(RawPeer.Final | RawPeer.Ping, new byte[] { (byte)i });
        for (int i = 0; i < AtOnce; i++)
            Assert.Equal(RawPeer.Pong, (await peer.FrameAsync())?.Opcode);

        Task<(int Opcode, byte[] Payload)?> next = peer.FrameAsync();
        Assert.Equal(ErrorCode.None, await PingElsewhereAsync(alice));
        Assert.False(next.IsCompleted, "More pings were answered than the limit says.");
        for (int i = 0; i < AtOnce; i++)
        {
            await Eventually.TrueAsync(() =>
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                return next.IsCompleted;
            });
            Assert.Equal(RawPeer.Pong, (await next)?.Opcode);
            if (i < AtOnce - 1)
                next = peer.FrameAsync();
        }
    }

    [Fact]
    public async Task Frames_are_read_no_faster_than_the_limit_says_and_none_is_lost()
    {
        const int AtOnce = 10;
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using TestServer server = await TestServer.StartAsync(clock, TestServer.Unlimited with { FramesPerSecond = 1 });
        TestClient alice = await server.JoinAsync("alice");
        await using TestSocket socket = await alice.ConnectAsync();
        var pings = new List<ulong>();
        for (int i = 0; i < AtOnce * 2; i++)
            pings.Add(await socket.SendAsync(new ClientFrame { Ping = new Ping() }));
        foreach (ulong ping in pings.Take(AtOnce))
            await socket.ReplyAsync(ping);

        Task<Reply[]> others = Task.Run(async () =>
        {
            var replies = new List<Reply>();
            foreach (ulong ping in pings.Skip(AtOnce))
                replies.Add(await socket.ReplyAsync(ping));
            return replies.ToArray();
        });
        Assert.Equal(ErrorCode.None, await PingElsewhereAsync(alice));
        Assert.False(others.IsCompleted, "More frames were read than the limit says.");
        await Eventually.TrueAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return others.IsCompleted;
        });
        Assert.Equal(AtOnce, (await others).Length);
    }

    [Fact]
    public async Task Large_frames_share_what_memory_there_is_for_them()
    {
        await using TestServer server = await TestServer.StartAsync(limits: TestServer.Unlimited with { FrameMegabytes = 8, FrameSeconds = 60 });
        TestClient alice = await server.JoinAsync("alice");
        byte[] half = new byte[3 * 1024 * 1024];
        var holders = new List<RawPeer>();
        ServerFrame? refused = null;
        while (refused is null && holders.Count < 10)
        {
            RawPeer peer = await RawPeer.SignInAsync(server, alice.Device);
            holders.Add(peer);
            await peer.SendFrameAsync(RawPeer.Binary, half);

            // Who is taken gets its ping answered; who is not, is told why.
            await peer.SendFrameAsync(RawPeer.Final | RawPeer.Ping, default);
            if (await peer.FrameAsync() is { Opcode: RawPeer.Binary } frame)
                refused = ServerFrame.Parser.ParseFrom(frame.Payload);
        }

        Assert.Equal(ErrorCode.Overloaded, refused?.Closed?.Reason);
        Assert.True(refused!.Closed.RetryAfterMs > 0);
        foreach (RawPeer peer in holders)
            await peer.DisposeAsync();

        // What they held is there for others.
        byte[] group = await alice.CreateGroupAsync();
        Append commit = TestMessages.Commit(group);
        commit.Message = ByteString.CopyFrom(TestMessages.Message(group, 0, Mls.Messages.Framing.ContentType.Commit, 3 * 1024 * 1024));
        await Eventually.TrueAsync(async () =>
        {
            await using TestSocket socket = await alice.ConnectAsync();
            await socket.SendAsync(new ClientFrame { Append = commit });
            return (await socket.NextOrReplyAsync())?.Reply?.Error == ErrorCode.None;
        });
    }

    private static async Task<ErrorCode> PingElsewhereAsync(TestClient client)
    {
        await using TestSocket socket = await client.ConnectAsync();
        return (await socket.RequestAsync(new ClientFrame { Ping = new Ping() })).Error;
    }
}

using Microsoft.Extensions.Time.Testing;
using Parley.Contracts.Wire;

namespace Parley.Server.Tests.Limiting;

/// <summary>What is appended too often, or too much of it, is refused for now and leaves the connection as it was.</summary>
public sealed class AppendLimitTests
{
    private const int LargeBytes = 200 * 1024;

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);

    [Theory]
    [InlineData("messages", 20, 100)]
    [InlineData("bytes", 1, LargeBytes)]
    [InlineData("messages of a group", 16, 100)]
    [InlineData("bytes of a group", 1, LargeBytes)]
    public async Task Too_much_is_refused_until_the_time_that_was_said(string what, int taken, int bytes)
    {
        await using TestServer server = await TestServer.StartAsync(_clock, what switch
        {
            "messages" => TestServer.Unlimited with { AppendsPerSecond = 1 },
            "bytes" => TestServer.Unlimited with { AppendKilobytesPerSecond = 1 },
            "messages of a group" => TestServer.Unlimited with { GroupAppendsPerSecond = 1 },
            _ => TestServer.Unlimited with { GroupKilobytesPerSecond = 1 },
        });
        TestClient alice = await server.JoinAsync("alice");
        byte[] group = await alice.CreateGroupAsync();
        await using TestSocket socket = await alice.ConnectAsync();
        for (int i = 0; i < taken; i++)
            await socket.AppendAsync(TestMessages.Application(group, bytes: bytes));

        Append next = TestMessages.Application(group, bytes: bytes);
        Reply refused = await socket.RequestAsync(new ClientFrame { Append = next });
        Assert.Equal(ErrorCode.RateLimited, refused.Error);
        Assert.True(refused.RetryAfterMs > 0);
        _clock.Advance(TimeSpan.FromMilliseconds(refused.RetryAfterMs));
        Assert.Equal((ulong)taken + 1, await socket.AppendAsync(next));
    }

    [Fact]
    public async Task Who_is_no_member_uses_up_nothing_of_a_group()
    {
        await using TestServer server = await TestServer.StartAsync(_clock, TestServer.Unlimited with { GroupAppendsPerSecond = 1 });
        TestClient alice = await server.JoinAsync("alice");
        TestClient eve = await server.JoinAsync("eve");
        byte[] group = await alice.CreateGroupAsync();
        await using TestSocket fromEve = await eve.ConnectAsync();
        for (int i = 0; i < 50; i++)
            Assert.Equal(ErrorCode.NotAMember, await fromEve.TryAppendAsync(TestMessages.Application(group)));
        await using TestSocket fromAlice = await alice.ConnectAsync();
        await fromAlice.AppendAsync(TestMessages.Application(group));
    }

    /// <summary>As parley.proto says of Append: each of several under way is answered for itself.</summary>
    [Fact]
    public async Task Behind_one_that_was_refused_another_may_be_taken_and_the_retry_stands_behind_it()
    {
        await using TestServer server = await TestServer.StartAsync(_clock, TestServer.Unlimited with { AppendKilobytesPerSecond = 8 });
        TestClient alice = await server.JoinAsync("alice");
        byte[] group = await alice.CreateGroupAsync();
        await using TestSocket socket = await alice.ConnectAsync();
        await socket.AppendAsync(TestMessages.Application(group, bytes: 200 * 1024));

        Append large = TestMessages.Application(group, bytes: LargeBytes);
        Append small = TestMessages.Application(group);
        ulong first = await socket.SendAsync(new ClientFrame { Append = large });
        ulong second = await socket.SendAsync(new ClientFrame { Append = small });
        Reply refused = await socket.ReplyAsync(first);
        Assert.Equal(ErrorCode.RateLimited, refused.Error);
        Assert.Equal(2ul, (await socket.ReplyAsync(second)).Appended.Sequence);

        _clock.Advance(TimeSpan.FromMilliseconds(refused.RetryAfterMs));
        Assert.Equal(ErrorCode.RateLimited, await socket.TryAppendAsync(large));
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(3ul, await socket.AppendAsync(large));
    }

    [Fact]
    public async Task Those_of_one_connection_that_are_not_refused_keep_their_order()
    {
        await using TestServer server = await TestServer.StartAsync(_clock, TestServer.Unlimited with { AppendsPerSecond = 5 });
        TestClient alice = await server.JoinAsync("alice");
        byte[] group = await alice.CreateGroupAsync();
        await using TestSocket socket = await alice.ConnectAsync();
        var requests = new List<ulong>();
        for (int i = 0; i < 150; i++)
            requests.Add(await socket.SendAsync(new ClientFrame { Append = TestMessages.Application(group) }));

        var sequences = new List<ulong>();
        foreach (ulong request in requests)
        {
            Reply reply = await socket.ReplyAsync(request);
            if (reply.Error == ErrorCode.None)
                sequences.Add(reply.Appended.Sequence);
        }

        Assert.Equal(Enumerable.Range(1, 100).Select(i => (ulong)i), sequences);
    }
}

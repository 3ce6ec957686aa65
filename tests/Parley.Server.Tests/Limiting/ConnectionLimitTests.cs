using System.Net;
using Parley.Contracts;
using Parley.Contracts.Wire;

namespace Parley.Server.Tests.Limiting;

/// <summary>How many connections somebody may have, and that each that ends makes room for another.</summary>
public sealed class ConnectionLimitTests
{
    [Fact]
    public async Task One_account_has_so_many()
    {
        await using TestServer server = await TestServer.StartAsync(limits: TestServer.Unlimited with { ConnectionsPerAccount = 2 });
        TestClient alice = await server.JoinAsync("alice");
        TestClient bob = await server.JoinAsync("bob");
        await using TestSocket first = await alice.ConnectAsync();
        await using (await alice.ConnectAsync())
        {
            Reply refused = await HelloAsync(server, alice);
            Assert.Equal(ErrorCode.TooManyConnections, refused.Error);
            Assert.True(refused.RetryAfterMs > 0);
            await using TestSocket ofAnother = await bob.ConnectAsync();
        }

        await Eventually.TrueAsync(async () => (await HelloAsync(server, alice)).Error == ErrorCode.None);
    }

    [Fact]
    public async Task One_address_has_so_many_and_is_told_so_until_it_has_twice_as_many()
    {
        await using TestServer server = await TestServer.StartAsync(limits: TestServer.Unlimited with { ConnectionsPerAddress = 2 });
        await using RawPeer first = await AnsweredAsync(server, "200");
        await using RawPeer second = await AnsweredAsync(server, "200");
        await using (RawPeer third = await AnsweredAsync(server, "429"))
        {
            await third.EndedAsync();
            await using RawPeer fourth = await RawPeer.ConnectAsync(server.Address);
        }

        await first.DisposeAsync();
        await Eventually.TrueAsync(async () =>
        {
            await using RawPeer again = await RawPeer.ConnectAsync(server.Address);
            await again.RequestAsync("GET", Routes.HealthLive);
            return (await again.HeadAsync()).StartsWith("HTTP/1.1 200", StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Beyond_that_its_connections_are_ended_unread()
    {
        await using TestServer server = await TestServer.StartAsync(limits: TestServer.Unlimited with { ConnectionsPerAddress = 1 });
        await using RawPeer first = await AnsweredAsync(server, "200");
        await using RawPeer second = await RawPeer.ConnectAsync(server.Address);
        await RawPeer.SentAwayAsync(server.Address);
    }

    [Fact]
    public async Task An_address_behind_the_operators_proxy_has_its_own()
    {
        await using TestServer server = await TestServer.StartAsync(limits: TestServer.Unlimited with { ConnectionsPerAddress = 1 }, proxies: [IPNetwork.Parse("127.0.0.1/32")]);
        await using RawPeer one = await RawPeer.ConnectAsync(server.Address);
        Assert.StartsWith("HTTP/1.1 101", await one.UpgradeAsync("X-Forwarded-For: 192.0.2.1\r\n"), StringComparison.Ordinal);
        await using RawPeer tooMany = await RawPeer.ConnectAsync(server.Address);
        Assert.StartsWith("HTTP/1.1 429", await tooMany.UpgradeAsync("X-Forwarded-For: 192.0.2.1\r\n"), StringComparison.Ordinal);
        await using RawPeer another = await RawPeer.ConnectAsync(server.Address);
        Assert.StartsWith("HTTP/1.1 101", await another.UpgradeAsync("X-Forwarded-For: 192.0.2.2\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Those_that_have_not_signed_in_leave_room_for_those_that_have()
    {
        await using TestServer server = await TestServer.StartAsync(limits: TestServer.Unlimited with { AnonymousConnections = 3 });
        TestClient alice = await server.JoinAsync("alice");

        // The client's HTTP connection is one of the three. Sockets that have signed in do not count.
        await using TestSocket first = await alice.ConnectAsync();
        await using TestSocket second = await alice.ConnectAsync();
        await using TestSocket third = await alice.ConnectAsync();
        await using RawPeer silent = await RawPeer.ConnectAsync(server.Address);
        await using RawPeer another = await RawPeer.ConnectAsync(server.Address);
        await RawPeer.SentAwayAsync(server.Address);
        Assert.Equal(ErrorCode.None, (await third.RequestAsync(new ClientFrame { Ping = new Ping() })).Error);
    }

    [Fact]
    public async Task All_together_have_so_many()
    {
        await using TestServer server = await TestServer.StartAsync(limits: TestServer.Unlimited with { Connections = 2 });
        await using RawPeer first = await AnsweredAsync(server, "200");
        await using RawPeer second = await AnsweredAsync(server, "200");
        await RawPeer.SentAwayAsync(server.Address);
    }

    private static async Task<Reply> HelloAsync(TestServer server, TestClient client)
    {
        await using TestSocket socket = await TestSocket.OpenAsync(server.Address);
        return await socket.SignInAsync(client.Device);
    }

    private static async Task<RawPeer> AnsweredAsync(TestServer server, string status)
    {
        RawPeer peer = await RawPeer.ConnectAsync(server.Address);
        await peer.RequestAsync("GET", Routes.HealthLive);
        Assert.StartsWith("HTTP/1.1 " + status, await peer.HeadAsync(), StringComparison.Ordinal);
        return peer;
    }
}

using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Parley.Contracts;
using Parley.Contracts.Resources;
using Parley.Contracts.Wire;
using Parley.Server.Tests.Clustering;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Faults;

/// <summary>The clock is set forward and back by an hour while the server is busy.</summary>
[Collection(FaultsCollection.Name)]
public sealed class ClockTests
{
    [Fact]
    public async Task A_clock_that_is_set_by_an_hour_changes_no_order_ends_no_session_and_lifts_no_limit()
    {
        var clock = new SteppedClock();
        using var folder = new TemporaryFolder();
        await using TestServer server = await TestServer.StartOnSqliteAsync(
            folder.File("parley.db"),
            limits: TestServer.Unlimited with { InvitesPerHour = 1 },
            configure: services => services.AddSingleton<TimeProvider>(clock));
        TestClient[] clients = [await server.JoinAsync("alice"), await server.JoinAsync("bob"), await server.JoinAsync("carol")];
        Assert.Equal(HttpStatusCode.OK, await InviteAsync(clients[0]));
        var level = MemoryLevel.OfThisProcess();
        await TestLoad.VerifyAsync(server, clients, async load =>
        {
            foreach (int hours in new[] { 1, -1, -1, 1 })
            {
                await using TestSocket half = await TestSocket.OpenAsync(server.Address);
                byte[] challenge = await half.ChallengeAsync();
                clock.Step(TimeSpan.FromHours(hours));
                await load.ProgressAsync(100);

                // A challenge from before the step is as good as it was.
                Assert.Equal(ErrorCode.None, (await half.RequestAsync(new ClientFrame { Hello = clients[1].Device.Hello(challenge) })).Error);
                Assert.Equal(HttpStatusCode.OK, (await clients[2].SendAsync(HttpMethod.Get, Routes.OfSuite(Routes.KeyPackages, 3))).StatusCode);
                await using TestSocket socket = await clients[2].ConnectAsync();
                Assert.Equal(HttpStatusCode.TooManyRequests, await InviteAsync(clients[0]));
                await server.JoinAsync($"guest{load.Acknowledged}");
            }
        });
        await level.ReturnsAsync();
    }

    [Fact]
    public async Task Clocks_of_two_nodes_that_are_set_by_an_hour_lose_nothing()
    {
        Npgsql.NpgsqlConnectionStringBuilder settings = await (await PostgresCluster.SharedAsync()).CreateDatabaseAsync();
        SteppedClock[] clocks = [new(), new()];
        await using TestServer one = await TestServer.StartOnPostgresAsync(settings, isNode: true, clocks[0]);
        await using TestServer other = await TestServer.StartOnPostgresAsync(settings, isNode: true, clocks[1]);
        TestClient[] clients = [await one.JoinAsync("alice"), await other.JoinAsync("bob")];
        byte[] group = await clients[0].CreateGroupAsync();
        await using (TestSocket socket = await clients[0].ConnectAsync())
            await socket.AppendAsync(TestMessages.Commit(group, epoch: 0, added: clients[1..]));
        var level = MemoryLevel.OfThisProcess();
        TestListener[] listeners = [TestListener.Start([one], 0, clients[1], group, after: 1), TestListener.Start([other], 0, clients[0], group, after: 1)];
        var load = TestLoad.Start([one, other], group, epoch: 1, clients);
        foreach ((int clock, int hours) in new[] { (0, 1), (1, -1), (0, -1), (0, -1), (1, 1), (1, 1) })
        {
            await load.ProgressAsync(100);
            clocks[clock].Step(TimeSpan.FromHours(hours));
        }

        await load.ProgressAsync(100);
        IReadOnlyList<Envelope> log = await load.EndAndVerifyAsync(clients[1], after: 1);
        foreach (TestListener listener in listeners)
            await listener.EndAndVerifyAsync(log);
        await one.SignInAsync(clients[0].Device);
        await level.ReturnsAsync();
    }

    private static async Task<HttpStatusCode> InviteAsync(TestClient client) => (await client.SendAsync(HttpMethod.Post, Routes.Invites, new NewInvite(1, 1))).StatusCode;
}

using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Parley.Contracts;
using Parley.Contracts.Resources;
using Parley.Contracts.Wire;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Faults;

/// <summary>The clock is set forward and back by an hour while the server is busy.</summary>
[Collection(FaultsCollection.Name)]
public sealed class ClockTests
{
    private const long Slack = 32 * 1024 * 1024;

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
        long before = GC.GetTotalMemory(forceFullCollection: true);
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
        await MemoryLevel.ReturnsAsync(before + Slack);
    }

    private static async Task<HttpStatusCode> InviteAsync(TestClient client) => (await client.SendAsync(HttpMethod.Post, Routes.Invites, new NewInvite(1, 1))).StatusCode;
}

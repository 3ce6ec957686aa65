using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Resources;
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
                Challenge before = await server.ChallengeAsync(clients[1].Device);
                clock.Step(TimeSpan.FromHours(hours));
                await load.ProgressAsync(100);

                // A challenge from before a step forward has expired, and a new one is good; either is good once.
                HttpStatusCode expected = hours > 0 ? HttpStatusCode.Unauthorized : HttpStatusCode.OK;
                Assert.Equal(expected, await AnswerAsync(server, clients[1].Device, before));
                Assert.Equal(HttpStatusCode.Unauthorized, await AnswerAsync(server, clients[1].Device, before));
                Assert.Equal(HttpStatusCode.OK, await AnswerAsync(server, clients[1].Device, await server.ChallengeAsync(clients[1].Device)));

                Assert.Equal(HttpStatusCode.OK, (await clients[2].SendAsync(HttpMethod.Get, Routes.OfSuite(Routes.KeyPackages, 3))).StatusCode);
                await using TestSocket socket = await clients[2].ConnectAsync();
                Assert.Equal(HttpStatusCode.TooManyRequests, await InviteAsync(clients[0]));
                await server.JoinAsync($"guest{load.Acknowledged}");
            }
        });
        await MemoryLevel.ReturnsAsync(before + Slack);
    }

    private static async Task<HttpStatusCode> InviteAsync(TestClient client) => (await client.SendAsync(HttpMethod.Post, Routes.Invites, new NewInvite(1, 1))).StatusCode;

    private static async Task<HttpStatusCode> AnswerAsync(TestServer server, TestDevice device, Challenge challenge) =>
        (await server.AnswerAsync(device, challenge.Bytes, device.Sign(SignedContent.SignIn(TestServer.Name, device.Id, challenge.Bytes)))).StatusCode;
}

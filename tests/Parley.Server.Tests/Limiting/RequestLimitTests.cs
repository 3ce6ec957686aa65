using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.Time.Testing;
using Parley.Contracts;
using Parley.Contracts.Resources;
using Parley.Server.Limiting;

namespace Parley.Server.Tests.Limiting;

/// <summary>What is done too often over HTTP is refused, by a code and with the time to wait; after that it is done.</summary>
public sealed class RequestLimitTests
{
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task Accounts_of_one_address()
    {
        await using TestServer server = await StartAsync(limits => limits with { SignUpsPerHour = 2 });
        string invite = await server.InviteAsync(uses: 5, valid: TimeSpan.FromDays(1));
        int next = 0;
        await LimitedAsync(2, () => server.RegisterAsync(new TestDevice("guest" + next++), invite));
    }

    [Fact]
    public async Task Invites_of_one_account()
    {
        await using TestServer server = await StartAsync(limits => limits with { InvitesPerHour = 2 });
        TestClient alice = await server.JoinAsync("alice");
        await LimitedAsync(2, () => alice.SendAsync(HttpMethod.Post, Routes.Invites, new NewInvite(1, 1)));
    }

    [Fact]
    public async Task Looks_at_links_of_one_address()
    {
        await using TestServer server = await StartAsync(limits => limits with { LinkReadsPerMinute = 4 });
        string byCode = Routes.LinkByCode.Replace("{code}", "00000000");
        string reveal = Routes.LinkReveal.Replace("{code}", "00000000");
        int next = 0;
        await LimitedAsync(
            4,
            () => next++ % 2 == 0 ? server.Http.GetAsync(byCode) : server.Http.PutAsJsonAsync(reveal, new LinkReveal([1], [2]), ResourcesJson.Default.LinkReveal),
            accepted: HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Groups_of_one_account()
    {
        await using TestServer server = await StartAsync(limits => limits with { GroupsPerHour = 2 });
        TestClient alice = await server.JoinAsync("alice");
        int next = 0;
        await LimitedAsync(2, () => alice.SendAsync(HttpMethod.Put, Routes.GroupById.Replace("{group}", next++.ToString("x64"))));

        // Another account has its own.
        TestClient bob = await server.JoinAsync("bob");
        await bob.CreateGroupAsync();
    }

    [Fact]
    public async Task KeyPackages_of_one_account()
    {
        await using TestServer server = await StartAsync(limits => limits with { KeyPackagesPerHour = 4 });
        TestClient alice = await server.JoinAsync("alice");
        await LimitedAsync(2, () => alice.SendAsync(HttpMethod.Post, Routes.KeyPackages, new NewKeyPackages([[1], [2]])), accepted: HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Claims_by_one_account_and_of_one_person()
    {
        await using TestServer server = await StartAsync(limits => limits with { ClaimsPerPersonPerHour = 2, ClaimsPerHour = 6 });
        TestClient eve = await server.JoinAsync("eve");
        await server.JoinAsync("alice");
        await server.JoinAsync("bob");
        await LimitedAsync(2, () => ClaimAsync(eve, "alice"), accepted: HttpStatusCode.Conflict);
        await LimitedAsync(2, () => ClaimAsync(eve, "bob"), accepted: HttpStatusCode.Conflict);
        _clock.Advance(TimeSpan.FromHours(1));
        int next = 0;
        await LimitedAsync(6, () => ClaimAsync(eve, "nobody" + next++), accepted: HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task An_address_is_what_the_operators_proxy_says_and_nobody_elses()
    {
        ServerLimits limits = TestServer.Unlimited with { RequestsPerSecond = 1 };
        await using (TestServer trusting = await TestServer.StartAsync(_clock, limits, [IPNetwork.Parse("127.0.0.1/32")]))
        {
            for (int i = 0; i < 20; i++)
                Assert.Equal(HttpStatusCode.OK, await GetAsync(trusting, $"192.0.2.{i}"));

            // Addresses of one IPv6 customer are one.
            HttpStatusCode[] answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => GetAsync(trusting, $"2001:db8::{i:x}")));
            Assert.Equal(4, answers.Count(answer => answer == HttpStatusCode.OK));
            Assert.Equal(HttpStatusCode.OK, await GetAsync(trusting, "2001:db8:0:1::1"));
        }

        await using TestServer server = await TestServer.StartAsync(_clock, limits);
        HttpStatusCode[] invented = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => GetAsync(server, $"192.0.2.{i}")));
        Assert.Equal(4, invented.Count(answer => answer == HttpStatusCode.OK));
    }

    private Task<TestServer> StartAsync(Func<ServerLimits, ServerLimits> change) => TestServer.StartAsync(_clock, change(TestServer.Unlimited));

    /// <summary>So many are accepted, the next one is not, and is after the time it was told to wait.</summary>
    private async Task LimitedAsync(int count, Func<Task<HttpResponseMessage>> request, HttpStatusCode? accepted = null)
    {
        for (int i = 0; i < count; i++)
            AssertAccepted(await request());
        HttpResponseMessage refused = await request();
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Refusal refusal = (await refused.Content.ReadFromJsonAsync(ResourcesJson.Default.Refusal))!;
        Assert.Equal(ErrorCode.RateLimited.Name(), refusal.Code);
        Assert.True(refusal.RetryAfterMs > 0);
        Assert.Equal((int)Math.Ceiling(refusal.RetryAfterMs.Value / 1000.0), (int)refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds);
        _clock.Advance(TimeSpan.FromMilliseconds(refusal.RetryAfterMs.Value));
        AssertAccepted(await request());

        void AssertAccepted(HttpResponseMessage response)
        {
            if (accepted is null)
                Assert.True(response.IsSuccessStatusCode, response.StatusCode.ToString());
            else
                Assert.Equal(accepted, response.StatusCode);
        }
    }

    private static Task<HttpResponseMessage> ClaimAsync(TestClient client, string handle) =>
        client.SendAsync(HttpMethod.Post, Routes.OfSuite(Routes.AccountKeyPackages.Replace("{handle}", handle), 3));

    private static async Task<HttpStatusCode> GetAsync(TestServer server, string forwardedFor)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Routes.Server);
        request.Headers.Add("X-Forwarded-For", forwardedFor);
        return (await server.Http.SendAsync(request)).StatusCode;
    }
}

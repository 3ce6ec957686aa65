using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.Time.Testing;
using Parley.Contracts;
using Parley.Contracts.Resources;

namespace Parley.Server.Tests.Accounts;

public sealed class RegistrationTests
{
    [Fact]
    public async Task An_account_is_made_by_invite_and_found_by_others()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        TestClient bob = await server.JoinAsync("bob");
        HttpResponseMessage response = await bob.SendAsync(HttpMethod.Get, Routes.AccountByHandle.Replace("{handle}", "alice"));
        Account? account = await response.Content.ReadFromJsonAsync(ResourcesJson.Default.Account);
        Assert.Equal(alice.Device.Certificate.Encoded.ToArray(), Assert.Single(account!.Certificates));
        Assert.Equal(alice.Device.Certificate.AccountKey.ToArray(), account.AccountKey);
        await RefusedAsync(HttpStatusCode.NotFound, ErrorCode.NotFound, bob.SendAsync(HttpMethod.Get, Routes.AccountByHandle.Replace("{handle}", "nobody")));
        await RefusedAsync(HttpStatusCode.BadRequest, ErrorCode.HandleInvalid, bob.SendAsync(HttpMethod.Get, Routes.AccountByHandle.Replace("{handle}", "Alice")));
        await RefusedAsync(HttpStatusCode.Unauthorized, ErrorCode.Unauthenticated, server.Http.GetAsync(Routes.AccountByHandle.Replace("{handle}", "alice")));
    }

    [Fact]
    public async Task A_certificate_that_is_forged_or_of_another_server_is_refused()
    {
        await using TestServer server = await TestServer.StartAsync();
        string invite = await server.InviteAsync();
        byte[] genuine = new TestDevice("alice").Certificate.Encoded.ToArray();
        for (int i = 0; i < genuine.Length; i++)
        {
            byte[] forged = [.. genuine];
            forged[i] ^= 1;
            HttpResponseMessage response = await server.Http.PostAsJsonAsync(Routes.Accounts, new NewAccount(invite, forged), ResourcesJson.Default.NewAccount);
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        }

        DateTimeOffset future = DateTimeOffset.UtcNow.AddHours(2);
        await RefusedAsync(HttpStatusCode.BadRequest, ErrorCode.CertificateInvalid, server.RegisterAsync(new TestDevice("alice", server: "elsewhere.test"), invite));
        await RefusedAsync(HttpStatusCode.BadRequest, ErrorCode.CertificateInvalid, server.RegisterAsync(new TestDevice("alice", createdAt: future), invite));

        // And none of that has used the invite up.
        Assert.Equal(HttpStatusCode.OK, (await server.RegisterAsync(new TestDevice("alice"), invite)).StatusCode);
    }

    [Fact]
    public async Task Invites_that_are_unknown_used_or_expired_are_told_apart()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using TestServer server = await TestServer.StartAsync(clock);
        string used = await server.InviteAsync(valid: TimeSpan.FromHours(2));
        string expired = await server.InviteAsync(valid: TimeSpan.FromHours(1));
        var device = new TestDevice("alice");
        Assert.Equal(HttpStatusCode.OK, (await server.RegisterAsync(device, used)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await server.RegisterAsync(device, used)).StatusCode);
        clock.Advance(TimeSpan.FromHours(1));

        await RefusedAsync(HttpStatusCode.Gone, ErrorCode.InviteUsed, server.RegisterAsync(new TestDevice("bob"), used));
        await RefusedAsync(HttpStatusCode.Gone, ErrorCode.InviteExpired, server.RegisterAsync(new TestDevice("bob"), expired));
        await RefusedAsync(HttpStatusCode.NotFound, ErrorCode.InviteUnknown, server.RegisterAsync(new TestDevice("bob"), "guessed"));
        await RefusedAsync(HttpStatusCode.Conflict, ErrorCode.HandleTaken, server.RegisterAsync(new TestDevice("alice"), await server.InviteAsync()));
        Assert.Equal("invite_used", await StateAsync(server, used));
        Assert.Equal("invite_expired", await StateAsync(server, expired));
        Assert.Equal("none", await StateAsync(server, await server.InviteAsync()));
    }

    [Fact]
    public async Task A_member_can_invite_within_limits()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        HttpResponseMessage response = await alice.SendAsync(HttpMethod.Post, Routes.Invites, new NewInvite(1, 24));
        Invite invite = (await response.Content.ReadFromJsonAsync(ResourcesJson.Default.Invite))!;
        Assert.Equal(22, invite.Code.Length);
        Assert.Equal($"http://{TestServer.Name}/i/{invite.Code}", invite.Link);
        Assert.Equal(HttpStatusCode.OK, (await server.RegisterAsync(new TestDevice("bob"), invite.Code)).StatusCode);
        foreach (var wrong in new[] { new NewInvite(0, 24), new NewInvite(1001, 24), new NewInvite(1, 0), new NewInvite(1, 8761) })
            await RefusedAsync(HttpStatusCode.BadRequest, ErrorCode.Malformed, alice.SendAsync(HttpMethod.Post, Routes.Invites, wrong));
    }

    [Fact]
    public async Task The_invite_page_shows_the_line_to_type_and_runs_nothing()
    {
        await using TestServer server = await TestServer.StartAsync();
        string code = await server.InviteAsync();
        HttpResponseMessage page = await server.Http.GetAsync(Routes.InvitePage.Replace("{code}", code));
        string html = await page.Content.ReadAsStringAsync();
        Assert.Contains($"./parley join http://{TestServer.Name}/i/{code}", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.StartsWith("default-src 'none'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);

        HttpResponseMessage gone = await server.Http.GetAsync(Routes.InvitePage.Replace("{code}", "%3Cscript%3E"));
        Assert.Equal(HttpStatusCode.Gone, gone.StatusCode);
        Assert.DoesNotContain("script", await gone.Content.ReadAsStringAsync(), StringComparison.OrdinalIgnoreCase);
    }

    private static async Task<string> StateAsync(TestServer server, string code) =>
        (await server.Http.GetFromJsonAsync(Routes.InviteByCode.Replace("{code}", code), ResourcesJson.Default.InviteState))!.Code;

    private static Task RefusedAsync(HttpStatusCode status, ErrorCode code, Task<HttpResponseMessage> response) => Refusals.AssertAsync(status, code, response);
}

using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Parley.Contracts;
using Parley.Contracts.Resources;

namespace Parley.Server.Tests.Http;

/// <summary>Whatever is sent over HTTP is answered with a code.</summary>
public sealed class RefusalTests
{
    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"invite\":null,\"certificate\":\"AA==\"}")]
    [InlineData("{\"invite\":\"x\"}")]
    [InlineData("{\"invite\":\"x\",\"certificate\":\"not base64!\"}")]
    [InlineData("{\"invite\":\"x\",\"certificate\":5}")]
    public async Task A_body_that_is_not_what_it_should_be_is_malformed(string body)
    {
        await using TestServer server = await TestServer.StartAsync();
        using var content = new StringContent(body, MediaTypeHeaderValue.Parse("application/json"));
        await Refusals.AssertAsync(HttpStatusCode.BadRequest, ErrorCode.Malformed, server.Http.PostAsync(Routes.Accounts, content));
    }

    [Fact]
    public async Task What_is_unknown_too_large_or_unsigned_has_its_own_code()
    {
        await using TestServer server = await TestServer.StartAsync();
        await Refusals.AssertAsync(HttpStatusCode.NotFound, ErrorCode.NotFound, server.Http.GetAsync("/nothing/here"));
        await Refusals.AssertAsync(HttpStatusCode.NotFound, ErrorCode.NotFound, server.Http.DeleteAsync(Routes.Accounts));
        using var large = new HttpRequestMessage(HttpMethod.Post, Routes.Accounts);
        large.Content = new StringContent(new string(' ', Limits.RequestBodyBytesMax + 1), Encoding.ASCII, "application/json");
        large.Headers.ExpectContinue = true;
        await Refusals.AssertAsync(HttpStatusCode.RequestEntityTooLarge, ErrorCode.TooLarge, server.Http.SendAsync(large));
        foreach (string route in new[] { Routes.Invites, Routes.KeyPackages, Routes.AccountKeyPackages.Replace("{handle}", "alice") })
            await Refusals.AssertAsync(HttpStatusCode.Unauthorized, ErrorCode.Unauthenticated, server.Http.PostAsync(route, null));
        await Refusals.AssertAsync(HttpStatusCode.BadRequest, ErrorCode.Malformed, server.Http.GetAsync(Routes.Socket));
    }

    [Fact]
    public async Task One_address_can_only_ask_so_often()
    {
        await using TestServer server = await TestServer.StartAsync(limits: TestServer.Unlimited with { RequestsPerSecond = 1 });
        HttpResponseMessage last = await server.Http.GetAsync(Routes.Server);
        for (int i = 0; i < 20 && last.StatusCode == HttpStatusCode.OK; i++)
            last = await server.Http.GetAsync(Routes.Server);
        Assert.Equal(HttpStatusCode.TooManyRequests, last.StatusCode);
        Refusal? refusal = await last.Content.ReadFromJsonAsync(ResourcesJson.Default.Refusal);
        Assert.Equal("rate_limited", refusal!.Code);
        Assert.NotNull(refusal.RetryAfterMs);
    }

    [Fact]
    public async Task The_server_describes_itself()
    {
        await using TestServer server = await TestServer.StartAsync();
        ServerInfo info = (await server.Http.GetFromJsonAsync(Routes.Server, ResourcesJson.Default.ServerInfo))!;
        Assert.Equal(TestServer.Name, info.Name);
        Assert.Equal([Limits.ProtocolVersion], info.ProtocolVersions);
        Assert.Equal(HttpStatusCode.OK, (await server.Http.GetAsync(Routes.HealthLive)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await server.Http.GetAsync(Routes.HealthReady)).StatusCode);
        Assert.Contains(Routes.KeyPackages, await server.Http.GetStringAsync("/openapi/v1.json"), StringComparison.Ordinal);
    }
}

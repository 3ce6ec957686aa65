using System.Net;
using System.Net.Http.Json;
using System.Text;
using Parley.Contracts;
using Parley.Contracts.Resources;
using Parley.Contracts.Wire;
using Parley.EndToEnd.Tests.Hostile;

namespace Parley.EndToEnd.Tests;

/// <summary>
/// A peer that keeps to no rule meets a real server. The classroom chat that Parley follows took one <c>recv</c> for one message and kept
/// whatever it was sent; here a frame is a frame however it arrives, everything has a limit, and the server goes on.
/// </summary>
public sealed class HostileBytesTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(int.MaxValue)]
    public async Task A_frame_is_one_message_in_however_many_pieces_it_arrives(int fragmentBytes)
    {
        using RawSocket socket = await RawSocket.ConnectAsync(fixture.Server);
        await socket.SendAsync(RawSocket.Hello(requestId: 7), fragmentBytes);
        ServerFrame? answer = await socket.ReceiveAsync();
        Assert.Equal(7UL, answer?.Reply?.RequestId);
        Assert.Equal(ErrorCode.ChallengeFailed, answer?.Reply?.Error);
    }

    [Fact]
    public async Task Half_a_frame_is_not_taken_for_one()
    {
        using RawSocket socket = await RawSocket.ConnectAsync(fixture.Server);
        byte[] hello = RawSocket.Hello();
        await socket.SendAsync(hello.AsMemory(0, hello.Length / 2));
        Assert.Equal(ErrorCode.Malformed, (await socket.ReceiveAsync())?.Closed?.Reason);
    }

    [Fact]
    public async Task An_unknown_version_is_refused_by_name()
    {
        using RawSocket socket = await RawSocket.ConnectAsync(fixture.Server);
        await socket.SendAsync(RawSocket.Hello(version: 999));
        Assert.Equal(ErrorCode.VersionUnsupported, (await socket.ReceiveAsync())?.Reply?.Error);
    }

    [Fact]
    public async Task A_frame_that_is_too_large_is_refused_and_the_server_goes_on()
    {
        using RawSocket socket = await RawSocket.ConnectAsync(fixture.Server);
        await socket.SendAsync(new byte[Limits.ClientFrameBytesMax + 1], fragmentBytes: 64 * 1024);
        Assert.Equal(ErrorCode.TooLarge, (await socket.ReceiveAsync())?.Closed?.Reason);
        await IsHealthyAsync();
    }

    [Fact]
    public async Task Bytes_that_are_no_frame_are_refused_and_the_server_goes_on()
    {
        for (int length = 1; length <= 64; length++)
        {
            using RawSocket socket = await RawSocket.ConnectAsync(fixture.Server);
            await socket.SendAsync(Enumerable.Range(length, length).Select(i => (byte)(((i * 151) | 7) & 0xff)).ToArray());
            Assert.Equal(ErrorCode.Malformed, (await socket.ReceiveAsync())?.Closed?.Reason);
        }

        await IsHealthyAsync();
    }

    [Fact]
    public async Task A_body_that_is_too_large_or_no_JSON_is_refused_by_a_code()
    {
        using HttpClient http = new() { BaseAddress = fixture.Server.Address };
        http.DefaultRequestHeaders.ExpectContinue = true; // The server may refuse before it is sent the body.
        Assert.Equal("too_large", await RefusalAsync(http, new string(' ', Limits.RequestBodyBytesMax + 1)));
        Assert.Equal("malformed", await RefusalAsync(http, "{"));
        Assert.Equal("malformed", await RefusalAsync(http, """{"invite": null, "certificate": 3}"""));
        await IsHealthyAsync();
    }

    private static async Task<string?> RefusalAsync(HttpClient http, string body)
    {
        using StringContent content = new(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await http.PostAsync(new Uri(Routes.Accounts, UriKind.Relative), content);
        Assert.True((int)response.StatusCode is >= 400 and < 500, $"{response.StatusCode}");
        return (await response.Content.ReadFromJsonAsync(ResourcesJson.Default.Refusal))?.Code;
    }

    private async Task IsHealthyAsync()
    {
        using HttpClient http = new() { BaseAddress = fixture.Server.Address };
        using HttpResponseMessage response = await http.GetAsync(new Uri(Routes.HealthReady, UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }
}

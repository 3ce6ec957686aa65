using System.Net;
using Microsoft.Extensions.Time.Testing;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Resources;

namespace Parley.Server.Tests.Sessions;

public sealed class SignInTests
{
    [Fact]
    public async Task A_challenge_works_once()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        Challenge challenge = await server.ChallengeAsync(alice.Device);
        byte[] signature = Sign(alice.Device, challenge);
        Assert.Equal(HttpStatusCode.OK, (await server.AnswerAsync(alice.Device, challenge.Bytes, signature)).StatusCode);
        await FailedAsync(server.AnswerAsync(alice.Device, challenge.Bytes, signature));
    }

    [Fact]
    public async Task A_challenge_expires()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using TestServer server = await TestServer.StartAsync(clock);
        TestClient alice = await server.JoinAsync("alice");
        Challenge challenge = await server.ChallengeAsync(alice.Device);
        clock.Advance(TimeSpan.FromMinutes(2));
        await FailedAsync(server.AnswerAsync(alice.Device, challenge.Bytes, Sign(alice.Device, challenge)));
    }

    [Fact]
    public async Task Only_the_device_itself_can_answer_its_challenge()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        TestClient eve = await server.JoinAsync("eve");
        Challenge challenge = await server.ChallengeAsync(alice.Device);
        byte[] forEve = eve.Device.Sign(SignedContent.SignIn(TestServer.Name, alice.Id, challenge.Bytes));
        await FailedAsync(server.AnswerAsync(alice.Device, challenge.Bytes, forEve));
        await FailedAsync(server.AnswerAsync(eve.Device, challenge.Bytes, Sign(eve.Device, challenge)));
        await FailedAsync(server.AnswerAsync(alice.Device, challenge.Bytes, alice.Device.Sign(SignedContent.SignIn("elsewhere.test", alice.Id, challenge.Bytes))));
        await FailedAsync(server.AnswerAsync(alice.Device, challenge.Bytes, []));
        byte[] invented = [.. challenge.Bytes];
        invented[0] ^= 1;
        await FailedAsync(server.AnswerAsync(alice.Device, invented, Sign(alice.Device, challenge with { Bytes = invented })));

        // A failed answer does not use the challenge up.
        Assert.Equal(HttpStatusCode.OK, (await server.AnswerAsync(alice.Device, challenge.Bytes, Sign(alice.Device, challenge))).StatusCode);
    }

    [Fact]
    public async Task An_unknown_device_gets_a_challenge_and_nothing_more()
    {
        await using TestServer server = await TestServer.StartAsync();
        var nobody = new TestDevice("nobody");
        Challenge challenge = await server.ChallengeAsync(nobody);
        await FailedAsync(server.AnswerAsync(nobody, challenge.Bytes, Sign(nobody, challenge)));
    }

    [Fact]
    public async Task A_session_expires()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using TestServer server = await TestServer.StartAsync(clock);
        TestClient alice = await server.JoinAsync("alice");
        Assert.Equal(HttpStatusCode.OK, (await alice.SendAsync(HttpMethod.Get, Routes.OfSuite(Routes.KeyPackages, 3))).StatusCode);
        clock.Advance(TimeSpan.FromHours(24));
        await Refusals.AssertAsync(HttpStatusCode.Unauthorized, ErrorCode.Unauthenticated, alice.SendAsync(HttpMethod.Get, Routes.OfSuite(Routes.KeyPackages, 3)));
    }

    private static byte[] Sign(TestDevice device, Challenge challenge) => device.Sign(SignedContent.SignIn(TestServer.Name, device.Id, challenge.Bytes));

    private static Task FailedAsync(Task<HttpResponseMessage> response) => Refusals.AssertAsync(HttpStatusCode.Unauthorized, ErrorCode.ChallengeFailed, response);
}

using System.Net;
using Google.Protobuf;
using Microsoft.Extensions.Time.Testing;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Wire;

namespace Parley.Server.Tests.Sessions;

/// <summary>A device signs in by the first frames of a WebSocket; whoever is not that device does not.</summary>
public sealed class SignInTests
{
    [Fact]
    public async Task A_device_that_signs_its_challenge_is_in_and_has_a_token_for_HTTP()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using TestServer server = await TestServer.StartAsync(clock);
        TestClient alice = await server.JoinAsync("alice");
        await using TestSocket socket = await TestSocket.OpenAsync(server.Address);
        Reply reply = await socket.SignInAsync(alice.Device);
        Assert.Equal(ErrorCode.None, reply.Error);
        Assert.Equal((ulong)clock.GetUtcNow().ToUnixTimeMilliseconds(), reply.Hello.ServerTimeMs);
        Assert.Equal((ulong)clock.GetUtcNow().AddHours(24).ToUnixTimeMilliseconds(), reply.Hello.TokenExpiresAtMs);
        Assert.Equal(ErrorCode.None, (await socket.SubscribeAsync(alice.Inbox)).Error);
        Assert.Equal(HttpStatusCode.OK, (await new TestClient(server, alice.Device, reply.Hello.Token).SendAsync(HttpMethod.Get, Stock)).StatusCode);
    }

    [Fact]
    public async Task Each_connection_has_a_challenge_of_its_own()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        await using TestSocket one = await TestSocket.OpenAsync(server.Address);
        await using TestSocket other = await TestSocket.OpenAsync(server.Address);
        byte[] challenge = await one.ChallengeAsync();
        Assert.NotEqual(challenge, await other.ChallengeAsync());
        Assert.Equal(Limits.ChallengeBytes, challenge.Length);

        // The right answer, on the wrong connection; and what was overheard on one connection, on a later one.
        Hello overheard = alice.Device.Hello(challenge);
        Assert.Equal(ErrorCode.ChallengeFailed, (await other.RequestAsync(new ClientFrame { Hello = overheard })).Error);
        Assert.Equal(ErrorCode.None, (await one.RequestAsync(new ClientFrame { Hello = overheard })).Error);
        await FailedAsync(server, _ => overheard);
    }

    [Fact]
    public async Task A_second_hello_changes_nothing()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        TestClient eve = await server.JoinAsync("eve");
        await using TestSocket socket = await TestSocket.OpenAsync(server.Address);
        byte[] challenge = await socket.ChallengeAsync();
        Assert.Equal(ErrorCode.None, (await socket.RequestAsync(new ClientFrame { Hello = eve.Device.Hello(challenge) })).Error);
        Assert.Equal(ErrorCode.Malformed, (await socket.RequestAsync(new ClientFrame { Hello = alice.Device.Hello(challenge) })).Error);
        Assert.Equal(ErrorCode.NotAMember, (await socket.SubscribeAsync(alice.Inbox)).Error);
        Assert.Equal(ErrorCode.None, (await socket.SubscribeAsync(eve.Inbox)).Error);
    }

    [Fact]
    public async Task Only_the_devices_own_signature_over_all_of_it_is_taken()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        TestClient eve = await server.JoinAsync("eve");
        await FailedAsync(server, challenge => Signed(alice, eve.Device.Sign(Content(alice, challenge))));
        await FailedAsync(server, challenge => Signed(alice, eve.Device.Sign(Content(eve, challenge))));
        await FailedAsync(server, challenge => Signed(eve, eve.Device.Sign(Content(alice, challenge))));
        await FailedAsync(server, challenge => Signed(alice, alice.Device.Sign(SignedContent.SignIn("elsewhere.test", Limits.ProtocolVersion, alice.Id, challenge))));
        await FailedAsync(server, challenge => Signed(alice, alice.Device.Sign(SignedContent.SignIn(TestServer.Name, Limits.ProtocolVersion - 1, alice.Id, challenge))));
        await FailedAsync(server, challenge => Signed(alice, alice.Device.Sign(challenge)));
        await FailedAsync(server, _ => Signed(alice, alice.Device.Sign(Content(alice, new byte[Limits.ChallengeBytes]))));
        await FailedAsync(server, challenge => Signed(alice, [.. alice.Device.Sign(Content(alice, challenge)), 0]));
        await FailedAsync(server, challenge => Signed(alice, alice.Device.Sign(Content(alice, challenge))[1..]));
        await FailedAsync(server, _ => Signed(alice, []));
        await FailedAsync(server, challenge => new TestDevice("nobody").Hello(challenge));
        await using TestSocket socket = await alice.ConnectAsync();
    }

    [Fact]
    public async Task A_hello_that_makes_no_sense_is_refused_before_anything_is_looked_up()
    {
        await using TestServer server = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        await RefusedAsync(server, ErrorCode.VersionUnsupported, hello => hello.ProtocolVersion = 0);
        await RefusedAsync(server, ErrorCode.VersionUnsupported, hello => hello.ProtocolVersion = Limits.ProtocolVersion - 1);
        await RefusedAsync(server, ErrorCode.VersionUnsupported, hello => hello.ProtocolVersion = Limits.ProtocolVersion + 1);
        await RefusedAsync(server, ErrorCode.Malformed, static hello => hello.Device = ByteString.Empty);
        await RefusedAsync(server, ErrorCode.Malformed, static hello => hello.Device = ByteString.CopyFrom(new byte[17]));
        await RefusedAsync(server, ErrorCode.Malformed, static hello => hello.Client = new string('x', 65));

        Task RefusedAsync(TestServer at, ErrorCode expected, Action<Hello> spoil) => HelloAsync(at, expected, challenge =>
        {
            Hello hello = alice.Device.Hello(challenge);
            spoil(hello);
            return hello;
        });
    }

    [Fact]
    public async Task A_token_expires()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using TestServer server = await TestServer.StartAsync(clock);
        TestClient alice = await server.JoinAsync("alice");
        clock.Advance(TimeSpan.FromHours(24) - TimeSpan.FromMilliseconds(1));
        Assert.Equal(HttpStatusCode.OK, (await alice.SendAsync(HttpMethod.Get, Stock)).StatusCode);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        await UnauthenticatedAsync(alice);
    }

    [Fact]
    public async Task A_token_that_was_changed_or_invented_or_is_another_servers_is_none()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using TestServer other = await TestServer.StartAsync();
        TestClient alice = await server.JoinAsync("alice");
        for (int i = 0; i < alice.Token.Length; i++)
            await UnauthenticatedAsync(With(alice.Token[..i] + (alice.Token[i] == 'A' ? 'B' : 'A') + alice.Token[(i + 1)..]));
        foreach (string token in new[] { "x", new string('A', alice.Token.Length), alice.Token + "A", alice.Token[1..], new string('A', 5000), (await other.JoinAsync("alice")).Token })
            await UnauthenticatedAsync(With(token));
        Assert.Equal(HttpStatusCode.OK, (await alice.SendAsync(HttpMethod.Get, Stock)).StatusCode);

        TestClient With(string token) => new(server, alice.Device, token);
    }

    [Fact]
    public async Task Attempts_of_one_address_are_counted_and_told_to_wait()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using TestServer server = await TestServer.StartAsync(clock, TestServer.Unlimited with { SignInsPerMinute = 4 });
        TestClient alice = await server.JoinAsync("alice");
        for (int i = 0; i < 3; i++)
            await FailedAsync(server, _ => Signed(alice, []));
        Reply refused = await HelloAsync(server, ErrorCode.RateLimited, challenge => alice.Device.Hello(challenge));
        Assert.InRange(refused.RetryAfterMs, 1u, 60_000u);
        clock.Advance(TimeSpan.FromMilliseconds(refused.RetryAfterMs));
        await using TestSocket socket = await alice.ConnectAsync();
    }

    [Fact]
    public async Task Sign_ins_of_one_device_are_counted_and_nobody_uses_up_anothers()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using TestServer server = await TestServer.StartAsync(clock, TestServer.Unlimited with { SessionsPerMinute = 2 });
        TestClient alice = await server.JoinAsync("alice");
        for (int i = 0; i < 10; i++)
            await FailedAsync(server, _ => Signed(alice, []));
        await using (await alice.ConnectAsync())
        {
            Reply refused = await HelloAsync(server, ErrorCode.RateLimited, challenge => alice.Device.Hello(challenge));
            clock.Advance(TimeSpan.FromMilliseconds(refused.RetryAfterMs));
            await using TestSocket again = await alice.ConnectAsync();
        }
    }

    private static string Stock => Routes.OfSuite(Routes.KeyPackages, 3);

    private static byte[] Content(TestClient client, byte[] challenge) => SignedContent.SignIn(TestServer.Name, Limits.ProtocolVersion, client.Id, challenge);

    private static Hello Signed(TestClient client, byte[] signature) =>
        new() { ProtocolVersion = Limits.ProtocolVersion, Device = ByteString.CopyFrom(client.Id.ToArray()), Signature = ByteString.CopyFrom(signature) };

    private static Task<Reply> FailedAsync(TestServer server, Func<byte[], Hello> answer) => HelloAsync(server, ErrorCode.ChallengeFailed, answer);

    /// <summary>Answers the challenge of a new connection, is refused, and disconnected.</summary>
    private static async Task<Reply> HelloAsync(TestServer server, ErrorCode expected, Func<byte[], Hello> answer)
    {
        await using TestSocket socket = await TestSocket.OpenAsync(server.Address);
        Reply reply = await socket.RequestAsync(new ClientFrame { Hello = answer(await socket.ChallengeAsync()) });
        Assert.Equal(expected, reply.Error);
        Assert.Null(reply.Hello);
        Assert.Null(await socket.NextAsync());
        return reply;
    }

    private static Task UnauthenticatedAsync(TestClient client) =>
        Refusals.AssertAsync(HttpStatusCode.Unauthorized, ErrorCode.Unauthenticated, client.SendAsync(HttpMethod.Get, Stock));
}

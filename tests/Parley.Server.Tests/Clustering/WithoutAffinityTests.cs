using System.Net;
using Parley.Contracts.Identity;
using Parley.Contracts.Resources;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Clustering;

/// <summary>Two nodes on one database, and clients that talk with either as a load balancer happens to choose.</summary>
public sealed class WithoutAffinityTests
{
    [Fact]
    public async Task One_node_takes_the_answer_to_anothers_challenge_once()
    {
        Npgsql.NpgsqlConnectionStringBuilder settings = await (await PostgresCluster.SharedAsync()).CreateDatabaseAsync();
        await using TestServer one = await TestServer.StartOnPostgresAsync(settings);
        await using TestServer other = await TestServer.StartOnPostgresAsync(settings);
        TestClient alice = await one.JoinAsync("alice");
        Challenge challenge = await one.ChallengeAsync(alice.Device);
        byte[] signature = alice.Device.Sign(SignedContent.SignIn(TestServer.Name, alice.Id, challenge.Bytes));

        Assert.Equal(HttpStatusCode.OK, (await other.AnswerAsync(alice.Device, challenge.Bytes, signature)).StatusCode);
        await Refusals.AssertAsync(HttpStatusCode.Unauthorized, ErrorCode.ChallengeFailed, one.AnswerAsync(alice.Device, challenge.Bytes, signature));
        await Refusals.AssertAsync(HttpStatusCode.Unauthorized, ErrorCode.ChallengeFailed, other.AnswerAsync(alice.Device, challenge.Bytes, signature));
    }

    [Fact]
    public async Task An_invite_for_five_lets_five_in_however_many_ask_at_once_on_both()
    {
        Npgsql.NpgsqlConnectionStringBuilder settings = await (await PostgresCluster.SharedAsync()).CreateDatabaseAsync();
        await using TestServer one = await TestServer.StartOnPostgresAsync(settings);
        await using TestServer other = await TestServer.StartOnPostgresAsync(settings);
        string invite = await one.InviteAsync(uses: 5);

        HttpResponseMessage[] answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => (i % 2 == 0 ? one : other).RegisterAsync(new TestDevice("guest" + i), invite)));
        Assert.Equal(5, answers.Count(answer => answer.StatusCode == HttpStatusCode.OK));
    }

    [Fact]
    public async Task A_session_is_everywhere_at_once_and_so_is_what_was_appended()
    {
        Npgsql.NpgsqlConnectionStringBuilder settings = await (await PostgresCluster.SharedAsync()).CreateDatabaseAsync();
        await using TestServer one = await TestServer.StartOnPostgresAsync(settings);
        await using TestServer other = await TestServer.StartOnPostgresAsync(settings);
        TestClient alice = await one.JoinAsync("alice");
        byte[] group = await alice.CreateGroupAsync();
        await using (TestSocket socket = await alice.ConnectAsync())
            await socket.AppendAsync(TestMessages.Application(group));

        await using TestSocket elsewhere = await alice.At(other).ConnectAsync();
        Assert.Equal(1ul, (await elsewhere.SubscribeAsync(TestMessages.Log(group))).Subscribed.Head);
        Assert.Single(await elsewhere.EnvelopesAsync(TestMessages.Log(group), 1));
    }
}

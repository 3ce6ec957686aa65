using System.Net;
using Parley.Contracts;
using Parley.Contracts.Resources;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Clustering;

/// <summary>Two nodes on one database, and clients that talk with either as a load balancer happens to choose.</summary>
public sealed class WithoutAffinityTests
{
    [Fact]
    public async Task A_device_signs_in_on_any_node_and_its_token_is_good_on_all_until_it_was_taken_out()
    {
        Npgsql.NpgsqlConnectionStringBuilder settings = await (await PostgresCluster.SharedAsync()).CreateDatabaseAsync();
        await using TestServer one = await TestServer.StartOnPostgresAsync(settings);
        await using TestServer other = await TestServer.StartOnPostgresAsync(settings);
        TestClient alice = await one.JoinAsync("alice");
        var second = new TestDevice("alice", besides: alice.Device);
        Assert.Equal(HttpStatusCode.NoContent, (await alice.At(other).SendAsync(HttpMethod.Post, Routes.Devices, new NewDevice(second.Certificate.Encoded.ToArray()))).StatusCode);
        var lost = new TestClient(one, second, await one.SignInAsync(second));
        Assert.Equal(HttpStatusCode.OK, (await lost.At(other).SendAsync(HttpMethod.Get, Routes.OfSuite(Routes.KeyPackages, 3))).StatusCode);
        Assert.NotEmpty(await other.SignInAsync(second));

        Assert.Equal(HttpStatusCode.NoContent, (await alice.SendAsync(HttpMethod.Delete, Routes.DeviceById.Replace("{device}", second.Id.ToString()))).StatusCode);
        await Refusals.AssertAsync(HttpStatusCode.Unauthorized, ErrorCode.Unauthenticated, lost.At(other).SendAsync(HttpMethod.Get, Routes.OfSuite(Routes.KeyPackages, 3)));
        await using TestSocket socket = await TestSocket.OpenAsync(other.Address);
        Assert.Equal(ErrorCode.ChallengeFailed, (await socket.SignInAsync(second)).Error);
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
    public async Task What_was_appended_on_one_node_is_on_the_other_at_once()
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

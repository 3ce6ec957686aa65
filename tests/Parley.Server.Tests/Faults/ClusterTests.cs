using Npgsql;
using Parley.Server.Hosting;
using Parley.Server.Tests.Clustering;
using Parley.Server.Tests.Hosting;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Faults;

/// <summary>One node of three stands still, is cut off or is replaced, while clients on all of them talk.</summary>
[Collection(FaultsCollection.Name)]
public sealed class ClusterTests
{
    private static readonly TimeSpan PauseMin = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_node_that_stands_still_is_given_up_and_when_it_goes_on_it_ends_and_joins_anew()
    {
        Nightly.Only();
        await using TestCluster cluster = await TestCluster.StartAsync(await (await PostgresCluster.SharedAsync()).CreateDatabaseAsync());
        TestNode node = cluster.Nodes[0];
        await cluster.Load.ProgressAsync(100);
        string incarnation = await cluster.IncarnationAsync(node);
        node.Signal("-STOP");
        long pausedAt = TimeProvider.System.GetTimestamp();
        await cluster.DeclaredDeadAsync(incarnation);
        while (TimeProvider.System.GetElapsedTime(pausedAt) < PauseMin)
            await cluster.Load.ProgressAsync(100);
        Task<(int ExitCode, string Errors)> end = node.EndAsync();
        node.Signal("-CONT");
        AssertDeclaredDead(node, await end);
        await node.StartedAsync();
        await cluster.Load.ProgressAsync(100);
        await cluster.VerifyAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_node_that_is_cut_off_is_given_up_and_joins_anew_when_it_is_back(bool reachesDatabase)
    {
        Nightly.Only();
        await using TestNetwork network = await TestNetwork.CreateAsync(hosts: 3);
        await using PostgresCluster postgres = await PostgresCluster.StartAsync(isDurable: false, network.Hub);
        NpgsqlConnectionStringBuilder settings = await postgres.CreateDatabaseAsync();
        settings.Host = network.Hub;
        await using TestCluster cluster = await TestCluster.StartAsync(
            settings, start: (i, database) => TestNode.StartAsync(database, network.Address(i), network.Through(i)));
        TestNode node = cluster.Nodes[0];
        await cluster.Load.ProgressAsync(100);
        string incarnation = await cluster.IncarnationAsync(node);
        Task<(int ExitCode, string Errors)> end = node.EndAsync();
        await (reachesDatabase ? network.CutFromOthersAsync(0) : network.CutAsync(0));
        await cluster.DeclaredDeadAsync(incarnation);
        if (reachesDatabase)
            AssertDeclaredDead(node, await end);
        await cluster.Load.ProgressAsync(300);
        await network.HealAsync(0);
        AssertDeclaredDead(node, await end);
        await node.StartedAsync();
        await cluster.Load.ProgressAsync(100);
        await cluster.VerifyAsync();
    }

    [Fact]
    public async Task Nodes_are_replaced_one_after_the_other_and_an_older_one_than_the_database_is_refused()
    {
        Nightly.Only();
        NpgsqlConnectionStringBuilder settings = await (await PostgresCluster.SharedAsync()).CreateDatabaseAsync();
        await using TestCluster cluster = await TestCluster.StartAsync(settings);
        foreach (TestNode node in cluster.Nodes)
        {
            await cluster.Load.ProgressAsync(100);
            Task<(int ExitCode, string Errors)> end = node.EndAsync();
            node.Signal("-TERM");
            Assert.Equal((ExitCode.Success, ""), await end);
            await node.StartedAsync();
        }

        // As after the first node of a later version has started: the others go on, and one of this version does not start any more.
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
        await using (var upgrade = new NpgsqlCommand("UPDATE schema_version SET version = 1000", connection))
            await upgrade.ExecuteNonQueryAsync();
        await cluster.Load.ProgressAsync(100);
        await using var old = ServerProcess.Start(
            "run", "--listen", ServerProcess.FreeAddress(), "--database", cluster.Database, "--cluster-listen", new Uri(ServerProcess.FreeAddress()).Authority);
        (int exitCode, _, string errors) = await old.EndAsync();
        Assert.Equal(ExitCode.CannotStart, exitCode);
        Assert.Contains("newer version of Parley", errors, StringComparison.Ordinal);
        await cluster.VerifyAsync();
    }

    [Fact]
    public async Task Nodes_of_an_earlier_version_are_replaced_by_this_one_while_everybody_talks()
    {
        Nightly.Only();
        string previous = await PreviousVersion.ProgramAsync();
        await using TestCluster cluster = await TestCluster.StartAsync(
            await (await PostgresCluster.SharedAsync()).CreateDatabaseAsync(), start: (_, database) => TestNode.StartAsync(database, program: previous));
        foreach (TestNode node in cluster.Nodes)
        {
            await cluster.Load.ProgressAsync(100);
            node.Program = ServerProcess.Program;
            Task<(int ExitCode, string Errors)> end = node.EndAsync();
            node.Signal("-TERM");
            Assert.Equal((ExitCode.Success, ""), await end);
            await node.StartedAsync();
            await cluster.TalkAcrossAsync();
        }

        await cluster.VerifyAsync();
    }

    private static void AssertDeclaredDead(TestNode node, (int ExitCode, string Errors) end)
    {
        Assert.True(end.ExitCode == ExitCode.DeclaredDead, $"Exit code {end.ExitCode}: {end.Errors}\n{node.LastOutput}");
        Assert.Contains("have declared this one dead", end.Errors, StringComparison.Ordinal);
    }
}

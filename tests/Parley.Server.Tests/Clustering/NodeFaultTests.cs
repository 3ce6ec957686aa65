using Parley.Server.Hosting;
using Parley.Server.Tests.Hosting;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Clustering;

/// <summary>Nodes as real processes, to which the quicker bad things happen. What takes longer is in the nightly part.</summary>
public sealed class NodeFaultTests
{
    [Fact]
    public async Task A_node_of_three_that_is_killed_under_load_loses_nothing()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(await (await PostgresCluster.SharedAsync()).CreateDatabaseAsync());
        await cluster.Load.ProgressAsync(100);
        string incarnation = await cluster.IncarnationAsync(cluster.Nodes[0]);
        cluster.Nodes[0].Signal("-KILL");
        await cluster.DeclaredDeadAsync(incarnation);
        await cluster.Load.ProgressAsync(100);
        await cluster.VerifyAsync();
    }

    [Fact]
    public async Task A_cluster_and_a_server_that_is_no_node_keep_out_of_each_others_database()
    {
        Npgsql.NpgsqlConnectionStringBuilder settings = await (await PostgresCluster.SharedAsync()).CreateDatabaseAsync();
        string database = $"postgresql://{settings.Username}@{settings.Host}:{settings.Port}/{settings.Database}";
        await using (TestNode node = await TestNode.StartAsync(database))
        {
            await using var alone = ServerProcess.Start("run", "--listen", ServerProcess.FreeAddress(), "--database", database);
            (int exitCode, _, string errors) = await alone.EndAsync();
            Assert.Equal(ExitCode.CannotStart, exitCode);
            Assert.Contains("If it is a node of a cluster, so must this one be.", errors, StringComparison.Ordinal);
        }

        await using var server = ServerProcess.Start("run", "--listen", ServerProcess.FreeAddress(), "--database", database);
        await server.LineAsync("data in");
        await using var late = ServerProcess.Start("run", "--listen", ServerProcess.FreeAddress(), "--database", database, "--cluster-listen", new Uri(ServerProcess.FreeAddress()).Authority);
        (int lateExitCode, _, string lateErrors) = await late.EndAsync();
        Assert.Equal(ExitCode.CannotStart, lateExitCode);
        Assert.Contains("--cluster-listen on all of them", lateErrors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cluster_on_a_data_folder_is_refused_in_a_sentence()
    {
        using var folder = new TemporaryFolder();
        await using var server = ServerProcess.Start("run", "--listen", ServerProcess.FreeAddress(), "--data", folder.Path, "--cluster-listen", "127.0.0.1:7946");
        (int exitCode, _, string errors) = await server.EndAsync();
        Assert.Equal(ExitCode.WrongSetting, exitCode);
        Assert.Contains("share a PostgreSQL database", errors, StringComparison.Ordinal);
    }
}

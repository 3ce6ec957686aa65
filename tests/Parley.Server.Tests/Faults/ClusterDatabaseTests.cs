using Npgsql;
using Parley.Server.Tests.Clustering;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Faults;

/// <summary>The database that three nodes share fails under load.</summary>
[Collection(FaultsCollection.Name)]
public sealed class ClusterDatabaseTests
{
    [Fact]
    public async Task A_database_that_crashes_and_stands_still_loses_nothing_of_what_a_cluster_acknowledged()
    {
        Nightly.Only();
        await using PostgresCluster postgres = await PostgresCluster.StartAsync(isDurable: true);
        await using TestCluster cluster = await TestCluster.StartAsync(await postgres.CreateDatabaseAsync());
        for (int i = 0; i < 3; i++)
        {
            await cluster.Load.ProgressAsync(100);
            await postgres.CrashAndRestartAsync();
        }

        await cluster.Load.ProgressAsync(100);
        await postgres.PauseAsync();
        using (var impatient = new CancellationTokenSource(TimeSpan.FromSeconds(15)))
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cluster.Load.ProgressAsync(1000, impatient.Token));
        await postgres.ContinueAsync();
        await cluster.Load.ProgressAsync(100);
        await cluster.VerifyAsync();
    }

    [Fact]
    public async Task A_standby_that_takes_over_has_all_that_was_acknowledged_and_the_nodes_find_it()
    {
        Nightly.Only();
        await using PostgresCluster primary = await PostgresCluster.StartAsync(isDurable: true);
        NpgsqlConnectionStringBuilder settings = await primary.CreateDatabaseAsync();
        await using PostgresCluster standby = await primary.StartStandbyAsync();
        settings.Host = $"{settings.Host}:{settings.Port},{PostgresCluster.Host}:{standby.Port}";
        settings.TargetSessionAttributes = "primary";
        settings.HostRecheckSeconds = 1;
        await using TestCluster cluster = await TestCluster.StartAsync(settings);
        await cluster.Load.ProgressAsync(300);
        await primary.CrashAsync();
        await standby.PromoteAsync();
        await cluster.Load.ProgressAsync(300);
        await cluster.VerifyAsync();
    }
}

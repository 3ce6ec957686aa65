using Npgsql;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Faults;

/// <summary>PostgreSQL fails while the server is busy. Whatever was acknowledged is there once, in order; the rest is refused for now.</summary>
[Collection(FaultsCollection.Name)]
public sealed class PostgresTests
{
    [Fact]
    public async Task A_database_that_crashes_under_load_loses_nothing_that_was_acknowledged()
    {
        await using PostgresCluster cluster = await PostgresCluster.StartAsync(isDurable: true);
        await VerifyUnderLoadAsync(await cluster.CreateDatabaseAsync(), async load =>
        {
            for (int i = 0; i < 3; i++)
            {
                await load.ProgressAsync(100);
                await cluster.CrashAndRestartAsync();
            }
        });
    }

    [Fact]
    public async Task A_database_that_stands_still_holds_appends_up_and_loses_none()
    {
        await using PostgresCluster cluster = await PostgresCluster.StartAsync(isDurable: false);
        await VerifyUnderLoadAsync(await cluster.CreateDatabaseAsync(), async load =>
        {
            await load.ProgressAsync(100);
            await cluster.PauseAsync();
            using var impatient = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => load.ProgressAsync(100, impatient.Token));
            await cluster.ContinueAsync();
        });
    }

    [Fact]
    public async Task Connections_that_are_cut_are_made_again()
    {
        PostgresCluster cluster = await PostgresCluster.SharedAsync();
        NpgsqlConnectionStringBuilder settings = await cluster.CreateDatabaseAsync();
        await VerifyUnderLoadAsync(settings, async load =>
        {
            for (int i = 0; i < 5; i++)
            {
                await load.ProgressAsync(50);
                await PostgresCluster.CutAsync(settings);
            }
        });
    }

    private static async Task VerifyUnderLoadAsync(NpgsqlConnectionStringBuilder settings, Func<TestLoad, Task> harm)
    {
        await using TestServer server = await TestServer.StartOnPostgresAsync(settings);
        TestClient[] clients = [await server.JoinAsync("alice"), await server.JoinAsync("bob"), await server.JoinAsync("carol")];
        var level = MemoryLevel.OfThisProcess();
        await TestLoad.VerifyAsync(server, clients, harm);
        await level.ReturnsAsync();
    }
}

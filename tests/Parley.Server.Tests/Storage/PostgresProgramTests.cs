using Npgsql;
using Parley.Server.Hosting;
using Parley.Server.Tests.Hosting;

namespace Parley.Server.Tests.Storage;

/// <summary>The real program on PostgreSQL.</summary>
public sealed class PostgresProgramTests
{
    [Fact]
    public async Task It_starts_on_an_empty_database_keeps_all_in_it_and_lets_no_second_server_use_it()
    {
        PostgresCluster cluster = await PostgresCluster.SharedAsync();
        NpgsqlConnectionStringBuilder settings = await cluster.CreateDatabaseAsync();
        string database = $"postgresql://{settings.Username}@{settings.Host}:{settings.Port}/{settings.Database}";
        string address = ServerProcess.FreeAddress();
        string[] arguments = ["run", "--listen", address, "--database", database, "--name", TestServer.Name];
        TestClient alice;
        byte[] group;
        await using (var first = ServerProcess.Start([.. arguments, "--print-invite"]))
        {
            string command = await first.LineAsync("./parley join");
            await using RemoteServer server = new(new Uri(address));
            alice = await server.JoinAsync("alice", command[(command.LastIndexOf('/') + 1)..]);
            group = await alice.CreateGroupAsync();
            await using TestSocket socket = await alice.ConnectAsync();
            await socket.AppendAsync(TestMessages.Application(group));

            await using var second = ServerProcess.Start("run", "--listen", ServerProcess.FreeAddress(), "--database", database);
            (int exitCode, _, string errors) = await second.EndAsync();
            Assert.Equal(ExitCode.CannotStart, exitCode);
            Assert.Contains("Another server is using", errors, StringComparison.Ordinal);
            await using var invite = ServerProcess.Start("invite", "--database", database);
            await invite.LineAsync("./parley join");
            await first.KillAsync();
        }

        await using var again = ServerProcess.Start(arguments);
        await again.LineAsync("PostgreSQL database");
        await using TestSocket reader = await alice.ConnectAsync();
        Assert.Equal(1ul, (await reader.SubscribeAsync(TestMessages.Log(group))).Subscribed.Head);
    }
}

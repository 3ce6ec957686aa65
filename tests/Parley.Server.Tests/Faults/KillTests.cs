using Parley.Server.Tests.Hosting;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Faults;

/// <summary>The real program, killed without warning again and again while it is busy.</summary>
[Collection(FaultsCollection.Name)]
public sealed class KillTests
{
    private const int AppendsBetweenMax = 400;

    [Fact]
    public async Task Killed_at_random_moments_under_load_it_loses_nothing_that_was_acknowledged()
    {
        int kills = Nightly.Measure(brief: 5, full: 200);
        Random random = Nightly.Random();
        using var folder = new TemporaryFolder();
        string address = ServerProcess.FreeAddress();
        string[] arguments = ["run", "--listen", address, "--data", folder.Path, "--name", TestServer.Name, "--metrics-listen", ServerProcess.FreeAddress(), "--print-invite"];
        var process = ServerProcess.StartUnlimited(arguments);
        try
        {
            string invite = (await process.LineAsync("./parley join")).Split('/')[^1];
            await using RemoteServer server = new(new Uri(address));
            TestClient[] clients = [await server.JoinAsync("alice", invite), await server.JoinAsync("bob", invite), await server.JoinAsync("carol", invite)];
            MemoryLevel level = await MemoryLevel.OfAsync(process);
            await TestLoad.VerifyAsync(server, clients, async load =>
            {
                for (int i = 0; i < kills; i++)
                {
                    await load.ProgressAsync(random.Next(1, AppendsBetweenMax));
                    await process.KillAsync();
                    await process.DisposeAsync();
                    process = ServerProcess.StartUnlimited(arguments);
                    await process.LineAsync("./parley join");
                }

                TestContext.Current.SendDiagnosticMessage("Killed {0} times; {1} appends were acknowledged.", kills, load.Acknowledged);
            });
            await level.ReturnsAsync(process);
        }
        finally
        {
            await process.DisposeAsync();
        }
    }
}

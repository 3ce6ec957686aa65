using System.Globalization;
using Parley.Contracts.Wire;
using Parley.Server.Tests.Hosting;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Faults;

/// <summary>
/// Thousands of connections that ask for everything and never read, to the real program: each end has its own limit of open files. Its
/// memory is limited, so that it ends if they hold more than they may, or if what they held does not come back.
/// </summary>
[Collection(FaultsCollection.Name)]
public sealed class SilentReaderTests
{
    private const int Backlog = 4;
    private const int BacklogBytes = 200_000;
    private const int QueueMegabytes = 64;
    private const long Megabyte = 1024 * 1024;
    private const long QueueSlack = 32 * Megabyte;
    private const int Crowds = 3;

    // What may wait for those who read: half a megabyte for each connection of the load.
    private const long ReadersBytes = 4 * Megabyte;

    // All that .NET gives to the server, which ends if that is not enough: what waits, a connection's own, and what an idle server has.
    private const long ConnectionBytes = 20 * 1024;
    private const long OwnBytes = 64 * Megabyte;

    [Fact]
    public async Task Connections_that_never_read_hold_a_bounded_memory_and_nobody_up()
    {
        int count = Nightly.Measure(brief: 500, full: 10_000);
        using var folder = new TemporaryFolder();
        string address = ServerProcess.FreeAddress();
        long heapBytes = (QueueMegabytes * Megabyte) + QueueSlack + (count * ConnectionBytes) + OwnBytes;
        Dictionary<string, string> variables = MemoryLevel.LimitedTo(heapBytes / Megabyte);
        variables["PARLEY_QUEUE_MEGABYTES"] = QueueMegabytes.ToString(CultureInfo.InvariantCulture);
        await using var process = ServerProcess.Start([], variables, "run", "--listen", address, "--data", folder.Path, "--name", TestServer.Name, "--metrics-listen", ServerProcess.FreeAddress(), "--print-invite");
        string invite = (await process.LineAsync("./parley join")).Split('/')[^1];
        await using RemoteServer server = new(new Uri(address));
        TestClient[] clients = [await server.JoinAsync("alice", invite), await server.JoinAsync("bob", invite), await server.JoinAsync("carol", invite)];
        byte[] group = await clients[0].CreateGroupAsync();
        await using (TestSocket socket = await clients[0].ConnectAsync())
        {
            await socket.AppendAsync(TestMessages.Commit(group, epoch: 0, added: clients[1..]));
            for (int i = 0; i < Backlog; i++)
                await socket.AppendAsync(TestMessages.Application(group, epoch: 1, bytes: BacklogBytes));
        }

        MemoryLevel level = await MemoryLevel.OfAsync(process);
        try
        {
            await TestLoad.VerifyAsync(server, group, epoch: 1, clients, async load =>
            {
                // What the first ones leave behind would be missing to those that come after them.
                for (int i = 0; i < Crowds; i++)
                {
                    long queuedMost = await SilenceAsync(server, clients[1], group, load, count, process);
                    Assert.InRange(queuedMost, Megabyte, (QueueMegabytes * Megabyte) + QueueSlack);
                    await EmptyAsync(process);
                    TestContext.Current.SendDiagnosticMessage("{0} silent readers: at most {1:N0} bytes waited for them.", count, queuedMost);
                }
            });
            await level.ReturnsAsync(process);
        }
        catch (HttpRequestException)
        {
            // It has ended, and what it said tells why: not enough memory is one reason.
            (int exitCode, string output, string errors) = await process.EndAsync();
            Assert.Fail($"The server has ended with exit code {exitCode}.\n{output}\n{errors}");
        }
    }

    /// <summary>Has silent readers come, and go again after a while. Returns the most that waited for them.</summary>
    private static async Task<long> SilenceAsync(RemoteServer server, TestClient client, byte[] group, TestLoad load, int count, ServerProcess process)
    {
        var silent = new List<RawPeer>();
        long queuedMost = 0;
        for (int i = 0; i < count; i++)
        {
            silent.Add(await RawPeer.SignInAsync(server, client.Device));
            await silent[i].SendAsync(new ClientFrame { RequestId = 2, Subscribe = new Subscribe { Log = TestMessages.Log(group), After = 1 } });
            if (i % 50 == 0)
                queuedMost = Math.Max(queuedMost, await QueuedBytesAsync(process));
        }

        await load.ProgressAsync(1000);
        queuedMost = Math.Max(queuedMost, await QueuedBytesAsync(process));
        foreach (RawPeer peer in silent)
            await peer.DisposeAsync();
        return queuedMost;
    }

    private static async Task EmptyAsync(ServerProcess process)
    {
        long queued = 0;
        await Eventually.TrueAsync(async () => (queued = await QueuedBytesAsync(process)) <= ReadersBytes, () => $"{queued:N0} bytes still wait.");
    }

    private static Task<long> QueuedBytesAsync(ServerProcess process) => process.MetricAsync("parley_connections_queued_bytes");
}

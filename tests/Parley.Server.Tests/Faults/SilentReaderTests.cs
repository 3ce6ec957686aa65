using System.Diagnostics;
using Parley.Contracts.Wire;
using Parley.Server.Limiting;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Faults;

/// <summary>Thousands of connections that ask for everything and never read.</summary>
[Collection(FaultsCollection.Name)]
public sealed class SilentReaderTests
{
    private const int Backlog = 4;
    private const int BacklogBytes = 200_000;
    private const int QueueMegabytes = 64;
    private const long Slack = 32 * 1024 * 1024;

    [Fact]
    public async Task Connections_that_never_read_hold_a_bounded_memory_and_nobody_up()
    {
        int count = Nightly.Measure(brief: 500, full: 10_000);
        Assert.SkipUnless(FileLimit.TryRaise((count * 2) + 1000), "Too few files may be open: raise the limit (ulimit -n).");
        using var folder = new TemporaryFolder();
        await using TestServer server = await TestServer.StartOnSqliteAsync(folder.File("parley.db"), limits: TestServer.Unlimited with { QueueMegabytes = QueueMegabytes });
        TestClient[] clients = [await server.JoinAsync("alice"), await server.JoinAsync("bob"), await server.JoinAsync("carol")];
        byte[] group = await clients[0].CreateGroupAsync();
        await using (TestSocket socket = await clients[0].ConnectAsync())
        {
            await socket.AppendAsync(TestMessages.Commit(group, epoch: 0, added: clients[1..]));
            for (int i = 0; i < Backlog; i++)
                await socket.AppendAsync(TestMessages.Application(group, epoch: 1, bytes: BacklogBytes));
        }

        var budget = server.Get<MemoryBudget>();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        long queuedMost = 0;
        await TestLoad.VerifyAsync(server, group, epoch: 1, clients, async load =>
        {
            var silent = new List<RawPeer>();
            for (int i = 0; i < count; i++)
            {
                silent.Add(await RawPeer.SignInAsync(server, clients[1].Token));
                await silent[i].SendAsync(new ClientFrame { RequestId = 2, Subscribe = new Subscribe { Log = TestMessages.Log(group), After = 1 } });
                queuedMost = Math.Max(queuedMost, budget.QueuedBytes);
            }

            await load.ProgressAsync(1000);
            queuedMost = Math.Max(queuedMost, budget.QueuedBytes);
            foreach (RawPeer peer in silent)
                await peer.DisposeAsync();
        });

        Assert.InRange(queuedMost, 1024 * 1024, (QueueMegabytes * 1024L * 1024) + Slack);
        await Eventually.TrueAsync(() => budget.QueuedBytes == 0, () => $"{budget.QueuedBytes} bytes still wait.");
        await MemoryLevel.ReturnsAsync(before + Slack);
        TestContext.Current.SendDiagnosticMessage("{0} silent readers: at most {1:N0} bytes waited for them.", count, queuedMost);
    }

    /// <summary>How many files, and so connections, this process may have.</summary>
    private static class FileLimit
    {
        public static bool TryRaise(int count)
        {
            if (!OperatingSystem.IsLinux())
                return false;
            using Process raise = Process.Start(new ProcessStartInfo("prlimit", ["--pid", Environment.ProcessId.ToString(), $"--nofile={Math.Max(count, 20_000)}"])
            {
                UseShellExecute = false,
                RedirectStandardError = true,
            })!;
            raise.WaitForExit();
            return raise.ExitCode == 0;
        }
    }
}

using System.Diagnostics;
using Parley.Server.Tests.Hosting;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Faults;

/// <summary>The real program on a small disk of its own, which somebody else fills at random moments.</summary>
[Collection(FaultsCollection.Name)]
public sealed class FullDiskTests
{
    private const int AppendsBetweenMax = 400;

    // What waits for the disk may be 64 of them.
    private const int HeapMegabytes = 128;

    [Fact]
    public async Task A_disk_that_fills_at_random_moments_holds_appends_up_and_loses_none()
    {
        int times = Nightly.Measure(brief: 3, full: 50);
        Random random = Nightly.Random();
        using var folder = new TemporaryFolder();
        using SmallDisk disk = SmallDisk.TryMount(folder.File("disk"))
            ?? throw new InvalidOperationException($"{Xunit.v3.DynamicSkipToken.Value}A file system cannot be mounted here: that takes root on Linux.");
        string address = ServerProcess.FreeAddress();
        await using var process = ServerProcess.Start([], MemoryLevel.LimitedTo(HeapMegabytes), "run", "--listen", address, "--data", disk.Data, "--name", TestServer.Name, "--metrics-listen", ServerProcess.FreeAddress(), "--print-invite");
        string invite = (await process.LineAsync("./parley join")).Split('/')[^1];
        await using RemoteServer server = new(new Uri(address));
        TestClient[] clients = [await server.JoinAsync("alice", invite), await server.JoinAsync("bob", invite), await server.JoinAsync("carol", invite)];
        MemoryLevel level = await MemoryLevel.OfAsync(process);
        await TestLoad.VerifyAsync(server, clients, async load =>
        {
            for (int i = 0; i < times; i++)
            {
                await load.ProgressAsync(random.Next(1, AppendsBetweenMax));
                long refused = load.Refused;
                await Eventually.TrueAsync(() =>
                {
                    disk.Fill();
                    return load.Refused > refused;
                }, () => $"{load}\n{process.Printed()}");
                disk.Free();
            }
        });
        await level.ReturnsAsync(process);
        process.Stop();
        Assert.Contains("Is the disk full?", (await process.EndAsync()).Output, StringComparison.Ordinal);
    }

    /// <summary>A file system in memory, of a size that is soon used up.</summary>
    private sealed class SmallDisk : IDisposable
    {
        private const int Megabytes = 256;

        private readonly string _path;
        private readonly string _filler;

        private SmallDisk(string path)
        {
            _path = path;
            _filler = Path.Combine(path, "filler");
            Data = Path.Combine(path, "data");
        }

        /// <summary>A folder on it.</summary>
        public string Data { get; }

        public static SmallDisk? TryMount(string path)
        {
            Directory.CreateDirectory(path);
            return OperatingSystem.IsLinux() && Run("mount", "-t", "tmpfs", "-o", $"size={Megabytes}m", "tmpfs", path) ? new SmallDisk(path) : null;
        }

        /// <summary>Takes what room there is.</summary>
        public void Fill()
        {
            byte[] block = new byte[1024 * 1024];
            try
            {
                using var filler = new FileStream(_filler, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
                while (true)
                    filler.Write(block);
            }
            catch (IOException)
            {
                // It is full, to the last megabyte; what is left goes as well.
                FillRest();
            }
        }

        public void Free() => File.Delete(_filler);

        public void Dispose() => Run("umount", "-l", _path);

        private void FillRest()
        {
            byte[] block = new byte[4096];
            try
            {
                using var filler = new FileStream(_filler, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
                while (true)
                    filler.Write(block);
            }
            catch (IOException)
            {
                // Now it is.
            }
        }

        private static bool Run(string program, params string[] arguments)
        {
            try
            {
                using Process run = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardError = true })!;
                run.WaitForExit();
                return run.ExitCode == 0;
            }
            catch (System.ComponentModel.Win32Exception)
            {
                return false;
            }
        }
    }
}

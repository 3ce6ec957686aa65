using System.Diagnostics;
using System.Globalization;

namespace Parley.Client.Tests.Store;

/// <summary>The store in a process of its own, killed at any moment and stopped by a full disk.</summary>
public sealed class KillTests : IDisposable
{
    private const int BatchesMax = 60;

    private readonly string _parent = Directory.CreateTempSubdirectory("parley-kill-").FullName;

    private string Folder => Path.Combine(_parent, "profile");

    private static int Kills => Environment.GetEnvironmentVariable("PARLEY_NIGHTLY") is "1" ? 200 : 10;

    [Fact]
    public async Task Killed_at_any_write_the_store_has_every_acknowledged_batch_whole()
    {
        var random = new Random(Environment.TickCount);
        for (int i = 0; i < Kills; i++)
        {
            // Some lives end before the first batch: in the making of the profile, or in its opening.
            int told = await LifeAsync(random.Next(BatchesMax), random.Next(4000));
            int last = StoreWriter.Check(Folder);
            Assert.True(last == told || last == told + 1 || told == 0, $"Batch {told} was acknowledged, and the store has {last}.");
        }

        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"The client's store was killed {Kills} times and has {StoreWriter.Check(Folder)} batches."));
    }

    [Fact]
    public async Task A_disk_that_is_full_is_told_and_loses_nothing()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The size of files is limited by the shell, which Windows has not.");
        // A file may not grow over 512 KiB, which to SQLite is a disk without room. The signal that would end the process is ignored, as a full disk sends none, and .NET's mapping of
        // its own code through a file, which the limit hits as well, is switched off.
        using Process writer = Start("bash", "-c", "trap '' XFSZ; ulimit -f 512; export DOTNET_EnableWriteXorExecute=0; exec \"$0\" exec \"$1\" write \"$2\"", Environment.ProcessPath!, typeof(KillTests).Assembly.Location, Folder);
        string[] lines = (await writer.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await writer.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal((1, nameof(ClientErrorCode.StoreFailed)), (writer.ExitCode, lines[^1]));
        Assert.Equal(int.Parse(lines[^2], CultureInfo.InvariantCulture), StoreWriter.Check(Folder));
        Assert.NotEqual(0, await LifeAsync(batches: 3, spins: 0));
    }

    public void Dispose() => Directory.Delete(_parent, recursive: true);

    /// <summary>Starts the writer and kills it after so many batches and a moment more; the last batch it told of.</summary>
    private async Task<int> LifeAsync(int batches, int spins)
    {
        using Process writer = Start(Environment.ProcessPath!, "exec", typeof(KillTests).Assembly.Location, "write", Folder);
        int told = 0;
        for (int i = 0; i < batches; i++)
        {
            string line = await writer.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) ?? throw new InvalidOperationException("The writer has ended by itself.");
            told = int.Parse(line, CultureInfo.InvariantCulture);
        }

        Thread.SpinWait(spins);
        writer.Kill();
        await writer.WaitForExitAsync(TestContext.Current.CancellationToken);
        // What it had told before the signal came counts, too.
        foreach (string line in (await writer.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Split('\n')[..^1])
            told = int.Parse(line, CultureInfo.InvariantCulture);
        return told;
    }

    private static Process Start(string program, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, UseShellExecute = false })
        ?? throw new InvalidOperationException("The writer has not started.");
}

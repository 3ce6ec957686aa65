using System.Diagnostics;
using System.IO.Compression;
using System.Runtime.InteropServices;

namespace Parley.Server.Tests.Clustering;

/// <summary>
/// The server as it was at an earlier commit, built from this repository's own history. Where the history is not there (a shallow clone,
/// sources without git), tests with it are skipped.
/// </summary>
internal static class PreviousVersion
{
    /// <summary>The first one on which devices sign in as they do today.</summary>
    private const string Commit = "41a430b49180bc6a9fbd92efe1f8670c2b94e913";

    private static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(10);

    /// <summary>Builds it, unless that was done before. Returns its program.</summary>
    public static async Task<string> ProgramAsync()
    {
        string root = FindRoot();
        string folder = Path.Combine(root, "artifacts", "previous", Commit);
        string program = Path.Combine(folder, "artifacts", "bin", "Parley.Server", "release", Path.GetFileName(Hosting.ServerProcess.Program));
        if (File.Exists(program))
            return program;
        string archive = Path.Combine(Directory.CreateDirectory(Path.Combine(root, "artifacts", "previous")).FullName, Commit + ".zip");
        if (await RunAsync("git", root, "archive", "--format=zip", "--output", archive, Commit) is { } missing)
            Assert.Skip("The history of this repository does not reach back to the version that nodes are upgraded from: " + missing.Trim());
        await ZipFile.ExtractToDirectoryAsync(archive, folder, overwriteFiles: true);
        string dotnet = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");

        // Without servers that outlive it: they would keep its output open.
        string? failure = await RunAsync(
            dotnet, folder, "build", Path.Combine("src", "Parley.Server"), "-c", "Release", "-v", "quiet", "--nologo", "-nodeReuse:false", "-p:UseSharedCompilation=false", "-p:RunAnalyzers=false");
        Assert.True(failure is null, failure);
        return program;
    }

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Parley.slnx")))
            folder = folder.Parent;
        if (folder is null)
            Assert.Skip("These tests run outside of the repository whose history holds the version that nodes are upgraded from.");
        return folder!.FullName; // Not null: skipped above.
    }

    /// <summary>Null, or what it said when it failed.</summary>
    private static async Task<string?> RunAsync(string program, string folder, params string[] arguments)
    {
        using var limit = new CancellationTokenSource(BuildLimit);
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments)
            {
                WorkingDirectory = folder,
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!; // A program that cannot be started throws.
            Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
            string errors = await process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return process.ExitCode == 0 ? null : errors + await output;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return e.Message;
        }
    }
}

namespace Parley.Tasks;

/// <summary>
/// The npm packages of interop/ts-mls, exactly those of its lock file: another MLS implementation, to test against. Without a network
/// those tests are skipped.
/// </summary>
internal static class NodePackages
{
    private static readonly TimeSpan InstallLimit = TimeSpan.FromMinutes(5);

    public static void Ensure(Repository repository, TextWriter output)
    {
        string folder = Path.Combine(repository.Root, "interop", "ts-mls");
        bool hasNode = SystemPackage.Ensure("node", "the tests with ts-mls need Node.js", ["nodejs", "npm"], "node", output);
        if (!hasNode || IsInstalled(folder) || !SystemPackage.Ensure("npm", "it installs ts-mls", ["npm"], "node", output))
            return;
        output.WriteLine("Installing ts-mls and what it needs, for the tests with it (npm ci) ...");
        string npm = OperatingSystem.IsWindows() ? "npm.cmd" : "npm";
        ToolResult installation = Tool.Run(npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder, InstallLimit);
        if (installation.ExitCode != 0)
            output.WriteLine($"ts-mls could not be installed, so the tests with it are skipped. npm said:\n{installation.Output}");
    }

    /// <summary>npm writes its own copy of the lock file when it is done.</summary>
    private static bool IsInstalled(string folder)
    {
        var installed = new FileInfo(Path.Combine(folder, "node_modules", ".package-lock.json"));
        return installed.Exists && installed.LastWriteTimeUtc >= File.GetLastWriteTimeUtc(Path.Combine(folder, "package-lock.json"));
    }
}

using System.Runtime.InteropServices;

namespace Parley.EndToEnd.Tests.Processes;

/// <summary>Where the real programs stand: built beside these tests, in the same configuration.</summary>
internal static class Programs
{
    /// <summary>The checkout these tests were built in.</summary>
    public static string Root { get; } = FindRoot();

    public static string Server { get; } = Built("Parley.Server", "parley-server.dll");

    public static string Terminal { get; } = Built("Parley.Terminal", "parley.dll");

    public static string Bench { get; } = Built("Parley.Bench", "Parley.Bench.dll");

    /// <summary>The <c>dotnet</c> that runs these tests: three folders above the framework it has loaded.</summary>
    public static string Dotnet { get; } = Path.GetFullPath(Path.Combine(
        RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Parley.slnx")))
                return folder.FullName;
        }

        throw new InvalidOperationException("The end-to-end tests run inside a checkout.");
    }

    private static string Built(string project, string assembly)
    {
        DirectoryInfo configuration = new(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        return Path.GetFullPath(Path.Combine(configuration.FullName, "..", "..", project, configuration.Name, assembly));
    }
}

using System.Diagnostics;

namespace Parley.Package.Tests;

/// <summary>The checkout, and the <c>dotnet</c> that runs this program.</summary>
internal static class Checkout
{
    public static string Root { get; } = FindRoot();

    /// <summary>The projects that are packed, those that others use first.</summary>
    public static IReadOnlyList<string> Packages { get; } = ["Parley.Mls.Messages", "Parley.Mls", "Parley.Sodium", "Parley.Mls.Native", "Parley.Mls.BouncyCastle"];

    public static string PackageFolder => Path.Combine(Root, "artifacts", "package", "release");

    /// <summary>Runs a command of dotnet, which must succeed, and gives what it printed.</summary>
    public static string Dotnet(params string[] arguments) => Run(Environment.ProcessPath!, arguments); // A program that runs has a path.

    public static string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = Root, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{string.Join(' ', arguments)} failed:\n{output}{errors.Result}");
        return output;
    }

    /// <summary>Whether a program can be started by its name.</summary>
    public static bool HasProgram(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, name)));

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Parley.slnx")))
                return folder.FullName;
        }

        throw new InvalidOperationException("These tests run inside a checkout.");
    }
}

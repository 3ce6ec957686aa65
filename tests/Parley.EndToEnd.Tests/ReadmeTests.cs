using System.Globalization;
using System.Text.RegularExpressions;
using Parley.EndToEnd.Tests.Processes;

namespace Parley.EndToEnd.Tests;

/// <summary>What the README tells a stranger to type does what it says, by the scripts themselves.</summary>
public sealed partial class ReadmeTests
{
    // The first call builds, which takes as long as it takes.
    private static readonly TimeSpan BuildDeadline = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task The_first_command_starts_a_server_and_prints_the_second_which_makes_an_account()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The scripts for Windows are other files.");
        using TemporaryFolder folder = new();
        await using RunningProgram build = RunningProgram.StartCommand(Path.Combine(Programs.Root, "parley"), ["--version"]);
        Assert.True(await build.WaitForExitAsync(BuildDeadline) == 0, build.Output + build.Errors);

        string address = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{ServerProcess.FreePort()}");
        await using RunningProgram run = RunningProgram.StartCommand(Path.Combine(Programs.Root, "run"), ["--listen", address, "--data", folder.Below("server")]);
        await Eventually.IsAsync("the line that the next person types", () => NextLine().IsMatch(run.Output) || run.HasExited, () => run.Output + run.Errors);
        string link = NextLine().Match(run.Output).Groups["link"].Value;
        Assert.StartsWith(address + "/i/", link, StringComparison.Ordinal);

        string[] join = ["join", link, "--name", "dora", "--profile", folder.Below("dora")];
        await using RunningProgram parley = RunningProgram.StartCommand(Path.Combine(Programs.Root, "parley"), join);
        Assert.True(await parley.WaitForExitAsync() == 0, parley.Output + parley.Errors);
        Assert.Contains("@dora", parley.Output, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"^\s*\./parley join (?<link>\S+)\s*$", RegexOptions.Multiline)]
    private static partial Regex NextLine();
}

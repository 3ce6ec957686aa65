using System.Text.RegularExpressions;

namespace Repository.Tests;

/// <summary>The commands the README gives are there, can be run, and have their twin for Windows.</summary>
public sealed partial class CommandTests
{
    private static readonly Rule CommandsExist = files =>
    {
        RepositoryFile[] all = [.. files];
        return all.Where(file => file.Is(".md")).SelectMany(file => Enumerable.Range(0, file.Lines.Count)
            .SelectMany(i => Command().Matches(file.Lines[i])
                .Where(match => all.All(other => other.Path != match.Groups[1].Value))
                .Select(match => file.At(i, $"gives the command {match.Value}, which is not there"))));
    };

    [Fact]
    public void Every_command_in_a_document_exists() => CommandsExist.IsKept();

    [Fact]
    public void A_command_that_does_not_exist_is_found() => CommandsExist.Finds("README.md:2", new RepositoryFile("README.md", "\n    ./missing\n"), new RepositoryFile("run", ""));

    [Theory]
    [InlineData("run")]
    [InlineData("test")]
    [InlineData("bench")]
    [InlineData("parley")]
    public void A_command_stands_in_the_README_and_runs_on_every_platform(string name)
    {
        Assert.Contains("./" + name, Checkout.Single("README.md").Text, StringComparison.Ordinal);
        Assert.Contains(Checkout.Files, file => file.Path == name + ".cmd");
        if (!OperatingSystem.IsWindows())
            Assert.True(File.GetUnixFileMode(Path.Combine(Checkout.Root, name)).HasFlag(UnixFileMode.UserExecute), $"{name} is not executable.");
    }

    [GeneratedRegex(@"(?<![\w.])\./([\w.-]+(?:/[\w.-]+)*)")]
    private static partial Regex Command();
}

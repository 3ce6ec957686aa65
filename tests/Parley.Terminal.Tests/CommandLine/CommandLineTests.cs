using System.Text.Json;
using Parley.Terminal.CommandLine;

namespace Parley.Terminal.Tests.CommandLine;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("join", "nonsense")]
    [InlineData("join", "https://chat.example.org/i/CODE", "--name", "no spaces")]
    [InlineData("join", "https://chat.example.org/i/CODE")]
    [InlineData("send", "@bob")]
    [InlineData("send", "@b@b", "hi")]
    [InlineData("read", "--count", "many")]
    [InlineData("read", "--count", "-1")]
    [InlineData("create", "climbers", "not a name")]
    [InlineData("add", "#climbers")]
    [InlineData("invite", "--uses", "0")]
    [InlineData("verify", "@bob", "--yes", "--revoke")]
    [InlineData("frobnicate")]
    [InlineData]
    public async Task What_is_not_understood_ends_with_usage_and_one_sentence(params string[] arguments)
    {
        (int exit, string output, string error) = await RunAsync(arguments);
        Assert.Equal((int)ExitCode.Usage, exit);
        Assert.Equal("", output);
        Assert.StartsWith("parley: ", error);
        Assert.Equal(1, error.Count(c => c == '\n'));
    }

    [Fact]
    public async Task With_json_an_error_is_an_object()
    {
        (int exit, string output, string error) = await RunAsync("join", "nonsense", "--json");
        Assert.Equal(((int)ExitCode.Usage, ""), (exit, error));
        using var json = JsonDocument.Parse(output);
        Assert.Equal(["error", "message"], json.RootElement.EnumerateObject().Select(property => property.Name));
        Assert.Equal("usage", json.RootElement.GetProperty("error").GetString());
    }

    [Theory]
    [InlineData("join")]
    [InlineData("whoami")]
    [InlineData("nick")]
    [InlineData("invite")]
    [InlineData("verify")]
    [InlineData("send")]
    [InlineData("read")]
    [InlineData("conversations")]
    [InlineData("create")]
    [InlineData("add")]
    [InlineData("remove")]
    [InlineData("leave")]
    [InlineData("rename")]
    [InlineData("members")]
    [InlineData("export")]
    [InlineData("outbox")]
    [InlineData("lock")]
    [InlineData("unlock")]
    public async Task Every_command_teaches_by_example(string command)
    {
        (int exit, string output, _) = await RunAsync(command, "--help");
        Assert.Equal(0, exit);
        Assert.Contains($"Examples:\n  ", output);
        Assert.Contains($"parley {command}", output[output.IndexOf("Examples:", StringComparison.Ordinal)..]);
    }

    private static async Task<(int Exit, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        int exit = await ParleyCommandLine.RunAsync(arguments, new CommandLineConsole(TextReader.Null, output, error, InIsTerminal: false, OutIsTerminal: false, ErrorIsTerminal: false));
        return (exit, output.ToString(), error.ToString());
    }
}

using System.Text.Json;
using Parley.Client.Sqlite;
using Parley.Mls.Crypto;
using Parley.Mls.Native;
using Parley.Terminal.CommandLine;

namespace Parley.Terminal.Tests.CommandLine;

public sealed class LockVerbTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("parley-lock-").FullName;

    [Fact]
    public async Task Without_a_new_passphrase_nothing_is_locked()
    {
        (int exit, string output) = await RunAsync("lock", "--json");
        using var json = JsonDocument.Parse(output);
        Assert.Equal(((int)ExitCode.Locked, "passphrase_needed"), (exit, json.RootElement.GetProperty("error").GetString()));
        Assert.False(ProfileStore.IsLocked(_folder));
    }

    [Fact]
    public async Task Whether_there_is_a_passphrase_is_told_without_it()
    {
        Assert.False(await IsLockedAsync());
        Lock();
        Assert.True(await IsLockedAsync());
    }

    [Theory]
    [InlineData("whoami")]
    [InlineData("unlock")]
    [InlineData("read")]
    public async Task A_locked_profile_refuses_every_command_with_one_code(string command)
    {
        Lock();
        (int exit, string output) = await RunAsync(command, "--json");
        using var json = JsonDocument.Parse(output);
        Assert.Equal(((int)ExitCode.Locked, "passphrase_needed"), (exit, json.RootElement.GetProperty("error").GetString()));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Lock() => Assert.True(ProfileStore.ChangePassphrase(
        _folder, new NativeCryptoProvider(RandomSource.System), askPassphrase: null, static () => Parley.Client.ClientResult.Of(new Secret("correct horse"u8))).Succeeded);

    private async Task<bool> IsLockedAsync()
    {
        (int exit, string output) = await RunAsync("lock", "--status", "--json");
        using var json = JsonDocument.Parse(output);
        Assert.Equal(0, exit);
        return json.RootElement.GetProperty("is_locked").GetBoolean();
    }

    private async Task<(int Exit, string Output)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        int exit = await ParleyCommandLine.RunAsync(
            [.. arguments, "--profile", _folder], new CommandLineConsole(TextReader.Null, output, TextWriter.Null, InIsTerminal: false, OutIsTerminal: false, ErrorIsTerminal: false));
        return (exit, output.ToString());
    }
}

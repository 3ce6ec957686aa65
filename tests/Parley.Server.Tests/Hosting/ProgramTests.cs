using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Parley.Contracts;
using Parley.Contracts.Resources;
using Parley.Server.Hosting;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Hosting;

/// <summary>The program as whoever runs it sees it.</summary>
public sealed class ProgramTests
{
    [Fact]
    public async Task It_says_where_it_is_and_how_to_join_and_invites_beside_a_running_server_work()
    {
        using var folder = new TemporaryFolder();
        string address = ServerProcess.FreeAddress();
        await using var server = ServerProcess.Start("run", "--listen", address, "--data", folder.Path, "--print-invite");
        Assert.EndsWith(address, await server.LineAsync("listening on"), StringComparison.Ordinal);
        Assert.EndsWith(folder.Path, await server.LineAsync("data in"), StringComparison.Ordinal);
        string command = await server.LineAsync("./parley join");
        using var http = new HttpClient();
        await AssertUsableAsync(http, address, command);

        await using var invite = ServerProcess.Start("invite", "--data", folder.Path, "--uses", "1");
        (int exitCode, string output, _) = await invite.EndAsync();
        Assert.Equal(0, exitCode);
        await AssertUsableAsync(http, address, output.Split('\n').Single(line => line.Contains("./parley join", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_is_called_often_is_compiled_well_soon_also_on_one_core()
    {
        await using FileStream file = File.OpenRead(Path.ChangeExtension(ServerProcess.Program, null) + ".runtimeconfig.json");
        using JsonDocument settings = await JsonDocument.ParseAsync(file);
        JsonElement properties = settings.RootElement.GetProperty("runtimeOptions").GetProperty("configProperties");
        Assert.Equal(1, properties.GetProperty("System.Runtime.TieredCompilation.CallCountingDelayMs").GetInt32());
    }

    [Fact]
    public async Task A_wrong_setting_or_a_place_it_cannot_use_is_one_sentence_and_nothing_is_made()
    {
        using var folder = new TemporaryFolder();
        string data = folder.File("data");
        string address = ServerProcess.FreeAddress();
        await AssertRefusedAsync(ExitCode.WrongSetting, "--listen", "run", "--listen", "nonsense", "--data", data);
        await AssertRefusedAsync(ExitCode.WrongSetting, "reverse proxy", "run", "--listen", "https://127.0.0.1:8787", "--data", data);
        await AssertRefusedAsync(
            ExitCode.WrongSetting, "cannot be read", "run", "--listen", "https://127.0.0.1:8787", "--tls-certificate", folder.File("chat.pem"), "--tls-key", folder.File("chat.key"), "--data", data);
        await AssertRefusedAsync(ExitCode.WrongSetting, "--public-url", "run", "--listen", address, "--public-url", "ftp://x", "--data", data);
        await AssertRefusedAsync(ExitCode.WrongSetting, "--name", "run", "--listen", address, "--name", "two words", "--data", data);
        await AssertRefusedAsync(ExitCode.WrongSetting, "no Parley server", "invite", "--data", data);
        using var other = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        other.Start();
        await AssertRefusedAsync(ExitCode.CannotStart, "another program is listening", "run", "--listen", $"http://{other.LocalEndpoint}", "--data", data);
        Assert.False(Path.Exists(data));

        await File.WriteAllTextAsync(data, "a file where the folder should be");
        await AssertRefusedAsync(ExitCode.CannotStart, "cannot be written to", "run", "--listen", address, "--data", data);
    }

    [Fact]
    public async Task A_data_folder_is_one_servers_and_its_name_stays()
    {
        using var folder = new TemporaryFolder();
        await using (var server = ServerProcess.Start("run", "--listen", ServerProcess.FreeAddress(), "--data", folder.Path, "--name", "first.test"))
        {
            await server.LineAsync("data in");
            await AssertRefusedAsync(ExitCode.CannotStart, "Another server is using", "run", "--listen", ServerProcess.FreeAddress(), "--data", folder.Path);
        }

        await AssertRefusedAsync(ExitCode.WrongSetting, "first.test", "run", "--listen", ServerProcess.FreeAddress(), "--data", folder.Path, "--name", "second.test");
        await using var again = ServerProcess.Start("run", "--listen", ServerProcess.FreeAddress(), "--data", folder.Path);
        Assert.EndsWith("first.test", await again.LineAsync("Parley server"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_from_a_newer_version_is_one_sentence()
    {
        using var folder = new TemporaryFolder();
        await using (var connection = new SqliteConnection($"Data Source={folder.File("parley.db")};Pooling=False"))
        {
            await connection.OpenAsync();
            await using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "PRAGMA user_version = 1000";
            await command.ExecuteNonQueryAsync();
        }

        await AssertRefusedAsync(ExitCode.CannotStart, "newer version of Parley", "run", "--listen", ServerProcess.FreeAddress(), "--data", folder.Path);
    }

    private static async Task AssertRefusedAsync(int exitCode, string sentence, params string[] arguments)
    {
        await using var server = ServerProcess.Start(arguments);
        (int actual, _, string errors) = await server.EndAsync();
        Assert.Equal(exitCode, actual);
        Assert.Contains(sentence, errors, StringComparison.Ordinal);
        Assert.Single(errors.Trim().Split('\n'));
    }

    private static async Task AssertUsableAsync(HttpClient http, string address, string command)
    {
        string code = command.Trim().Split('/')[^1];
        InviteState? state = await http.GetFromJsonAsync(address + Routes.InviteByCode.Replace("{code}", code), ResourcesJson.Default.InviteState);
        Assert.Equal("none", state!.Code);
    }
}

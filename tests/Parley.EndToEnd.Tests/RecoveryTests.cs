using System.Text.Json;
using Parley.EndToEnd.Tests.Processes;

namespace Parley.EndToEnd.Tests;

/// <summary>Somebody loses every device and comes back with a file and twelve words. All of it real processes.</summary>
public sealed class RecoveryTests
{
    [Fact]
    public async Task An_account_comes_back_from_a_file_and_twelve_words()
    {
        await using World world = await World.StartAsync();
        Person ada = await world.JoinAsync("ada");
        Person bob = await world.JoinAsync("bob");
        await bob.SendAsync("@ada", "before the fire");
        await ada.SendAsync("@bob", "still here");
        string backup = ada.Profile + ".backup";
        Assert.Contains("recovery_code_missing", (await ada.TryAsync("backup", backup, "--json")).Output, StringComparison.Ordinal);
        string words = JsonDocument.Parse((await ada.RunAsync("recovery-code", "--json")).Output).RootElement.GetProperty("words").GetString()!;
        Assert.Contains("recovery_code_present", (await ada.TryAsync("recovery-code", "--json")).Output, StringComparison.Ordinal);
        await ada.RunAsync("backup", backup, "--json");
        Directory.Delete(ada.Profile, recursive: true);

        var again = new Person("ada", ada.Profile + "-again");
        Assert.Contains("recovery_code_wrong", await AnswerAsync(again, "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about", "restore", backup), StringComparison.Ordinal);
        Assert.Contains("recovery_code_invalid", await AnswerAsync(again, "these are no such words", "restore", backup), StringComparison.Ordinal);
        Assert.Contains("\"conversations\":1", await AnswerAsync(again, words, "restore", backup, "--verify"), StringComparison.Ordinal);
        Assert.Contains("\"conversations\":1", await AnswerAsync(again, words, "restore", backup), StringComparison.Ordinal);
        Assert.Equal(["before the fire", "still here"], (await again.ReadAsync("@bob")).Where(line => line.Kind == "text").Select(line => line.Text));
        Assert.Contains("account_present", await AnswerAsync(again, words, "restore", backup), StringComparison.Ordinal);

        // As a new device it begins anew.
        await again.RunAsync("create", "rebuilt", "@bob");
        await again.SendAsync("#rebuilt", "I am back");
        Assert.Contains("I am back", await bob.ReadTextsAsync("#rebuilt"));
    }

    private static async Task<string> AnswerAsync(Person person, string typed, params string[] arguments)
    {
        await using RunningProgram program = RunningProgram.Start(Programs.Terminal, [.. arguments, "--json", "--profile", person.Profile], input: typed + "\n");
        await program.WaitForExitAsync();
        return program.Output;
    }
}

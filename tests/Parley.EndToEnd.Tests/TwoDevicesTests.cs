using System.Text.Json;
using Parley.EndToEnd.Tests.Processes;

namespace Parley.EndToEnd.Tests;

/// <summary>Two profiles of one account and one of another, all of them real processes.</summary>
public sealed class TwoDevicesTests
{
    [Fact]
    public async Task A_linked_device_reads_and_writes_as_the_same_person()
    {
        await using World world = await World.StartAsync();
        Person ada = await world.JoinAsync("ada");
        Person bob = await world.JoinAsync("bob");
        await bob.SendAsync("@ada", "before the second device");
        await ada.ReadAsync("@bob");

        var second = new Person("ada", ada.Profile + "-second");
        await using (RunningProgram link = RunningProgram.Start(Programs.Terminal, ["link", world.Server.Address.ToString(), "--json", "--profile", second.Profile]))
        {
            await Eventually.IsAsync("the linking code", () => link.Output.Contains('\n') || link.HasExited, () => link.Output + link.Errors);
            string text = JsonDocument.Parse(link.Output).RootElement.GetProperty("text").GetString()!;
            await ada.RunAsync("add-device", text, "--json");
            Assert.Equal(0, await link.WaitForExitAsync());

            // A code is good once, also for the one who had it, and for nobody else.
            Assert.Equal(Person.RefusedExitCode, (await ada.TryAsync("add-device", text, "--json")).ExitCode);
            Assert.Contains("link_used", (await bob.TryAsync("add-device", text, "--json")).Output, StringComparison.Ordinal);
        }

        // Everything that was said before came with it.
        Assert.Contains("before the second device", await second.ReadTextsAsync("@bob"));
        string id = JsonDocument.Parse((await second.RunAsync("whoami", "--json")).Output).RootElement.GetProperty("device").GetString()!;
        await second.RunAsync("name-device", id[..8], "laptop", "--json");
        Assert.Contains(
            JsonDocument.Parse((await ada.RunAsync("devices", "--json")).Output).RootElement.EnumerateArray(),
            device => device.GetProperty("name").GetString() == "laptop" && device.GetProperty("is_shared").GetBoolean());
        await bob.SendAsync("@ada", "to both of them");
        Assert.Contains("to both of them", await second.ReadTextsAsync("@bob"));
        await second.SendAsync("@bob", "from the second device");
        TimelineLine own = (await ada.ReadAsync("@bob")).Single(line => line.Text == "from the second device");
        Assert.Equal("@ada", own.Sender);
        Assert.Contains(own.State, (string[])["sent", "delivered", "read"]);
        Assert.Contains("from the second device", await bob.ReadTextsAsync("@ada"));
        Assert.Contains(await bob.ReadAsync("@ada"), line => line.Kind == "notice" && line.Text == "ada added a device.");

        // A conversation that is begun has both from its beginning.
        await ada.RunAsync("create", "allotment", "@bob");
        await bob.SendAsync("#allotment", "peas are up");
        Assert.Contains("peas are up", await second.ReadTextsAsync("#allotment"));
        await RevokeAsync(ada, second, bob);
    }

    [Fact]
    public async Task A_newcomer_to_a_group_is_handed_what_its_policy_says()
    {
        await using World world = await World.StartAsync();
        Person ada = await world.JoinAsync("ada");
        await world.JoinAsync("bob");
        Person carol = await world.JoinAsync("carol");
        Person dave = await world.JoinAsync("dave");
        await ada.RunAsync("create", "allotment", "@bob");
        await ada.SendAsync("#allotment", "peas are up");
        await ada.RunAsync("add", "#allotment", "@dave");
        Assert.Equal("all", JsonDocument.Parse((await ada.RunAsync("history", "#allotment", "all", "--json")).Output).RootElement.GetProperty("policy").GetString());
        await ada.RunAsync("add", "#allotment", "@carol");

        // Each command is a process: carol asks, ada hands over, carol has it. dave came before the policy.
        await carol.ReadAsync("#allotment");
        await dave.ReadAsync("#allotment");
        await ada.ReadAsync("#allotment");
        Assert.Contains("peas are up", await carol.ReadTextsAsync("#allotment"));
        Assert.DoesNotContain("peas are up", await dave.ReadTextsAsync("#allotment"));
    }

    private static async Task RevokeAsync(Person ada, Person second, Person bob)
    {
        Assert.Equal(2, JsonDocument.Parse((await second.RunAsync("devices", "--json")).Output).RootElement.GetArrayLength());
        string id = JsonDocument.Parse((await second.RunAsync("whoami", "--json")).Output).RootElement.GetProperty("device").GetString()!;
        await ada.RunAsync("revoke-device", id[..8], "--json");
        await bob.SendAsync("@ada", "behind its back");
        Assert.Contains("sign_in_refused", (await second.TryAsync("read", "@bob", "--json")).Output, StringComparison.Ordinal);
        Assert.Contains("behind its back", await ada.ReadTextsAsync("@bob"));
        Assert.Contains(await bob.ReadAsync("@ada"), line => line.Kind == "notice" && line.Text == "ada removed a device.");
        Assert.Equal(1, JsonDocument.Parse((await ada.RunAsync("devices", "--json")).Output).RootElement.GetArrayLength());
    }
}

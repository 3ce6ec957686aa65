using Parley.EndToEnd.Tests.Processes;
using Parley.EndToEnd.Tests.Terminals;

namespace Parley.EndToEnd.Tests;

/// <summary>A window is closed, a connection over ssh breaks: the full-screen client must not live on without a terminal.</summary>
public sealed class HangUpTests
{
    [Fact]
    public async Task A_terminal_that_goes_away_takes_the_chat_with_it_and_frees_the_profile()
    {
        Assert.SkipWhen(TmuxScreen.Missing is not null, TmuxScreen.Missing ?? "");
        await using World world = await World.StartAsync();
        Person ada = await world.JoinAsync("ada");
        await using (TmuxScreen screen = await TmuxScreen.StartAsync(Programs.Terminal, "--profile", ada.Profile))
            await screen.ShowsAsync("online");

        // The profile is locked by whoever has it open, for as long as that process lives.
        CommandResult? last = null;
        await Eventually.SeesAsync("the profile to be free", async () => (last = await ada.TryAsync("whoami")).ExitCode == 0 ? last : null, () => $"{last}");
    }
}

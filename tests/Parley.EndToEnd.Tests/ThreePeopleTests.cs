using Parley.EndToEnd.Tests.Processes;
using Parley.EndToEnd.Tests.Searching;
using Parley.EndToEnd.Tests.Terminals;

namespace Parley.EndToEnd.Tests;

/// <summary>
/// The whole way, with nothing but real processes: Ada sits at the full-screen client in a pseudo-terminal, Bob and Cleo use the command line.
/// They talk in a direct conversation and in a group; somebody is away and catches up; the server is killed while they talk; somebody is removed and reads
/// nothing more. At the end nothing is lost or doubled, and what they said stands nowhere in what the server kept or printed.
/// </summary>
public sealed class ThreePeopleTests : IAsyncLifetime
{
    private const string Group = "#tomato-growers-society";
    private const int Kills = 3;
    private const int SentPerKill = 4;

    // Everything anybody has said, to be looked for on the server at the end.
    private readonly List<string> _direct = [];
    private readonly List<string> _group = [];

    private World? _world;

    private World World => _world ?? throw new InvalidOperationException("The test has not been set up.");

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(TmuxScreen.Missing is not null, TmuxScreen.Missing ?? "");
        _world = await World.StartAsync();
    }

    public ValueTask DisposeAsync() => _world?.DisposeAsync() ?? ValueTask.CompletedTask;

    [Fact]
    public async Task Three_people_talk_and_nothing_is_lost_doubled_or_known_to_the_server()
    {
        Person ada = await World.JoinAsync("ada");
        Person bob = await World.JoinAsync("bob");
        Person cleo = await World.JoinAsync("cleo");
        await using (TmuxScreen screen = await TmuxScreen.StartAsync(Programs.Terminal, "--profile", ada.Profile))
        {
            await screen.ShowsAsync("online");
            await TalkDirectlyAsync(screen, bob);
            await TalkInAGroupAsync(screen, bob, cleo);
            await CatchUpAfterAnAbsenceAsync(screen, bob, cleo);
            await KillTheServerMeanwhileAsync(screen, bob, cleo);
            await RemoveCleoAsync(screen, bob, cleo);
            await screen.EnterAsync("/quit");
            await screen.EndsAsync();
        }

        Assert.Equal(_direct, await ada.ReadTextsAsync(bob.Address));
        Assert.Equal(_direct, await bob.ReadTextsAsync(ada.Address));
        IReadOnlyList<string> group = await bob.ReadTextsAsync(Group);
        Assert.Equal(group, await ada.ReadTextsAsync(Group));
        Assert.Equal(_group.Order(StringComparer.Ordinal), group.Order(StringComparer.Ordinal));
        Assert.True(await ada.IsPostQuantumAsync(bob.Address));
        Assert.True(await bob.IsPostQuantumAsync(Group));
        await SearchTheServerAsync(ada, bob, cleo);
    }

    private async Task TalkDirectlyAsync(TmuxScreen screen, Person bob)
    {
        await bob.SendAsync("@ada", Said(_direct, "the seedlings wintered wonderfully"));
        await screen.ShowsAsync("@bob");
        await screen.EnterAsync("/msg @bob");
        await screen.ShowsAsync("wintered wonderfully");
        await screen.EnterAsync("marvellous, congratulations :wave:");
        Said(_direct, "marvellous, congratulations \U0001F44B");
        await SeesAsync(bob, "@ada", _direct[^1]);
    }

    private async Task TalkInAGroupAsync(TmuxScreen screen, Person bob, Person cleo)
    {
        await bob.RunAsync("create", Group[1..], "@ada", "@cleo");
        await bob.SendAsync(Group, Said(_group, "greenhouse committee assembles tomorrow"));
        await screen.ShowsAsync("#tomato");
        await screen.EnterAsync($"/msg {Group}");
        await screen.ShowsAsync("greenhouse committee");
        await screen.EnterAsync(Said(_group, "agreed, thermometers too"));
        await SeesAsync(bob, Group, _group[^1]);
        await cleo.SendAsync(Group, Said(_group, "bringing wheelbarrows"));
        await screen.ShowsAsync("bringing wheelbarrows");

        IReadOnlyList<TimelineLine> lines = await cleo.ReadAsync(Group);
        Assert.Equal(_group, lines.Where(line => line.Kind == "text").Select(line => line.Text));
        Assert.Equal(["@bob", "@ada", "@cleo"], lines.Where(line => line.Kind == "text").Select(line => line.Sender));
    }

    private async Task CatchUpAfterAnAbsenceAsync(TmuxScreen screen, Person bob, Person cleo)
    {
        for (int i = 0; i < 3; i++)
        {
            await bob.SendAsync(Group, Said(_group, $"absentee bulletin number {i}"));
            await screen.EnterAsync(Said(_group, $"acknowledged bulletin number {i}"));
            await SeesAsync(bob, Group, _group[^1]);
        }

        Assert.Equal(_group, await cleo.ReadTextsAsync(Group));
    }

    /// <summary>Kills the server again and again while Bob's commands come and go and Ada types on.</summary>
    private async Task KillTheServerMeanwhileAsync(TmuxScreen screen, Person bob, Person cleo)
    {
        for (int kill = 0; kill < Kills; kill++)
        {
            Task<bool> sending = bob.SendOrQueueAsync(Group, Said(_group, $"pumpernickel postcard {kill}"));
            for (int i = 0; i < SentPerKill; i++)
                await screen.EnterAsync(Said(_group, $"typewritten remark {kill}-{i}"));
            await World.Server.KillAsync();
            await screen.EnterAsync(Said(_group, $"chrysanthemum remark {kill}"));
            await sending;
            Assert.False(await bob.SendOrQueueAsync(Group, Said(_group, $"marzipan postcard {kill}")), "The server was down, and a message was shown as sent.");
            await World.Server.StartAgainAsync();
            await bob.SendAsync(Group, Said(_group, $"gooseberry postcard {kill}"));
            await screen.ShowsAsync("online");
            await SeesAsync(bob, Group, $"chrysanthemum remark {kill}");
        }

        IReadOnlyList<string> read = await cleo.ReadTextsAsync(Group);
        Assert.Equal(_group.Order(StringComparer.Ordinal), read.Order(StringComparer.Ordinal));
        Assert.Equal(read, await bob.ReadTextsAsync(Group));
        InOrder(read, "postcard");
        InOrder(read, "remark");
    }

    private async Task RemoveCleoAsync(TmuxScreen screen, Person bob, Person cleo)
    {
        IReadOnlyList<string> before = await cleo.ReadTextsAsync(Group);
        await bob.RunAsync("remove", Group, cleo.Address);
        await bob.SendAsync(Group, Said(_group, "confidential fertilizer recipe"));
        await screen.ShowsAsync("confidential fertilizer recipe");

        Assert.Equal("removed", await cleo.StandingAsync(Group));
        Assert.Equal(before, await cleo.ReadTextsAsync(Group));
        Assert.Equal(Person.RefusedExitCode, (await cleo.TryAsync("send", Group, "let me back in", "--json")).ExitCode);
        Assert.DoesNotContain("let me back in", await bob.ReadTextsAsync(Group));
    }

    /// <summary>The handles must be found, or the search looked in the wrong place.</summary>
    private async Task SearchTheServerAsync(Person ada, Person bob, Person cleo)
    {
        await World.Server.KillAsync();
        (string, byte[])[] places = [.. PlaintextSearch.Files(World.Server.Data), ("what it printed", System.Text.Encoding.UTF8.GetBytes(World.Server.Printed))];
        foreach (Person person in new[] { ada, bob, cleo })
            Assert.NotEmpty(PlaintextSearch.Find([person.Handle], places));
        Assert.Empty(PlaintextSearch.Find([.. _direct, .. _group, Group[1..]], places));
    }

    private static string Said(List<string> conversation, string text)
    {
        conversation.Add(text);
        return text;
    }

    /// <summary>What one person said stands in the order in which they said it.</summary>
    private void InOrder(IReadOnlyList<string> read, string word) => Assert.Equal(_group.Where(text => text.Contains(word, StringComparison.Ordinal)), read.Where(text => text.Contains(word, StringComparison.Ordinal)));

    private static async Task SeesAsync(Person person, string conversation, string text)
    {
        IReadOnlyList<string> read = [];
        await Eventually.SeesAsync(
            $"'{text}' at {person.Handle}'s",
            async () => (read = await person.ReadTextsAsync(conversation)).Contains(text) ? text : null,
            () => string.Join('\n', read));
    }
}

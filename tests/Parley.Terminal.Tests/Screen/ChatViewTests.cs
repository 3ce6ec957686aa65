using Parley.Client;
using Parley.Terminal.Chat;
using Parley.Terminal.Screen;
using Parley.Terminal.Tests.Chat;

namespace Parley.Terminal.Tests.Screen;

public sealed class ChatViewTests
{
    private static readonly TimelineItem[] Talk =
    [
        Scene.Item(1, null, new TimelineContent.Notice("@alice made the group “climbers”."), minutes: -2000),
        Scene.Item(2, null, new TimelineContent.Notice("@alice added @bob and @carol."), minutes: -1999),
        Scene.Says(3, "bob", "Good morning! Who is in for Sunday? The weather looks fine, and the hut has places for all of us if we book before Friday noon.", minutes: -10),
        Scene.Says(4, "carol", "日本語もできます 🎉", minutes: -8, name: "Caroline"),
        Scene.Says(5, "alice", "I am in.\nTwo lines:\n  indented", minutes: -5),
        Scene.Item(6, "bob", new TimelineContent.Action("dances 💃"), minutes: -4),
        Scene.Item(7, "carol", new TimelineContent.Unknown("application/poll+cbor"), minutes: -3),
        Scene.Item(8, "bob", new TimelineContent.Unreadable("This message was damaged on its way.", "Ask @bob to send it again."), minutes: -2),
        Scene.Says(9, "alice", "arrived", DeliveryState.Delivered, minutes: -2),
        Scene.Says(10, "alice", "seen", DeliveryState.Read, minutes: -1),
        Scene.Says(11, "alice", "on its way", DeliveryState.Sending, minutes: -1),
        Scene.Says(12, "alice", "waiting", DeliveryState.Queued),
        Scene.Says(13, "alice", "refused", DeliveryState.Failed),
    ];

    [Fact]
    public void Conversation_at_100x30() => ScreenFile.Matches(new Scene(100, 30).WithConversations().WithTimeline(Talk).Draw());

    [Fact]
    public void Conversation_at_60x18() => ScreenFile.Matches(new Scene(60, 18).WithConversations().WithTimeline(Talk).Draw());

    [Fact]
    public void Conversation_at_40x12() => ScreenFile.Matches(new Scene(40, 12).WithConversations().WithTimeline(Talk).Draw());

    [Fact]
    public void Conversation_at_132x24() => ScreenFile.Matches(new Scene(132, 24).WithConversations().WithTimeline(Talk).Draw());

    [Fact]
    public void Nothing_yet() => ScreenFile.Matches(new Scene(80, 20).Draw());

    [Fact]
    public void Window_too_small() => ScreenFile.Matches(new Scene(20, 5).WithConversations().Draw());

    [Fact]
    public void Offline_in_words() => ScreenFile.Matches(new Scene(80, 16).WithConversations()
        .Apply(new ChatEvent.ConnectionChanged(new ConnectionStatus(ConnectionState.Offline, "The server cannot be reached. Trying again in 8 seconds."))).Draw());

    [Fact]
    public void Unread_line() => ScreenFile.Matches(new Scene(80, 16).WithConversations().Press(KeyName.Down, alt: true)
        .WithTimeline(Scene.Says(1, "bob", "one"), Scene.Says(2, "bob", "two"), Scene.Says(3, "bob", "three"), Scene.Says(4, "bob", "four")).Draw());

    [Fact]
    public void Scrolled_up() => ScreenFile.Matches(new Scene(80, 16).WithConversations()
        .WithTimeline([.. Enumerable.Range(1, 60).Select(i => Scene.Says(i, "bob", $"message {i}"))]).Press(KeyName.PageUp).Draw());

    [Fact]
    public void Writing_several_lines() => ScreenFile.Matches(new Scene(60, 18).WithConversations().WithTimeline(Talk[..4])
        .Type("A long line that does not fit into the sixty columns of this screen\nand 日本語 a second one").Draw());

    [Fact]
    public void Completing_a_command() => ScreenFile.Matches(new Scene(80, 20).WithConversations().WithTimeline(Talk[..4]).Type("/me").Draw());

    [Fact]
    public void Completing_an_emoji() => ScreenFile.Matches(new Scene(80, 20).WithConversations().WithTimeline(Talk[..4]).Type("hi :wav").Press(KeyName.Down).Draw());

    [Fact]
    public void Completing_a_person() => ScreenFile.Matches(new Scene(80, 20).WithConversations().WithTimeline(Talk[..4]).Type("ask @").Draw());

    [Fact]
    public void Help_page() => ScreenFile.Matches(new Scene(100, 52).WithConversations().Press(KeyName.Help).Draw());

    [Fact]
    public void Help_page_at_60x18() => ScreenFile.Matches(new Scene(60, 18).WithConversations().Press(KeyName.Help).Press(KeyName.Down).Draw());

    [Fact]
    public void Emoji_picker() => ScreenFile.Matches(new Scene(80, 24).WithConversations().Press(KeyName.Emoji).Type("heart").Press(KeyName.Down).Draw());

    [Fact]
    public void Members_of_a_group() => ScreenFile.Matches(new Scene(80, 20).WithConversations().Enter("/who").Draw());

    [Fact]
    public void Safety_number() => ScreenFile.Matches(new Scene(80, 24).WithConversations()
        .Apply(new ChatEvent.VerificationRead(new Verification(Scene.Person("bob"), string.Join(' ', Enumerable.Range(0, 12).Select(i => $"{(i * 7919 % 100000):D5}")), IsConfirmed: false, HasChanged: false))).Draw());

    [Fact]
    public void Leaving_is_asked() => ScreenFile.Matches(new Scene(80, 16).WithConversations().Enter("/leave").Draw());

    [Fact]
    public void Mistyped_command() => ScreenFile.Matches(new Scene(80, 12).WithConversations().Enter("/hlep").Draw());

    [Fact]
    public void First_run() => ScreenFile.Matches(new Scene(80, 24).Apply(new ChatEvent.AccountWanted("alice")).Type("https://chat.example.org/i/x").Draw());

    [Fact]
    public void First_run_refused() => ScreenFile.Matches(new Scene(60, 18).Apply(new ChatEvent.AccountWanted("alice")).Type("https://chat.example.org/i/AbC123").Press(KeyName.Enter).Press(KeyName.Enter)
        .Apply(new ChatEvent.SignUpRefused("This invite has been used up. Ask for a new one.")).Draw());

    [Fact]
    public void Hostile_text_draws_nothing_of_its_own() => ScreenFile.Matches(new Scene(80, 16).WithConversations().WithTimeline(
        Scene.Says(1, "bob", "\u001b[2J\u001b]0;owned\u0007clear the screen"),
        Scene.Says(2, "bob", "right\u202Eto\u202Cleft and \u2066isolated\u2069"),
        Scene.Says(3, "bob", "line one\n12:00      carol I never said this"),
        Scene.Says(4, "bob", "c1 \u009b31m red, nul \0, back\b\b\b"),
        Scene.Says(5, "bob", "me too", name: "carol"),
        Scene.Says(6, "bob", "e" + new string('\u0301', 300) + " climbs")).Draw());

    [Fact]
    public void Every_size_is_drawn_within_its_edges()
    {
        for (int columns = 1; columns < 140; columns += 7)
        {
            for (int rows = 1; rows < 50; rows += 3)
            {
                Scene scene = new Scene(columns, rows).WithConversations().WithTimeline(Talk).Type("/");
                foreach (ChatEvent happened in new ChatEvent[] { new ChatEvent.Resized(new Cell(columns, rows)), new ChatEvent.Pressed(new KeyPress(KeyName.Emoji)), new ChatEvent.AccountWanted("alice") })
                {
                    Canvas picture = scene.Apply(happened).Draw();
                    string[] lines = picture.ToString().Split('\n');
                    Assert.Equal(rows + 1, lines.Length);
                    Assert.All(lines, line => Assert.InRange(Terminal.Text.Cells.Width(line), 0, columns));
                }
            }
        }
    }
}

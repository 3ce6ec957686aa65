using Parley.Client;
using Parley.Terminal.Chat;
using Parley.Terminal.Screen;

namespace Parley.Terminal.Tests.Chat;

public sealed class ChatUpdateTests
{
    [Fact]
    public void What_is_begun_to_be_written_stays_with_its_conversation()
    {
        Scene scene = new Scene(80, 24).WithConversations().Type("see you at");
        scene.Effects.Clear();
        scene.Press(KeyName.Down, alt: true);
        Assert.Equal("", scene.Model.Composer.Text);
        Assert.Equal(new ChatEffect.SetDraft(Scene.Id(1), "see you at"), scene.Effects[0]);
        scene.Press(KeyName.Up, alt: true);
        Assert.Equal("see you at", scene.Model.Composer.Text);
        scene.Effects.Clear();
        scene.Press(KeyName.Enter);
        Assert.Contains(new ChatEffect.SetDraft(Scene.Id(1), ""), scene.Effects);
    }

    [Fact]
    public void Who_hands_a_message_over_is_shown_under_it_and_how_far_that_is_at_the_bottom()
    {
        Scene scene = new Scene(80, 24).WithConversations().WithTimeline(Scene.Says(1, "carol", "hi") with { HandedOverBy = Scene.Person("bob") });
        scene.Apply(new ChatEvent.HistoryRead("History: 1,200 of 5,400 messages."));
        string drawn = scene.Draw().ToString();
        Assert.Contains("as @bob has handed it over", drawn, StringComparison.Ordinal);
        Assert.Contains("History: 1,200 of 5,400 messages.", drawn, StringComparison.Ordinal);
    }

    [Fact]
    public void The_first_conversation_is_opened_by_itself()
    {
        Scene scene = new Scene(80, 24).WithConversations();
        Assert.Equal(Scene.Id(1), scene.Model.Open?.Id);
        Assert.Equal([new ChatEffect.ReadTimeline(Scene.Id(1), OpenConversation.Page)], scene.Effects);
    }

    [Fact]
    public void Enter_sends_with_emoji_and_empties_the_composer()
    {
        Scene scene = new Scene(80, 24).WithConversations();
        scene.Effects.Clear();
        scene.Type("hello :wave:").Press(KeyName.Enter);
        Assert.Equal([new ChatEffect.Send(Scene.Id(1), new OutgoingMessage.Text("hello 👋"))], scene.Effects);
        Assert.Equal("", scene.Model.Composer.Text);
        Assert.Equal("hello :wave:", scene.Press(KeyName.Up).Model.Composer.Text);
    }

    [Fact]
    public void Alt_enter_begins_a_line_and_a_pasted_line_break_does_not_send()
    {
        Scene scene = new Scene(80, 24).WithConversations();
        scene.Effects.Clear();
        scene.Type("one").Press(KeyName.Enter, alt: true).Apply(new ChatEvent.Pasted("two\r\n\tthree\u001b\n"));
        Assert.Equal("one\ntwo\n    three\n", scene.Model.Composer.Text);
        Assert.Empty(scene.Effects);
    }

    [Fact]
    public void Two_slashes_send_one()
    {
        Scene scene = new Scene(80, 24).WithConversations();
        scene.Effects.Clear();
        scene.Enter("//etc/hosts");
        Assert.Equal([new ChatEffect.Send(Scene.Id(1), new OutgoingMessage.Text("/etc/hosts"))], scene.Effects);
    }

    [Fact]
    public void Nothing_is_sent_where_one_is_no_longer_a_member()
    {
        Scene scene = new Scene(80, 24).Apply(new ChatEvent.ConversationsRead([Scene.Group(1, "old", 0, MembershipState.Removed, "bob")]));
        scene.Effects.Clear();
        scene.Enter("hello?");
        Assert.Empty(scene.Effects);
        Assert.Equal("You are no longer a member of this conversation.", scene.Model.Told?.Sentence);
        Assert.Equal("hello?", scene.Model.Composer.Text);
    }

    [Fact]
    public void What_is_seen_is_marked_as_read_and_what_is_below_is_not()
    {
        TimelineItem[] items = [.. Enumerable.Range(1, 60).Select(i => Scene.Says(i, "bob", $"message {i}"))];
        Scene scene = new Scene(80, 16).WithConversations().Press(KeyName.Down, alt: true).WithTimeline(items);
        Assert.Contains(new ChatEffect.MarkRead(Scene.Id(2), 60), scene.Effects);
        scene.Press(KeyName.PageUp).Effects.Clear();
        scene.WithTimeline([.. items, Scene.Says(61, "bob", "new")]);
        Assert.DoesNotContain(scene.Effects, effect => effect is ChatEffect.MarkRead);
        Assert.Contains(new ChatEffect.MarkRead(Scene.Id(2), 61), scene.Press(KeyName.Escape).Effects);
    }

    [Fact]
    public void Scrolled_up_the_picture_stands_still_when_something_arrives()
    {
        TimelineItem[] items = [.. Enumerable.Range(1, 60).Select(i => Scene.Says(i, "bob", $"message {i}"))];
        Scene scene = new Scene(80, 16).WithConversations().WithTimeline(items).Press(KeyName.PageUp);
        string before = TimelineOf(scene);
        scene.WithTimeline([.. items, Scene.Says(61, "bob", "a long one " + new string('x', 200)), Scene.Says(62, "carol", "and more")]);
        Assert.Equal(before, TimelineOf(scene));

        static string TimelineOf(Scene scene) => string.Join('\n', scene.Draw().ToString().Split('\n')[2..12]);
    }

    [Fact]
    public void Scrolling_to_the_top_reads_earlier_items()
    {
        TimelineItem[] items = [.. Enumerable.Range(1000, OpenConversation.Page).Select(i => Scene.Says(i, "bob", $"message {i}"))];
        Scene scene = new Scene(80, 24).WithConversations().WithTimeline(items);
        Assert.Contains(new ChatEffect.ReadTimeline(Scene.Id(1), 2 * OpenConversation.Page), scene.Press(KeyName.Home, ctrl: true).Effects);
    }

    [Fact]
    public void Completion_is_taken_by_tab_and_chosen_by_arrows()
    {
        Scene scene = new Scene(80, 24).WithConversations();
        Assert.Equal("/create ", scene.Type("/cr").Press(KeyName.Tab).Model.Composer.Text);
        Assert.Equal("/create x @carol ", scene.Type("x @").Press(KeyName.Down).Press(KeyName.Tab).Model.Composer.Text);
        scene.Control('u').Type("say :tad");
        Assert.Equal("say 🎉", scene.Press(KeyName.Tab).Model.Composer.Text);
        Assert.Equal("@bob ", scene.Control('u').Type("bo").Press(KeyName.Tab).Model.Composer.Text);
        Assert.Equal("/msg #climbers ", scene.Control('u').Type("/msg #cl").Press(KeyName.Tab).Model.Composer.Text);
        Assert.Equal("/kick @carol ", scene.Control('u').Type("/kick ca").Press(KeyName.Tab).Model.Composer.Text);
    }

    [Fact]
    public void Escape_closes_the_completions_and_enter_sends_what_is_written()
    {
        Scene scene = new Scene(80, 24).WithConversations();
        scene.Effects.Clear();
        scene.Type(":wav").Press(KeyName.Escape).Press(KeyName.Enter);
        Assert.Equal([new ChatEffect.Send(Scene.Id(1), new OutgoingMessage.Text(":wav"))], scene.Effects);
    }

    [Fact]
    public void Clicking_opens_a_conversation_and_places_the_cursor()
    {
        Scene scene = new Scene(80, 24).WithConversations();
        scene.Apply(new ChatEvent.Clicked(new Cell(3, 2)));
        Assert.Equal(Scene.Id(2), scene.Model.Open?.Id);
        scene.Type("hello").Apply(new ChatEvent.Clicked(new Cell(4, 22)));
        Assert.Equal(2, scene.Model.Composer.Cursor);
    }

    [Fact]
    public void Clicking_a_completion_takes_it()
    {
        Scene scene = new Scene(80, 24).WithConversations().Type("/");
        int row = ChatLayout.Of(scene.Model).Completion.Inside().Top;
        Assert.Equal("/msg ", scene.Apply(new ChatEvent.Clicked(new Cell(2, row + 1))).Model.Composer.Text);
    }

    [Fact]
    public void The_wheel_scrolls()
    {
        TimelineItem[] items = [.. Enumerable.Range(1, 60).Select(i => Scene.Says(i, "bob", $"message {i}"))];
        Scene scene = new Scene(80, 24).WithConversations().WithTimeline(items).Apply(new ChatEvent.Wheeled(default, 3));
        Assert.Equal(3, scene.Model.Open?.ScrolledUp);
    }

    [Fact]
    public void An_emoji_is_picked_by_keys_and_by_mouse()
    {
        Scene scene = new Scene(80, 24).WithConversations().Press(KeyName.Emoji).Type("wave").Press(KeyName.Enter);
        Assert.Equal("👋", scene.Model.Composer.Text);
        scene.Press(KeyName.Emoji);
        Area grid = OverlayLayout.EmojiGrid(scene.Model.Size);
        scene.Apply(new ChatEvent.Clicked(new Cell(grid.Left + OverlayLayout.EmojiCells, grid.Top)));
        Assert.Equal("👋😃", scene.Model.Composer.Text);
        Assert.Null(scene.Model.Overlay);
    }

    [Fact]
    public void The_first_run_form_checks_before_it_asks_the_server()
    {
        Scene scene = new Scene(80, 24).Apply(new ChatEvent.AccountWanted("alice")).Type("nonsense").Press(KeyName.Enter).Press(KeyName.Enter);
        Assert.DoesNotContain(scene.Effects, effect => effect is ChatEffect.SignUp);
        scene.Control('u').Apply(new ChatEvent.Pasted("  https://chat.example.org/i/AbC  ")).Press(KeyName.Tab).Press(KeyName.Enter);
        ChatEffect.SignUp signUp = Assert.Single(scene.Effects.OfType<ChatEffect.SignUp>());
        Assert.Equal(("https://chat.example.org/i/AbC", "@alice"), (signUp.Invite.ToString(), signUp.Handle.ToString()));
    }

    [Fact]
    public void A_no_leaves_nothing_done_and_a_yes_does_it()
    {
        Scene scene = new Scene(80, 24).WithConversations().Enter("/leave").Type("n");
        Assert.DoesNotContain(scene.Effects, effect => effect is ChatEffect.Leave);
        Assert.Contains(new ChatEffect.Leave(Scene.Id(1)), scene.Enter("/leave").Type("y").Effects);
    }

    [Fact]
    public void Clearing_hides_what_was_and_shows_what_comes()
    {
        Scene scene = new Scene(80, 24).WithConversations().WithTimeline(Scene.Says(1, "bob", "old"));
        scene.Enter("/clear");
        Assert.DoesNotContain("old", scene.Draw().ToString());
        scene.WithTimeline(Scene.Says(1, "bob", "old"), Scene.Says(2, "bob", "fresh"));
        Assert.Contains("fresh", scene.Draw().ToString());
    }
}

using Parley.Client;
using Parley.Terminal.Chat;
using Parley.Terminal.Slash;
using Parley.Terminal.Tests.Chat;

namespace Parley.Terminal.Tests.Slash;

public sealed class SlashCommandTests
{
    [Fact]
    public void Every_promised_command_is_in_the_table() =>
        Assert.Superset(
            new HashSet<string>(["help", "who", "msg", "create", "invite", "leave", "kick", "nick", "me", "verify", "clear", "export", "emoji", "quit"]),
            SlashCommands.All.Select(command => command.Name).ToHashSet());

    [Fact]
    public void Help_shows_every_command()
    {
        Overlay.Page page = Assert.IsType<Overlay.Page>(new Scene(80, 24).Enter("/help").Model.Overlay);
        Assert.All(SlashCommands.All, command => Assert.Contains(page.Lines, line => line.Contains(command.Usage) && line.Contains(command.Help)));
    }

    [Theory]
    [InlineData("/hlep", "There is no command /hlep. Did you mean /help?")]
    [InlineData("/quti", "There is no command /quti. Did you mean /quit?")]
    [InlineData("/xyzzyplugh", "There is no command /xyzzyplugh. /help shows all.")]
    [InlineData("/", "There is no command /. Did you mean /me?")]
    [InlineData("/msg", "Usage: /msg @name|#group [text]")]
    [InlineData("/msg @B\u00e4r hi", "That is not a name: write @name or #group.")]
    [InlineData("/msg #nowhere", "There is no such group. /create makes one.")]
    [InlineData("/create @bob", "A group needs a name: /create NAME @a @b.")]
    [InlineData("/create x @b\u00e4r", "“@bär” is not a user name.")]
    [InlineData("/cancel", "No message waits here.")]
    [InlineData("/receipts maybe", "Usage: /receipts on|off")]
    [InlineData("/kick nobody!", "“nobody!” is not a user name.")]
    public void A_line_that_cannot_be_run_is_a_sentence_and_stays_written(string line, string sentence)
    {
        Scene scene = new Scene(80, 24).WithConversations();
        scene.Effects.Clear();
        scene.Enter(line);
        Assert.Equal((sentence, true), (scene.Model.Told?.Sentence, scene.Model.Told?.IsError));
        Assert.Equal(line, scene.Model.Composer.Text);
        Assert.Empty(scene.Effects);
    }

    [Fact]
    public void Cancel_takes_back_the_last_message_that_waits()
    {
        Scene scene = new Scene(80, 24).WithConversations();
        Assert.True(MessageId.TryParse(new byte[32], out MessageId id));
        TimelineItem waiting = Scene.Says(3, "alice", "regretted", DeliveryState.Queued) with { Id = id };
        scene.WithTimeline(Scene.Says(1, "alice", "sent"), Scene.Says(2, "alice", "read", DeliveryState.Read), waiting).Effects.Clear();
        Assert.Equal([new ChatEffect.Cancel(id)], scene.Enter("/cancel").Effects);
    }

    [Fact]
    public void Commands_become_effects()
    {
        Expect("/msg @dave", new ChatEffect.OpenDirect(Scene.Person("dave"), ""));
        Expect("/msg @dave  hi   there :wave:", new ChatEffect.OpenDirect(Scene.Person("dave"), "hi   there 👋"));
        Expect("/msg @bob hi", new ChatEffect.ReadTimeline(Scene.Id(2), OpenConversation.Page), new ChatEffect.Send(Scene.Id(2), new OutgoingMessage.Text("hi")));
        Expect("/msg #Sonntagsfrühstück 🥐 yes", new ChatEffect.ReadTimeline(Scene.Id(3), OpenConversation.Page), new ChatEffect.Send(Scene.Id(3), new OutgoingMessage.Text("yes")));
        Expect("/invite", new ChatEffect.CreateInvite());
        Expect("/invite @dave", new ChatEffect.AddMember(Scene.Id(1), Scene.Person("dave")));
        Expect("/kick @carol", new ChatEffect.RemoveMember(Scene.Id(1), Scene.Person("carol")));
        Expect("/rename Climbers and cooks", new ChatEffect.Rename(Scene.Id(1), "Climbers and cooks"));
        Expect("/me waves :wave:", new ChatEffect.Send(Scene.Id(1), new OutgoingMessage.Action("waves 👋")));
        Expect("/nick Alice L.", new ChatEffect.SetNickname("Alice L."));
        Expect("/verify @bob", new ChatEffect.ReadVerification(Scene.Person("bob")));
        Expect("/export chat file.txt", new ChatEffect.Export(Scene.Id(1), "chat file.txt"));
        Expect("/keys", new ChatEffect.ReadKeys(Scene.Id(1)));
        Expect("/receipts off", new ChatEffect.SetReadReceipts(false));
        Expect("/history 30", new ChatEffect.SetHistory(Scene.Id(1), new HistoryPolicy(HistoryPolicyKind.LastDays, 30)));
        Expect("/mute", new ChatEffect.SetMuted(Scene.Id(1), true));
        Expect("/devices", new ChatEffect.ReadDevices());
        Expect("/device add 7KQ2-M9XD", new ChatEffect.AddDevice("7KQ2-M9XD"));
        Expect("/device number 123 456", new ChatEffect.AnswerNumber("123 456"));
        Expect("/device name 3f09c2 old laptop", new ChatEffect.NameDevice("3f09c2", "old laptop"));
        Expect("/QUIT", new ChatEffect.Quit());
    }

    [Fact]
    public void Taking_a_device_out_is_asked_first()
    {
        Scene scene = new Scene(80, 24).WithConversations();
        scene.Effects.Clear();
        scene.Enter("/device revoke 3f09c2");
        Assert.Empty(scene.Effects);
        scene.Type("y");
        Assert.Equal([new ChatEffect.RevokeDevice("3f09c2")], scene.Effects);
    }

    [Fact]
    public void A_policy_that_cannot_be_had_is_refused_in_words()
    {
        Scene scene = new Scene(80, 24).WithConversations().Enter("/history 0");
        Assert.Equal("Write none, invitation, all, or a number of days.", scene.Model.Told?.Sentence);
        scene = new Scene(80, 24).WithConversations().Enter("/history");
        Assert.Equal("People who are added are shown nothing of what was said before.", scene.Model.Told?.Sentence);
    }

    [Fact]
    public void Create_reads_a_name_of_several_words_and_each_member_once()
    {
        Scene scene = new Scene(80, 24).WithConversations();
        scene.Enter("/create Sunday hike @bob @Carol @bob");
        ChatEffect.CreateGroup create = Assert.Single(scene.Effects.OfType<ChatEffect.CreateGroup>());
        Assert.Equal("Sunday hike", create.Name);
        Assert.Equal([Scene.Person("bob"), Scene.Person("carol")], create.Members);
    }

    [Fact]
    public void A_command_for_groups_is_refused_in_a_direct_conversation()
    {
        Scene scene = new Scene(80, 24).WithConversations().Press(KeyName.Down, alt: true).Enter("/kick @bob");
        Assert.Equal("/kick works in groups only, not in a direct conversation.", scene.Model.Told?.Sentence);
        Assert.Equal("Open a conversation first, then use /who.", new Scene(80, 24).Enter("/who").Model.Told?.Sentence);
    }

    private static void Expect(string line, params ChatEffect[] effects)
    {
        Scene scene = new Scene(80, 24).WithConversations();
        scene.Effects.Clear();
        scene.Enter(line);
        Assert.Equal(effects, scene.Effects);
        Assert.NotEqual(true, scene.Model.Told?.IsError);
    }
}

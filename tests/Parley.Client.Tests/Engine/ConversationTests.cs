using Parley.Client.Engine;
using Parley.Contracts.Wire;

namespace Parley.Client.Tests.Engine;

/// <summary>What people do in conversations, on honest ground.</summary>
public sealed class ConversationTests : IDisposable
{
    private readonly EngineFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Two_people_talk()
    {
        TestDevice alice = _fixture.Join("alice");
        TestDevice bob = _fixture.Join("bob");
        ConversationId conversation = alice.Create(ConversationKind.Direct, "bob", bob);
        alice.Say(conversation, "hello");
        _fixture.Settle();
        bob.Say(conversation, "hi");
        alice.Say(conversation, "how are you?");
        _fixture.Settle();

        Assert.Equal(bob.Texts(conversation), alice.Texts(conversation));
        Assert.Equal("hello", alice.Texts(conversation)[0]);
        Assert.Equal(3, alice.Texts(conversation).Count);
        Assert.Equal("bob", alice.Read(conversation).Title);
        Assert.Equal("alice", bob.Read(conversation).Title);
        Assert.Equal(2, bob.Read(conversation).Unread);
        Assert.All(alice.Timeline(conversation).Where(item => item.Sender == alice.Handle), item => Assert.Equal(DeliveryState.Delivered, item.State));
    }

    [Fact]
    public void Three_people_talk_in_a_group()
    {
        (TestDevice alice, TestDevice bob, TestDevice carol, ConversationId group) = Trio();
        alice.Say(group, "one");
        _fixture.Settle();
        bob.Say(group, "two");
        _fixture.Settle();
        carol.Say(group, "three");
        _fixture.Settle();
        foreach (TestDevice device in new[] { alice, bob, carol })
        {
            Assert.Equal(["one", "two", "three"], device.Texts(group));
            Assert.Equal("club", device.Read(group).Title);
            Assert.Equal(["alice", "bob", "carol"], device.Read(group).Members.Select(member => member.Handle.Value));
        }

        Assert.True(alice.Read(group).IsAdmin);
        Assert.False(bob.Read(group).IsAdmin);
    }

    [Fact]
    public void A_member_who_is_added_later_reads_from_then_on()
    {
        TestDevice alice = _fixture.Join("alice");
        TestDevice bob = _fixture.Join("bob");
        TestDevice carol = _fixture.Join("carol");
        ConversationId group = alice.Create(ConversationKind.Group, "club", bob);
        alice.Say(group, "before");
        _fixture.Settle();
        alice.Add(group, carol);
        alice.Say(group, "after");
        _fixture.Settle();

        Assert.Equal(["before", "after"], bob.Texts(group));
        Assert.Equal(["after"], carol.Texts(group));
        Assert.Contains("alice added carol.", bob.Notices(group));
        Assert.Contains("alice added you to the group.", carol.Notices(group));
        Assert.Contains("You added carol.", alice.Notices(group));
    }

    [Fact]
    public void A_member_who_is_removed_cannot_read_on()
    {
        (TestDevice alice, TestDevice bob, TestDevice carol, ConversationId group) = Trio();
        Assert.True(alice.Host.Run(engine => engine.Remove(group, carol.Handle, _fixture.Time.GetUtcNow())).Succeeded);
        alice.Say(group, "without carol");
        _fixture.Settle();

        Assert.Equal(["without carol"], bob.Texts(group));
        Assert.Empty(carol.Texts(group));
        Assert.Equal(MembershipState.Removed, carol.Read(group).State);
        Assert.Contains("alice removed you. You can still read what was said until now.", carol.Notices(group));
        Assert.Contains("alice removed carol.", bob.Notices(group));
        Assert.Equal(ClientErrorCode.NotMember, carol.Host.Run(engine => engine.Send(group, new OutgoingMessage.Text("x"), _fixture.Time.GetUtcNow())).Error?.Code);

        // Even with every byte the server has, it has no key for them.
        carol.Deliver(new LogId(group), _fixture.Server.Read(new LogId(group), alice.Device, 0));
        Assert.Empty(carol.Texts(group));
    }

    [Fact]
    public void A_member_who_is_removed_and_added_again_goes_on_in_the_same_timeline()
    {
        (TestDevice alice, TestDevice bob, TestDevice carol, ConversationId group) = Trio();
        alice.Say(group, "one");
        _fixture.Settle();
        alice.Host.Run(engine => engine.Remove(group, carol.Handle, _fixture.Time.GetUtcNow()));
        alice.Say(group, "two");
        _fixture.Settle();
        alice.Add(group, carol);
        alice.Say(group, "three");
        _fixture.Settle();
        Assert.Equal(["one", "three"], carol.Texts(group));
        Assert.Equal(["one", "two", "three"], bob.Texts(group));
        Assert.Equal(MembershipState.Active, carol.Read(group).State);
    }

    [Fact]
    public void A_member_who_was_removed_and_added_again_while_offline_goes_on_too()
    {
        (TestDevice alice, TestDevice _, TestDevice carol, ConversationId group) = Trio();
        alice.Say(group, "one");
        _fixture.Settle();
        carol.Disconnect();
        alice.Host.Run(engine => engine.Remove(group, carol.Handle, _fixture.Time.GetUtcNow()));
        alice.Say(group, "two");
        _fixture.Settle();
        alice.Add(group, carol);
        alice.Say(group, "three");
        _fixture.Settle();
        carol.Connect();
        _fixture.Settle();
        Assert.Equal(["one", "three"], carol.Texts(group));
        Assert.Equal(MembershipState.Active, carol.Read(group).State);
    }

    [Fact]
    public void The_only_administrator_who_left_and_was_added_again_while_offline_goes_on_too()
    {
        // Found by the simulation: who added it again was no administrator when it had last read.
        (TestDevice alice, TestDevice bob, TestDevice carol, ConversationId group) = Trio();
        alice.Host.Run(engine => engine.Leave(group, _fixture.Time.GetUtcNow()));
        alice.Send();
        alice.Receive();
        alice.Disconnect();
        _fixture.Settle();
        bob.Add(group, alice);
        bob.Say(group, "back again");
        _fixture.Settle();
        alice.Connect();
        _fixture.Settle();
        Assert.Equal(["back again"], alice.Texts(group));
        Assert.Equal(MembershipState.Active, alice.Read(group).State);
        Assert.Equal(["back again"], carol.Texts(group));
    }

    [Fact]
    public void A_member_who_was_away_longer_than_a_key_package_lives_follows_all_the_same()
    {
        // Found by the simulation, with a clock that was wrong: the Commit was refused by one member alone, who was out of the conversation.
        (TestDevice alice, TestDevice bob, TestDevice carol, ConversationId group) = Trio();
        TestDevice dave = _fixture.Join("dave");
        carol.Disconnect();
        alice.Add(group, dave);
        alice.Say(group, "welcome");
        _fixture.Settle();
        _fixture.Time.Advance(MlsProfile.KeyPackageLifetime + TimeSpan.FromDays(1));
        carol.Connect();
        _fixture.Settle();
        Assert.Equal(["welcome"], carol.Texts(group));
        Assert.Equal(bob.Texts(group), carol.Texts(group));
    }

    [Fact]
    public void A_direct_conversation_that_cannot_begin_is_closed_and_says_why()
    {
        TestDevice alice = _fixture.Join("alice");
        TestDevice bob = _fixture.Join("bob");
        alice.Disconnect();
        ConversationId conversation = alice.Create(ConversationKind.Direct, "bob", bob);
        _fixture.Time.Advance(MlsProfile.KeyPackageLifetime + TimeSpan.FromDays(1));
        alice.Connect();
        _fixture.Settle();
        Assert.Equal(MembershipState.Left, alice.Read(conversation).State);
        Assert.StartsWith("This conversation could not be started.", Assert.Single(alice.Notices(conversation)));
        Assert.Null(alice.Host.Look(engine => engine.FindDirect(bob.Handle)));
    }

    [Fact]
    public void A_member_who_leaves_is_let_go_by_the_others()
    {
        (TestDevice alice, TestDevice bob, TestDevice carol, ConversationId group) = Trio();
        Assert.True(bob.Host.Run(engine => engine.Leave(group, _fixture.Time.GetUtcNow())).Succeeded);
        _fixture.Settle();

        Assert.Equal(MembershipState.Left, bob.Read(group).State);
        Assert.Contains("You left.", bob.Notices(group));
        Assert.Contains("bob left.", alice.Notices(group));
        Assert.Contains("bob left.", carol.Notices(group));
        Assert.Equal(["alice", "carol"], carol.Read(group).Members.Select(member => member.Handle.Value));
    }

    [Fact]
    public void A_commit_that_is_on_its_way_leaves_nothing_to_wait_for()
    {
        // Found by the simulation: the time of the Commit lay in the past by then, and the client asked its engine again and again without a pause.
        (TestDevice alice, TestDevice bob, TestDevice _, ConversationId group) = Trio();
        bob.Host.Run(engine => engine.Leave(group, _fixture.Time.GetUtcNow()));
        bob.Send();
        alice.Receive();
        Assert.IsType<EngineRequest.Append>(Assert.Single(alice.Host.Look(engine => engine.TakeRequests(_fixture.Time.GetUtcNow()))));
        Assert.Empty(alice.Host.Look(engine => engine.TakeRequests(_fixture.Time.GetUtcNow())));
        Assert.True(NextOf(alice) > TimeSpan.FromHours(1), "It waits for something beside its schedule.");
    }

    [Fact]
    public void A_member_who_writes_while_another_leaves_commits_the_leaving_first()
    {
        (TestDevice alice, TestDevice bob, TestDevice carol, ConversationId group) = Trio();
        alice.Disconnect();
        bob.Host.Run(engine => engine.Leave(group, _fixture.Time.GetUtcNow()));
        bob.Send();
        bob.Receive();
        carol.Receive();
        carol.Say(group, "bye bob");
        _fixture.Settle();
        Assert.Equal(["bye bob"], carol.Texts(group));
        Assert.Empty(bob.Texts(group));
        alice.Connect();
        _fixture.Settle();
        Assert.Equal(["bye bob"], alice.Texts(group));
    }

    [Fact]
    public void Two_who_leave_at_once_both_get_away()
    {
        (TestDevice alice, TestDevice bob, TestDevice carol, ConversationId group) = Trio();
        bob.Host.Run(engine => engine.Leave(group, _fixture.Time.GetUtcNow()));
        carol.Host.Run(engine => engine.Leave(group, _fixture.Time.GetUtcNow()));
        _fixture.Settle();
        Assert.Equal(MembershipState.Left, bob.Read(group).State);
        Assert.Equal(MembershipState.Left, carol.Read(group).State);
        Assert.Equal(["alice"], alice.Read(group).Members.Select(member => member.Handle.Value));
    }

    [Fact]
    public void The_last_one_leaves_without_anybodys_help()
    {
        TestDevice alice = _fixture.Join("alice");
        ConversationId group = alice.Create(ConversationKind.Group, "alone");
        _fixture.Settle();
        alice.Host.Run(engine => engine.Leave(group, _fixture.Time.GetUtcNow()));
        _fixture.Settle();
        Assert.Equal(MembershipState.Left, alice.Read(group).State);
    }

    [Fact]
    public void A_group_is_renamed_by_its_administrator_only()
    {
        (TestDevice alice, TestDevice bob, TestDevice carol, ConversationId group) = Trio();
        Assert.Equal(ClientErrorCode.NotAdmin, bob.Host.Run(engine => engine.Rename(group, "bob's", _fixture.Time.GetUtcNow())).Error?.Code);
        Assert.True(alice.Host.Run(engine => engine.Rename(group, "book club", _fixture.Time.GetUtcNow())).Succeeded);
        _fixture.Settle();
        Assert.Equal("book club", carol.Read(group).Title);
        Assert.Contains("alice renamed the group to “book club”.", carol.Notices(group));
    }

    [Fact]
    public void A_lost_race_for_an_epoch_is_rebuilt_on_the_winner()
    {
        TestDevice alice = _fixture.Join("alice");
        TestDevice bob = _fixture.Join("bob");
        TestDevice carol = _fixture.Join("carol");
        TestDevice dave = _fixture.Join("dave");
        ConversationId group = alice.Create(ConversationKind.Group, "club", bob);
        _fixture.Settle();

        // Bob's first message brings his first update: a Commit, made in the same epoch as Alice's.
        alice.Add(group, carol);
        alice.Add(group, dave);
        alice.Say(group, "welcome");
        bob.Say(group, "hello");
        bob.Send();
        alice.Send();
        _fixture.Settle();

        foreach (TestDevice device in new[] { alice, bob, carol, dave })
        {
            Assert.Equal(["alice", "bob", "carol", "dave"], device.Read(group).Members.Select(member => member.Handle.Value));
            Assert.Contains("welcome", device.Texts(group));
        }

        Assert.Equal(["hello", "welcome"], alice.Texts(group).Order());
        Assert.Equal(alice.Texts(group), bob.Texts(group));
    }

    [Fact]
    public void A_member_who_was_offline_catches_up()
    {
        (TestDevice alice, TestDevice bob, TestDevice carol, ConversationId group) = Trio();
        carol.Disconnect();
        for (int i = 0; i < 8; i++)
        {
            alice.Say(group, $"message {i}");
            alice.Host.Run(engine => engine.Rename(group, $"name {i}", _fixture.Time.GetUtcNow()));
            _fixture.Settle();
        }

        carol.Say(group, "written offline");
        carol.Connect();
        _fixture.Settle();
        Assert.Equal(bob.Texts(group), carol.Texts(group));
        Assert.Equal(9, carol.Texts(group).Count);
        Assert.Equal("name 7", carol.Read(group).Title);
        Assert.DoesNotContain(carol.Timeline(group), static item => item.Content is TimelineContent.Unreadable);
    }

    [Fact]
    public void A_message_that_comes_too_late_for_its_epoch_is_sealed_again_and_shown_once()
    {
        (TestDevice alice, TestDevice bob, TestDevice carol, ConversationId group) = Trio();
        bob.Say(group, "update first");
        _fixture.Settle();
        bob.Say(group, "late");
        EngineRequest request = Assert.Single(bob.Host.Look(engine => engine.TakeRequests(_fixture.Time.GetUtcNow())));
        Assert.IsType<EngineRequest.Append>(request);
        bob.Disconnect();
        for (int i = 0; i < 7; i++)
        {
            alice.Host.Run(engine => engine.Rename(group, $"name {i}", _fixture.Time.GetUtcNow()));
            _fixture.Settle();
        }

        bob.Connect();
        _fixture.Settle();
        foreach (TestDevice device in new[] { alice, bob, carol })
            Assert.Equal(["update first", "late"], device.Texts(group));
    }

    [Fact]
    public void A_nickname_is_told_to_those_who_come_later_too()
    {
        (TestDevice alice, TestDevice bob, TestDevice _, ConversationId group) = Trio();
        alice.Host.Run(engine => engine.SetNickname("Ada", _fixture.Time.GetUtcNow()));
        alice.Say(group, "one");
        _fixture.Settle();
        Assert.Equal("Ada", bob.Timeline(group)[^1].SenderName);

        TestDevice dave = _fixture.Join("dave");
        alice.Add(group, dave);
        alice.Say(group, "two");
        _fixture.Settle();
        Assert.Equal("Ada", dave.Timeline(group)[^1].SenderName);
        Assert.Equal(["two"], dave.Texts(group));
    }

    [Fact]
    public void A_nickname_that_is_anothers_handle_is_shown_with_the_true_one()
    {
        (TestDevice alice, TestDevice bob, TestDevice carol, ConversationId group) = Trio();
        bob.Host.Run(engine => engine.SetNickname("Alice", _fixture.Time.GetUtcNow()));
        bob.Say(group, "send me the password");
        _fixture.Settle();
        Assert.Equal("Alice (@bob)", carol.Timeline(group)[^1].SenderName);
        Assert.Equal(bob.Handle, carol.Timeline(group)[^1].Sender);
    }

    [Fact]
    public void Unread_counts_what_others_wrote_after_the_mark()
    {
        (TestDevice alice, TestDevice bob, TestDevice _, ConversationId group) = Trio();
        alice.Say(group, "one");
        alice.Say(group, "two");
        _fixture.Settle();
        Assert.Equal(2, bob.Read(group).Unread);
        long first = bob.Timeline(group).First(item => item.Content is TimelineContent.Text).Order;
        bob.Host.Run(engine => engine.MarkRead(group, first, _fixture.Time.GetUtcNow()));
        Assert.Equal(1, bob.Read(group).Unread);
        bob.Host.Run(engine => engine.MarkRead(group, long.MaxValue, _fixture.Time.GetUtcNow()));
        Assert.Equal(0, bob.Read(group).Unread);
        alice.Say(group, "three");
        _fixture.Settle();
        Assert.Equal(1, bob.Read(group).Unread);
        bob.Crash();
        Assert.Equal(1, bob.Read(group).Unread);
    }

    [Fact]
    public void A_timeline_is_read_in_pages_from_its_end()
    {
        (TestDevice alice, TestDevice bob, TestDevice _, ConversationId group) = Trio();
        for (int i = 0; i < 10; i++)
            alice.Say(group, $"{i}");
        _fixture.Settle();
        bob.Disconnect();
        bob.Say(group, "queued");
        IReadOnlyList<TimelineItem> last = bob.Host.Look(engine => engine.ReadTimeline(group, 4, long.MaxValue));
        Assert.Equal(["7", "8", "9", "queued"], last.Select(item => ((TimelineContent.Text)item.Content).Body));
        Assert.Equal(DeliveryState.Queued, last[^1].State);
        IReadOnlyList<TimelineItem> before = bob.Host.Look(engine => engine.ReadTimeline(group, 3, last[0].Order));
        Assert.Equal(["4", "5", "6"], before.Select(item => ((TimelineContent.Text)item.Content).Body));
    }

    [Fact]
    public void Key_packages_are_used_once_and_filled_up()
    {
        TestDevice alice = _fixture.Join("alice");
        TestDevice bob = _fixture.Join("bob");
        Assert.Equal((MlsProfile.KeyPackageStock, true), _fixture.Server.Stock(bob.Device));
        for (int i = 0; i < 30; i++)
            alice.Create(ConversationKind.Group, $"group {i}", bob);
        _fixture.Settle();
        Assert.Equal(30, bob.Conversations.Count);
        Assert.True(_fixture.Server.Stock(bob.Device).Count >= MlsProfile.KeyPackageStockLow);
    }

    [Fact]
    public void A_last_resort_key_package_serves_when_all_others_are_gone()
    {
        TestDevice alice = _fixture.Join("alice");
        TestDevice bob = _fixture.Join("bob");
        bob.Disconnect();
        for (int i = 0; i < MlsProfile.KeyPackageStock + 2; i++)
            alice.Create(ConversationKind.Group, $"group {i}", bob);
        _fixture.Settle();
        bob.Connect();
        _fixture.Settle();
        Assert.Equal(MlsProfile.KeyPackageStock + 2, bob.Conversations.Count);
    }

    [Fact]
    public void A_server_that_cannot_store_is_asked_again_later()
    {
        TestDevice alice = _fixture.Join("alice");
        TestDevice bob = _fixture.Join("bob");
        ConversationId conversation = alice.Create(ConversationKind.Direct, "bob", bob);
        _fixture.Settle();
        alice.Say(conversation, "hello");
        var append = (EngineRequest.Append)Assert.Single(alice.Host.Look(engine => engine.TakeRequests(_fixture.Time.GetUtcNow())));
        alice.Host.Run(engine => engine.Replied(append, new AppendReply(ErrorCode.StoreUnavailable, TimeSpan.FromSeconds(7)), _fixture.Time.GetUtcNow()));
        Assert.Empty(alice.Host.Look(engine => engine.TakeRequests(_fixture.Time.GetUtcNow())));
        TimeSpan wait = NextOf(alice);
        Assert.InRange(wait, TimeSpan.FromSeconds(7.25), TimeSpan.FromSeconds(7.5));
        _fixture.Time.Advance(wait);
        append = (EngineRequest.Append)Assert.Single(alice.Host.Look(engine => engine.TakeRequests(_fixture.Time.GetUtcNow())));
        alice.Host.Run(engine => engine.Replied(append, new AppendReply(ErrorCode.Overloaded), _fixture.Time.GetUtcNow()));
        Assert.InRange(NextOf(alice), TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(1));
        _fixture.Settle();
        Assert.Equal(["hello"], bob.Texts(conversation));
    }

    private TimeSpan NextOf(TestDevice device) => (device.Host.Look(engine => engine.NextTime(_fixture.Time.GetUtcNow())) ?? throw new InvalidOperationException("It waits for nothing.")) - _fixture.Time.GetUtcNow();

    private (TestDevice Alice, TestDevice Bob, TestDevice Carol, ConversationId Group) Trio()
    {
        TestDevice alice = _fixture.Join("alice");
        TestDevice bob = _fixture.Join("bob");
        TestDevice carol = _fixture.Join("carol");
        ConversationId group = alice.Create(ConversationKind.Group, "club", bob, carol);
        _fixture.Settle();
        return (alice, bob, carol, group);
    }
}

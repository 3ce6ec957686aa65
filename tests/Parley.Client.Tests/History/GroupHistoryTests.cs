using Parley.Client.Conversations;
using Parley.Client.Engine;
using Parley.Client.Tests.Engine;

namespace Parley.Client.Tests.History;

/// <summary>What those who are added to a group are handed: what its policy says, by members, sealed to them alone, and nothing beyond.</summary>
public sealed class GroupHistoryTests : IDisposable
{
    private readonly EngineFixture _fixture = new();
    private readonly TestDevice _alice;
    private readonly TestDevice _bob;
    private readonly TestDevice _carol;
    private readonly ConversationId _group;

    public GroupHistoryTests()
    {
        _alice = _fixture.Join("alice");
        _bob = _fixture.Join("bob");
        _carol = _fixture.Join("carol");
        _group = _alice.Create(ConversationKind.Group, "club", _bob);
        _fixture.Settle();
        _alice.Say(_group, "long ago");
        _fixture.Settle();
        _fixture.Time.Advance(TimeSpan.FromDays(5));
        _bob.Say(_group, "lately");
        _fixture.Settle();
    }

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Without_a_policy_nothing_is_handed_over_also_to_who_asks()
    {
        _alice.Add(_group, _carol);
        _fixture.Settle();
        int entries = Entries;
        Assert.Empty(_carol.Texts(_group));
        _carol.Host.Run(engine => engine.AskForHistory(_group, 0, 1000));
        _fixture.Settle();

        // The wish stands in the log, and what carol's keys are renewed by; nobody has answered it.
        Assert.Empty(_carol.Texts(_group));
        Assert.InRange(Entries - entries, 1, 2);
    }

    [Fact]
    public void Under_the_policy_all_a_newcomer_is_handed_everything_and_sees_by_whom()
    {
        Decide(new HistoryPolicy(HistoryPolicyKind.All));
        _alice.Add(_group, _carol);
        _fixture.Settle();
        Assert.Equal(["long ago", "lately"], _carol.Texts(_group));
        TimelineItem[] handed = [.. _carol.Timeline(_group).Where(static item => item.Content is TimelineContent.Text)];
        Assert.Equal(["alice", "bob"], handed.Select(static item => item.Sender?.Value));
        Assert.All(handed, item => Assert.Equal(_alice.Handle, item.HandedOverBy));
        Assert.Equal(0, _carol.Read(_group).Unread);
        Assert.All(_bob.Timeline(_group), static item => Assert.Null(item.HandedOverBy));
        _bob.Say(_group, "welcome");
        _fixture.Settle();
        Assert.Null(_carol.Timeline(_group)[^1].HandedOverBy);
    }

    [Fact]
    public void Under_a_policy_of_days_what_is_older_is_not_handed_over()
    {
        Decide(new HistoryPolicy(HistoryPolicyKind.LastDays, 2));
        _alice.Add(_group, _carol);
        _fixture.Settle();
        Assert.Equal(["lately"], _carol.Texts(_group));
        _carol.Host.Run(engine => engine.AskForHistory(_group, 0, 1000));
        _fixture.Settle();
        Assert.Equal(["lately"], _carol.Texts(_group));
    }

    [Fact]
    public void From_the_invitation_on_is_from_when_somebody_asked_for_the_adding()
    {
        Decide(new HistoryPolicy(HistoryPolicyKind.FromInvitation));
        _alice.Disconnect();
        _fixture.Time.Advance(TimeSpan.FromHours(1));
        _alice.Add(_group, _carol);
        _fixture.Time.Advance(TimeSpan.FromHours(1));
        _bob.Say(_group, "since the invitation");
        _fixture.Settle();
        _alice.Connect();
        _fixture.Settle();
        Assert.Equal(["since the invitation"], _carol.Texts(_group));
    }

    [Fact]
    public void If_who_added_somebody_is_gone_another_member_hands_over()
    {
        Decide(new HistoryPolicy(HistoryPolicyKind.All));
        _carol.Disconnect();
        _alice.Add(_group, _carol);
        _fixture.Settle();
        _alice.Disconnect();
        _carol.Connect();
        _fixture.Settle();
        Assert.Equal(["long ago", "lately"], _carol.Texts(_group));
        Assert.All(_carol.Timeline(_group).Where(static item => item.Content is TimelineContent.Text), item => Assert.Equal(_bob.Handle, item.HandedOverBy));
        _alice.Connect();
        int entries = Entries;
        _fixture.Settle();
        Assert.Equal(entries, Entries);
    }

    [Fact]
    public void A_policy_is_for_those_who_come_after_it()
    {
        TestDevice dave = _fixture.Join("dave");
        _alice.Add(_group, _carol);
        _fixture.Settle();
        Decide(new HistoryPolicy(HistoryPolicyKind.All));
        _carol.Host.Run(engine => engine.AskForHistory(_group, 0, 1000));
        _alice.Add(_group, dave);
        _fixture.Settle();
        Assert.Equal(["long ago", "lately"], dave.Texts(_group));
        Assert.Empty(_carol.Texts(_group));
    }

    [Fact]
    public void Who_is_added_again_under_a_stricter_policy_is_handed_nothing_that_an_earlier_one_gave()
    {
        Decide(new HistoryPolicy(HistoryPolicyKind.All));
        _carol.Disconnect();
        _alice.Add(_group, _carol);
        _fixture.Settle();
        Assert.True(_alice.Host.Run(engine => engine.Remove(_group, _carol.Handle, _fixture.Time.GetUtcNow())).Succeeded);
        _fixture.Settle();
        Decide(HistoryPolicy.None);
        _alice.Add(_group, _carol);
        _fixture.Settle();
        _carol.Connect();
        _fixture.Settle();
        _carol.Host.Run(engine => engine.AskForHistory(_group, 0, 1000));
        _fixture.Settle();
        Assert.Equal(MembershipState.Active, _carol.Read(_group).State);
        Assert.Empty(_carol.Texts(_group));
    }

    [Fact]
    public void A_member_that_reads_the_adding_and_the_wish_at_once_hands_over_all_the_same()
    {
        Decide(new HistoryPolicy(HistoryPolicyKind.All));
        _bob.Disconnect();
        _carol.Disconnect();
        _alice.Add(_group, _carol);
        _fixture.Settle();
        _alice.Disconnect();
        _carol.Connect();
        _fixture.Settle();
        Assert.Empty(_carol.Texts(_group));
        _bob.Connect();
        _fixture.Settle();
        Assert.Equal(["long ago", "lately"], _carol.Texts(_group));
    }

    [Fact]
    public void Only_an_administrator_sets_a_policy_and_all_are_told()
    {
        Assert.Equal(ClientErrorCode.NotAdmin, _bob.Host.Run(engine => engine.SetHistory(_group, new HistoryPolicy(HistoryPolicyKind.All), _fixture.Time.GetUtcNow())).Error?.Code);
        Decide(new HistoryPolicy(HistoryPolicyKind.LastDays, 30));
        Assert.Equal(Notices.HistoryChanged("alice", new HistoryPolicy(HistoryPolicyKind.LastDays, 30)), _bob.Notices(_group)[^1]);
        Assert.Equal(new HistoryPolicy(HistoryPolicyKind.LastDays, 30), _bob.Read(_group).History);
        Assert.True(_alice.Host.Run(engine => engine.Rename(_group, "society", _fixture.Time.GetUtcNow())).Succeeded);
        _fixture.Settle();
        Assert.Equal(new HistoryPolicy(HistoryPolicyKind.LastDays, 30), _bob.Read(_group).History);
    }

    [Fact]
    public void What_is_handed_over_takes_the_place_of_what_could_not_be_read()
    {
        _alice.Add(_group, _carol);
        _fixture.Settle();
        TestDevice second = _fixture.Join("carol", besides: _carol);
        IReadOnlyList<byte[]> claimed = _fixture.Server.Claim("carol");
        Assert.True(_carol.Host.Run(engine => engine.AddToDevices(claimed, second.Device, _fixture.Time.GetUtcNow())).Succeeded);
        _fixture.Settle();
        _carol.Disconnect();
        int before = Entries;
        _bob.Say(_group, "one");
        _bob.Say(_group, "two");
        _fixture.Talk();
        Assert.Equal(before + 2, Entries);

        // The server spoils for one device what stands in the log for the others.
        Contracts.Wire.Envelope spoilt = Entry(before).Clone();
        spoilt.Message = Spoil(spoilt.Message);
        _carol.Deliver(new LogId(_group), [spoilt]);
        _carol.Connect();
        _fixture.Settle();
        Assert.Equal(["two"], _carol.Texts(_group));
        Assert.Single(_carol.Timeline(_group), static item => item.Content is TimelineContent.Unreadable);
        _carol.Host.Run(engine => engine.AskForHistory(_group, spoilt.Sequence - 1, spoilt.Sequence + 1));
        _fixture.Settle();
        Assert.Equal(["one", "two"], _carol.Texts(_group));
        Assert.DoesNotContain(_carol.Timeline(_group), static item => item.Content is TimelineContent.Unreadable);
    }

    private int Entries => _fixture.Server.LogOf(new LogId(_group), _alice.Device).Entries.Count;

    private Contracts.Wire.Envelope Entry(int index) => _fixture.Server.LogOf(new LogId(_group), _alice.Device).Entries[index];

    private static Google.Protobuf.ByteString Spoil(Google.Protobuf.ByteString message)
    {
        byte[] bytes = message.ToByteArray();
        bytes[^1] ^= 1;
        return Google.Protobuf.ByteString.CopyFrom(bytes);
    }

    private void Decide(HistoryPolicy policy)
    {
        Assert.True(_alice.Host.Run(engine => engine.SetHistory(_group, policy, _fixture.Time.GetUtcNow())).Succeeded);
        _fixture.Settle();
    }
}

using Parley.Client.Conversations;
using Parley.Client.Engine;
using Parley.Client.Store;

namespace Parley.Client.Tests.Engine;

/// <summary>Who was removed and added again while it was away first reads what it may of the time before: a Welcome waits its turn.</summary>
public sealed class WaitingWelcomeTests : IDisposable
{
    private readonly EngineFixture _fixture = new();
    private readonly TestDevice _alice;
    private readonly TestDevice _bob;
    private readonly TestDevice _carol;
    private readonly ConversationId _group;

    public WaitingWelcomeTests()
    {
        _alice = _fixture.Join("alice");
        _bob = _fixture.Join("bob");
        _carol = _fixture.Join("carol");
        _group = _alice.Create(ConversationKind.Group, "club", _bob, _carol);
        _fixture.Settle();
    }

    private LogId Log => new(_group);

    [Fact]
    public void What_was_said_before_the_removal_is_read_and_what_came_before_the_addition_is_not()
    {
        _carol.Disconnect();
        Say("before");
        RemoveAndAdd();
        _carol.Connect();
        _fixture.Settle();
        Assert.Equal(["before", "after"], _carol.Texts(_group));
        Assert.Equal([Notices.RemovedSelf("alice"), Notices.Joined(ConversationKind.Group, "alice")], _carol.Notices(_group).TakeLast(2));
        Assert.Equal(MembershipState.Active, _carol.Read(_group).State);
        Assert.Empty(_carol.Store.Read(new StoreRange(new ConversationKeys(_group).Welcomes)));
    }

    [Fact]
    public void What_had_been_sent_without_an_answer_is_not_sent_again()
    {
        // Found by the simulation, seed 5007592: the log has the message, and its sender, removed and added while it waited for the answer, did not see it there.
        _carol.Say(_group, "hello");
        _fixture.Settle();
        _carol.Say(_group, "mine");
        _carol.Send(static _ => true);
        _carol.Disconnect();
        RemoveAndAdd();
        _carol.Connect();
        _fixture.Settle();
        Assert.Equal(["hello", "mine", "in between", "after"], _bob.Texts(_group));
        Assert.Equal(["hello", "mine", "after"], _carol.Texts(_group));
        Assert.Equal(DeliveryState.Sent, _carol.Timeline(_group).Single(static item => item.Content is TimelineContent.Text { Body: "mine" }).State);
    }

    [Fact]
    public void Every_stretch_is_read_although_the_device_dies_while_Welcomes_wait()
    {
        _carol.Disconnect();
        Say("before");
        RemoveAndAdd();
        RemoveAndAdd();
        _carol.Connect();
        _carol.Send();
        _carol.Deliver(LogId.Inbox, _fixture.Server.Read(LogId.Inbox, _carol.Device, after: 1));
        Assert.Equal(2, _carol.Store.Read(new StoreRange(new ConversationKeys(_group).Welcomes)).Count);
        Assert.Empty(_carol.Texts(_group));
        _carol.Crash();
        _carol.Connect();
        _fixture.Settle();
        Assert.Equal(["before", "after", "after"], _carol.Texts(_group));
        Assert.Equal(MembershipState.Active, _carol.Read(_group).State);
    }

    [Fact]
    public void Of_very_many_Welcomes_the_oldest_go()
    {
        _carol.Disconnect();
        for (int i = 0; i < 17; i++)
            RemoveAndAdd();
        _carol.Connect();
        _carol.Send();
        _carol.Deliver(LogId.Inbox, _fixture.Server.Read(LogId.Inbox, _carol.Device, after: 1));
        Assert.Equal(16, _carol.Store.Read(new StoreRange(new ConversationKeys(_group).Welcomes)).Count);
        _fixture.Settle();
        Assert.Equal(16, _carol.Texts(_group).Count);
        Assert.Equal(MembershipState.Active, _carol.Read(_group).State);
        _alice.Say(_group, "there you are");
        _fixture.Settle();
        Assert.Equal("there you are", _carol.Texts(_group)[^1]);
    }

    [Fact]
    public void A_server_that_does_not_show_the_removal_says_so_and_an_administrators_Welcome_is_followed()
    {
        _carol.Disconnect();
        Say("before");
        RemoveAndAdd();
        FakeServer.Log log = _fixture.Server.LogOf(Log, _carol.Device);
        log.Stretches.RemoveAll(stretch => stretch.Device == _carol.Device && stretch.Through != ulong.MaxValue);
        _carol.Connect();
        _fixture.Settle();
        Assert.Equal(["after"], _carol.Texts(_group));
        Assert.Equal(Notices.JoinedAgain("alice"), _carol.Notices(_group)[^1]);
    }

    public void Dispose() => _fixture.Dispose();

    private void Say(string text)
    {
        _alice.Say(_group, text);
        _fixture.Settle();
    }

    private void RemoveAndAdd()
    {
        Assert.True(_alice.Host.Run(engine => engine.Remove(_group, _carol.Handle, _fixture.Time.GetUtcNow())).Succeeded);
        _fixture.Settle();
        Say("in between");
        _alice.Add(_group, _carol);
        _fixture.Settle();
        Say("after");
    }
}

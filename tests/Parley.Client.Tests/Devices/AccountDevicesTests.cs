using Parley.Client.Engine;
using Parley.Client.Tests.Engine;
using Parley.Contracts.Identity;

namespace Parley.Client.Tests.Devices;

/// <summary>The group of an account's devices: what makes them the same to their user, and who gets in.</summary>
public sealed class AccountDevicesTests : IDisposable
{
    private readonly LinkedAccount _account = new();

    private EngineFixture Fixture => _account.Fixture;

    public void Dispose() => _account.Dispose();

    [Fact]
    public void A_new_device_comes_into_every_conversation_by_itself()
    {
        ConversationId group = _account.Bob.Create(ConversationKind.Group, "garden", _account.First);
        Fixture.Settle();
        TestDevice second = _account.Link();
        Fixture.Settle();
        Assert.Equal("bob", second.Read(_account.Direct).Title);
        Assert.Equal("garden", second.Read(group).Title);
        _account.Bob.Say(group, "to both");
        Fixture.Settle();
        Assert.Equal(["to both"], second.Texts(group));
        Assert.True(_account.First.Host.Look(engine => engine.HasSettled(second.Device)));
    }

    [Fact]
    public void The_group_of_devices_is_not_shown_as_a_conversation()
    {
        TestDevice second = _account.Link();
        Fixture.Settle();
        Assert.Single(_account.First.Conversations);
        Assert.Single(second.Conversations);
    }

    [Fact]
    public void More_conversations_than_the_server_hands_out_KeyPackages_for_are_joined_without_asking_it()
    {
        const int conversations = 60;
        for (int i = 0; i < conversations; i++)
            _account.First.Create(ConversationKind.Group, $"group {i}", _account.Bob);
        Fixture.Settle();
        TestDevice second = _account.Certify();
        int before = Fixture.Server.Stock(second.Device).Count;
        _account.Admit(second);
        Fixture.Settle();
        Assert.Equal(conversations + 1, second.Conversations.Count);
        Assert.Equal(before, Fixture.Server.Stock(second.Device).Count + 1);
    }

    [Fact]
    public void A_conversation_that_begins_without_a_device_is_joined_by_it_later()
    {
        TestDevice second = _account.Link();
        Fixture.Settle();
        Fixture.Server.ForgetKeyPackages(second.Device, MlsProfile.Suite);
        ConversationId group = _account.Bob.Create(ConversationKind.Group, "garden", _account.First);
        _account.Bob.Say(group, "first");
        Fixture.Settle();
        _account.Bob.Say(group, "second");
        Fixture.Settle();
        Assert.Equal(["first", "second"], second.Texts(group));
        Assert.Equal(_account.First.Texts(group), second.Texts(group));
    }

    [Fact]
    public void A_device_certified_by_the_account_key_alone_gets_into_no_conversation()
    {
        TestDevice second = _account.Link();
        Fixture.Settle();
        TestDevice thief = _account.Certify();
        ConversationId group = second.Create(ConversationKind.Group, "garden", _account.First, _account.Bob);
        Fixture.Settle();
        Assert.Empty(thief.Conversations);
        Assert.Equal(2, _account.Bob.Conversations.Count);
        Assert.Contains(_account.First.Conversations, conversation => conversation.Id == group);
    }

    [Fact]
    public void A_device_is_not_moved_into_another_group_of_devices()
    {
        TestDevice second = _account.Link();
        Fixture.Settle();
        TestDevice thief = _account.Certify();
        IReadOnlyList<byte[]> claimed = Fixture.Server.Claim("alice");
        Assert.True(thief.Host.Run(engine => engine.AddToDevices(claimed, device: null, Fixture.Time.GetUtcNow())).Succeeded);
        Fixture.Settle();
        Assert.False(second.Host.Look(engine => engine.IsShared(thief.Device)));
        Assert.False(_account.First.Host.Look(engine => engine.IsShared(thief.Device)));
        Assert.Empty(thief.Conversations);
        Assert.Contains(second.Host.TakeNews(), static change => change is ClientEvent.ServerFault);
    }

    [Fact]
    public void A_revoked_device_is_taken_out_of_every_conversation_also_where_the_one_that_revokes_it_is_not()
    {
        TestDevice second = _account.Link();
        Fixture.Settle();
        TestDevice third = _account.Link();
        Fixture.Settle();
        _account.First.Disconnect();
        ConversationId group = _account.Bob.Create(ConversationKind.Group, "garden", second);
        Fixture.Settle();
        Revoke(second, third);
        _account.First.Connect();
        Fixture.Settle();
        _account.Bob.Say(group, "behind its back");
        _account.Bob.Say(_account.Direct, "behind its back, too");
        Fixture.Settle();
        Assert.DoesNotContain("behind its back", third.Texts(group));
        Assert.DoesNotContain("behind its back, too", third.Texts(_account.Direct));
        Assert.Contains("behind its back, too", _account.First.Texts(_account.Direct));
        Assert.Equal(MembershipState.Removed, third.Read(group).State);
        Assert.Equal(MembershipState.Removed, third.Read(_account.Direct).State);
    }

    [Fact]
    public void A_revoked_device_is_not_let_in_again()
    {
        TestDevice second = _account.Link();
        Fixture.Settle();
        Revoke(_account.First, second);
        Fixture.Settle();
        IReadOnlyList<byte[]> claimed = Fixture.Server.Claim("alice");
        Assert.False(_account.First.Host.Run(engine => engine.AddToDevices(claimed, second.Device, Fixture.Time.GetUtcNow())).Succeeded);
        ConversationId group = _account.First.Create(ConversationKind.Group, "garden", _account.Bob);
        Fixture.Settle();
        Assert.DoesNotContain(second.Conversations, conversation => conversation.Id == group);
    }

    [Fact]
    public void A_read_mark_follows_the_account_whichever_device_is_ahead()
    {
        TestDevice second = _account.Link();
        Fixture.Settle();
        _account.Bob.Say(_account.Direct, "news");
        Fixture.Settle();
        Assert.Equal(1, second.Read(_account.Direct).Unread);
        second.Disconnect();
        _account.Bob.Say(_account.Direct, "more news");
        Fixture.Settle();
        _account.First.Host.Run(engine => engine.MarkRead(_account.Direct, _account.First.Timeline(_account.Direct)[^1].Order, _account.First.Now));
        Fixture.Settle();
        Assert.Equal(1, second.Read(_account.Direct).Unread);
        second.Connect();
        Fixture.Settle();
        Assert.Equal(0, second.Read(_account.Direct).Unread);
        _account.Bob.Say(_account.Direct, "news again");
        Fixture.Settle();
        Assert.Equal([1, 1], new[] { _account.First, second }.Select(device => device.Read(_account.Direct).Unread));
    }

    [Fact]
    public void Names_mutes_drafts_and_what_is_known_of_people_follow_the_account()
    {
        _account.First.Host.Run(engine => engine.ConfirmVerification(_account.Bob.Handle, verified: true));
        _account.First.Host.Run(engine => engine.SetMuted(_account.Direct, isMuted: true));
        TestDevice second = _account.Link();
        Fixture.Settle();
        Assert.True(second.Host.Look(engine => engine.GetVerification(_account.Bob.Handle)).Value.IsConfirmed);
        Assert.True(second.Read(_account.Direct).IsMuted);
        second.Host.Run(engine => engine.SetDraft(_account.Direct, "dear bob"));
        second.Host.Run(engine => engine.SetDeviceName(second.Device, "laptop"));
        Fixture.Settle();
        Assert.Equal("dear bob", _account.First.Read(_account.Direct).Draft);
        Assert.Equal("laptop", _account.First.Host.Look(engine => engine.NameOf(second.Device)));
        _account.First.Host.Run(engine => engine.SetDraft(_account.Direct, ""));
        Fixture.Settle();
        Assert.Equal("", second.Read(_account.Direct).Draft);
    }

    [Fact]
    public void Of_two_values_written_at_once_the_later_one_in_the_log_counts_on_both()
    {
        TestDevice second = _account.Link();
        Fixture.Settle();
        _account.First.Host.Run(engine => engine.SetDraft(_account.Direct, "one"));
        second.Host.Run(engine => engine.SetDraft(_account.Direct, "two"));
        Fixture.Settle();
        Assert.Equal(second.Read(_account.Direct).Draft, _account.First.Read(_account.Direct).Draft);
    }

    [Fact]
    public void The_server_is_told_nothing_of_an_accounts_only_device()
    {
        _account.First.Host.Run(engine => engine.SetDraft(_account.Direct, "dear bob"));
        IReadOnlyList<EngineRequest> requests = _account.First.Host.Look(engine => engine.TakeRequests(Fixture.Time.GetUtcNow()));
        Assert.Empty(requests);
        Assert.Equal("dear bob", _account.First.Read(_account.Direct).Draft);
    }

    private void Revoke(TestDevice by, TestDevice device)
    {
        DeviceId lost = device.Device;
        Assert.True(by.Host.Run(engine => engine.RemoveFromDevices(lost, Fixture.Time.GetUtcNow())).Succeeded);
        Fixture.Settle();
    }
}

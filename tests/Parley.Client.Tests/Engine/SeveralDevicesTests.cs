using Parley.Client.Conversations;
using Parley.Contracts.Identity;

namespace Parley.Client.Tests.Engine;

/// <summary>An account with two devices, and somebody else.</summary>
public sealed class SeveralDevicesTests : IDisposable
{
    private readonly EngineFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void What_another_device_of_ones_own_says_is_ones_own_and_never_unread()
    {
        (TestDevice first, TestDevice second, TestDevice bob, ConversationId group) = Begin();
        second.Say(group, "from the second");
        _fixture.Settle();
        bob.Say(group, "from bob");
        _fixture.Settle();
        foreach (TestDevice device in new[] { first, second })
        {
            Assert.Equal(["from the second", "from bob"], device.Texts(group));
            Assert.Equal(
                [DeliveryState.Delivered, DeliveryState.Received],
                device.Timeline(group).Where(static item => item.Content is TimelineContent.Text).Select(static item => item.State));
            Assert.Equal(1, device.Read(group).Unread);
        }
    }

    [Fact]
    public void A_device_is_added_to_a_direct_conversation_by_another_of_its_account()
    {
        TestDevice first = _fixture.Join("alice");
        TestDevice bob = _fixture.Join("bob");
        ConversationId direct = bob.Create(ConversationKind.Direct, "alice", first);
        _fixture.Settle();
        TestDevice second = _fixture.Join("alice", besides: first);
        IReadOnlyList<byte[]> claimed = _fixture.Server.Claim("alice");
        Assert.True(first.Host.Run(engine => engine.AddOwnDevices(direct, claimed, _fixture.Time.GetUtcNow())).Succeeded);
        _fixture.Settle();
        Assert.Equal("bob", second.Read(direct).Title);
        Assert.Contains("alice added a device.", bob.Notices(direct));
        bob.Say(direct, "to both");
        _fixture.Settle();
        Assert.Equal(["to both"], second.Texts(direct));
    }

    [Fact]
    public void A_device_that_another_account_has_certified_is_not_added_as_ones_own()
    {
        (TestDevice first, _, _, ConversationId group) = Begin();
        TestDevice impostor = new(_fixture.Server, _fixture.Time, "alice");
        using (impostor)
        {
            impostor.Connect();
            while (impostor.Send())
            {
                // Until the server has its KeyPackages.
            }

            IReadOnlyList<byte[]> claimed = _fixture.Server.Claim("alice");
            ClientResult<long> added = first.Host.Run(engine => engine.AddOwnDevices(group, claimed, _fixture.Time.GetUtcNow()));
            Assert.Equal(ClientErrorCode.CertificateInvalid, added.Error?.Code);
        }
    }

    [Fact]
    public void A_person_leaves_with_all_devices()
    {
        (TestDevice first, TestDevice second, TestDevice bob, ConversationId group) = Begin();
        Assert.True(first.Host.Run(engine => engine.Leave(group, _fixture.Time.GetUtcNow())).Succeeded);
        _fixture.Settle();
        Assert.Equal(["bob"], bob.Read(group).Members.Select(static member => member.Handle.Value));
        Assert.Equal(MembershipState.Left, first.Read(group).State);
        Assert.Equal(Notices.RemovedByOwnDevice(), second.Notices(group)[^1]);
    }

    [Fact]
    public void A_device_that_is_taken_out_reads_no_further()
    {
        (TestDevice first, TestDevice second, TestDevice bob, ConversationId group) = Begin();
        DeviceId lost = second.Device;
        Assert.True(first.Host.Run(engine => engine.RemoveOwnDevice(group, lost, _fixture.Time.GetUtcNow())).Succeeded);
        _fixture.Settle();
        bob.Say(group, "behind its back");
        _fixture.Settle();
        Assert.Equal(["behind its back"], first.Texts(group));
        Assert.Empty(second.Texts(group));
        Assert.Equal(MembershipState.Removed, second.Read(group).State);
        Assert.Contains("alice removed a device.", bob.Notices(group));
    }

    private (TestDevice First, TestDevice Second, TestDevice Bob, ConversationId Group) Begin()
    {
        TestDevice first = _fixture.Join("alice");
        TestDevice second = _fixture.Join("alice", besides: first);
        TestDevice bob = _fixture.Join("bob");
        ConversationId group = bob.Create(ConversationKind.Group, "garden", first);
        _fixture.Settle();
        return (first, second, bob, group);
    }
}

using Parley.Client.Conversations;
using Parley.Client.Engine;
using Parley.Client.Tests.Engine;
using Parley.Contracts.Identity;

namespace Parley.Client.Tests.Conversations;

/// <summary>Every leaf gets new keys by itself, and a group hears little of it.</summary>
public sealed class HealingTests : IDisposable
{
    private readonly EngineFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void A_device_that_only_reads_heals_within_a_day_of_joining_and_then_every_week()
    {
        (TestDevice alice, TestDevice bob, ConversationId conversation) = Pair();
        Assert.Null(Of(bob, conversation).HealedAt);
        _fixture.Pass(MlsProfile.JoinedLeafUpdateInterval);
        DateTimeOffset healed = Of(bob, conversation).HealedAt ?? throw new InvalidOperationException("It has not healed.");
        for (int week = 0; week < 5; week++)
        {
            _fixture.Pass(MlsProfile.LeafUpdateInterval);
            DateTimeOffset again = Of(bob, conversation).HealedAt!.Value; // It has healed once.
            Assert.True(again > healed && again >= _fixture.Time.GetUtcNow() - MlsProfile.LeafUpdateInterval);
            healed = again;
        }

        Assert.InRange(Entries(alice, conversation), 8, 2 + (2 * 12));
        Assert.Empty(alice.Notices(conversation));
    }

    [Fact]
    public void Whoever_comes_back_after_months_heals_without_a_word()
    {
        (TestDevice alice, TestDevice bob, ConversationId conversation) = Pair();
        _fixture.Pass(TimeSpan.FromDays(2));
        bob.Disconnect();
        _fixture.Pass(TimeSpan.FromDays(100));
        bob.Connect();
        _fixture.Settle();
        Assert.True(Of(bob, conversation).HealedAt > _fixture.Time.GetUtcNow() - TimeSpan.FromMinutes(5));
        alice.Say(conversation, "hello");
        _fixture.Settle();
        Assert.Equal(["hello"], bob.Texts(conversation));
    }

    [Fact]
    public void A_Commit_of_ones_own_for_something_else_counts()
    {
        (TestDevice alice, _, ConversationId conversation) = Pair();
        TestDevice carol = _fixture.Join("carol");
        ConversationId group = alice.Create(ConversationKind.Group, "club", carol);
        _fixture.Settle();
        _fixture.Time.Advance(TimeSpan.FromDays(3));
        Assert.True(alice.Host.Run(engine => engine.Rename(group, "team", _fixture.Time.GetUtcNow())).Succeeded);
        _fixture.Talk();
        Assert.True(Of(alice, group).HealedAt > Of(alice, conversation).HealedAt + TimeSpan.FromDays(2));
        Assert.Equal(Of(alice, group).HealedAt + MlsProfile.LeafUpdateInterval, Of(alice, group).HealsBy);
    }

    [Fact]
    public void A_clock_that_went_back_does_not_put_healing_off()
    {
        (_, TestDevice bob, ConversationId conversation) = Pair();
        _fixture.Pass(TimeSpan.FromDays(2));
        bob.Disconnect();
        _fixture.Time.AdjustTime(_fixture.Time.GetUtcNow() - TimeSpan.FromDays(1000));
        bob.Connect();
        _fixture.Talk();
        Assert.Equal(_fixture.Time.GetUtcNow(), Of(bob, conversation).HealedAt);
    }

    [Fact]
    public void KeyPackages_of_a_device_that_is_always_online_are_renewed_before_they_expire()
    {
        TestDevice alice = _fixture.Join("alice");
        int before = _fixture.Server.Stock(alice.Device).Count;
        _fixture.Pass(MlsProfile.KeyPackageRenewal - MlsProfile.KeyPackageCheck);
        Assert.Equal(before, _fixture.Server.Stock(alice.Device).Count);
        _fixture.Pass(2 * MlsProfile.KeyPackageCheck);
        Assert.Equal(before + MlsProfile.KeyPackageStock, _fixture.Server.Stock(alice.Device).Count);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(50)]
    [InlineData(1000)]
    [InlineData(20_000)]
    public void However_large_a_group_is_it_hears_of_new_keys_every_few_minutes_at_most(int leaves)
    {
        DateTimeOffset now = _fixture.Time.GetUtcNow();
        var record = new ConversationRecord { Kind = ConversationKind.Group, Name = "crowd", Membership = Membership.Active, LeafUpdatedAt = now };
        Assert.True(ConversationId.TryParse(new byte[16], out ConversationId id));
        TimeSpan interval = LeafSchedule.Interval(record, leaves);
        TimeSpan[] after = [.. Enumerable.Range(0, leaves).Select(i => LeafSchedule.DueAt(TestDevice.Crypto, id, Device(i), record, leaves) - now).Order()];
        Assert.All(after, time => Assert.InRange(time, interval / 2, interval));
        // Expected: as many as fit into the half of the interval. Chance doubles that in an hour of a group of any size.
        int most = Enumerable.Range(0, (int)interval.TotalHours + 1).Max(hour => after.Count(time => (int)time.TotalHours == hour));
        Assert.InRange(most, 1, 3 + (2 * 12));
        Assert.Equal(LeafSchedule.DueAt(TestDevice.Crypto, id, Device(0), record, leaves), LeafSchedule.DueAt(TestDevice.Crypto, id, Device(0), record, leaves));
    }

    [Fact]
    public void When_all_are_late_at_once_a_few_heal_now_and_the_others_one_after_another()
    {
        TimeSpan[] waits = [.. Enumerable.Range(0, 1000).Select(static _ => LeafSchedule.WaitWhenLate(TestDevice.Crypto, 1000))];
        Assert.InRange(waits.Count(static wait => wait == TimeSpan.Zero), 0, 30);
        Assert.True(waits.Max() <= MlsProfile.LateLeafUpdateSpacing * 1000);
        Assert.InRange(waits.Count(static wait => wait < TimeSpan.FromHours(1)), 50, 220);
        Assert.All(Enumerable.Range(0, 100), static _ => Assert.Equal(TimeSpan.Zero, LeafSchedule.WaitWhenLate(TestDevice.Crypto, 8)));
    }

    private static DeviceId Device(int number)
    {
        byte[] bytes = new byte[16];
        BitConverter.TryWriteBytes(bytes, number);
        return DeviceId.TryParse(bytes, out DeviceId device) ? device : throw new InvalidOperationException("16 bytes are a device id.");
    }

    private static Client.Healing Of(TestDevice device, ConversationId conversation) => device.Read(conversation).Healing ?? throw new InvalidOperationException("Not a member.");

    private int Entries(TestDevice device, ConversationId conversation) => _fixture.Server.LogOf(new LogId(conversation), device.Device).Entries.Count;

    private (TestDevice Alice, TestDevice Bob, ConversationId Conversation) Pair()
    {
        TestDevice alice = _fixture.Join("alice");
        TestDevice bob = _fixture.Join("bob");
        ConversationId conversation = alice.Create(ConversationKind.Direct, "bob", bob);
        _fixture.Settle();
        return (alice, bob, conversation);
    }
}

using Parley.Client.Tests.Devices;
using Parley.Client.Tests.Engine;

namespace Parley.Client.Tests.History;

/// <summary>A new device is handed the whole history by the account's others, whatever crashes.</summary>
public sealed class DeviceHistoryTests
{
    [Fact]
    public void A_new_device_is_handed_the_whole_history_in_its_order()
    {
        using var account = new LinkedAccount(messages: 25);
        TestDevice second = account.Link();
        account.Fixture.Settle();
        Assert.Equal(25, second.Texts(account.Direct).Count);
        Assert.Equal(Facts(account.First, account.Direct), Facts(second, account.Direct));
        Assert.Equal(0, second.Read(account.Direct).Unread);
        Assert.Equal(account.First.Texts(account.Direct)[^1], second.Read(account.Direct).LastText);
        Assert.Empty(second.Host.Look(static engine => engine.ReadProgress()));
    }

    [Fact]
    public void A_history_of_several_parts_comes_newest_first_and_shows_how_far_it_is()
    {
        using var account = new LinkedAccount(messages: 0);
        string text = new('x', 20_000);
        for (int i = 0; i < 12; i++)
            account.First.Say(account.Direct, $"{i} {text}");
        account.Fixture.Settle();
        TestDevice second = account.Link();
        var seen = new List<HistoryProgress>();
        for (int round = 0; round < 200; round++)
        {
            account.First.Send();
            account.First.Receive();
            account.Bob.Receive();
            second.Send();
            second.Receive();
            seen.AddRange(second.Host.Look(static engine => engine.ReadProgress()));
            IReadOnlyList<string> texts = second.Texts(account.Direct);
            Assert.Equal(Enumerable.Range(12 - texts.Count, texts.Count).Select(i => $"{i} {text}"), texts);
        }

        Assert.Equal(12, second.Texts(account.Direct).Count);
        Assert.Contains(seen, static progress => progress is { Total: 12, Done: > 0 and < 12, To: null });
    }

    [Fact]
    public void What_is_said_meanwhile_comes_between_the_parts()
    {
        using var account = new LinkedAccount(messages: 0);
        string text = new('x', 60_000);
        for (int i = 0; i < 10; i++)
            account.First.Say(account.Direct, $"{i} {text}");
        account.Fixture.Settle();
        TestDevice second = account.Link();
        account.Fixture.Settle();
        account.First.Say(account.Direct, "new");
        account.Bob.Say(account.Direct, "newer");
        account.Fixture.Settle();
        Assert.Equal(account.First.Texts(account.Direct), second.Texts(account.Direct));
    }

    [Fact]
    public void A_crash_of_either_device_at_any_write_loses_and_doubles_nothing()
    {
        (int first, int second) writes = CountWrites();
        for (int failing = 0; failing < writes.first; failing++)
            Hand(failing, failingSecond: null);
        for (int failing = 0; failing < writes.second; failing++)
            Hand(failingFirst: null, failing);
    }

    [Fact]
    public void If_the_device_that_hands_over_is_gone_another_goes_on()
    {
        using var account = new LinkedAccount(messages: 0);
        string text = new('x', 50_000);
        for (int i = 0; i < 10; i++)
            account.First.Say(account.Direct, $"{i} {text}");
        account.Fixture.Settle();
        TestDevice second = account.Link();
        account.Fixture.Settle();
        TestDevice third = account.Link();
        for (int round = 0; round < 1000 && third.Host.Look(static engine => engine.ReadProgress()) is not [{ Done: > 0 }]; round++)
        {
            foreach (TestDevice device in new[] { account.First, second, account.Bob, third })
            {
                device.Send();
                device.Receive();
            }
        }

        Assert.NotEmpty(third.Host.Look(static engine => engine.ReadProgress()));
        account.First.Disconnect();
        account.Fixture.Settle();
        Assert.Equal(second.Texts(account.Direct), third.Texts(account.Direct));
        Assert.Equal(10, third.Texts(account.Direct).Count);
        account.First.Connect();
        account.Fixture.Settle();
        Assert.Equal(10, third.Texts(account.Direct).Count);
    }

    [Fact]
    public void Nothing_of_a_history_can_be_read_by_a_device_that_did_not_ask_for_it()
    {
        using var account = new LinkedAccount(messages: 3);
        TestDevice second = account.Link();
        account.Fixture.Settle();
        ConversationId before = account.Direct;
        int items = second.Timeline(before).Count;
        TestDevice third = account.Link();
        account.Fixture.Settle();

        // The parts for the third came to the second as well, which was in the same group, and changed nothing.
        Assert.Equal(3, third.Texts(before).Count);
        Assert.Equal(items + 1, second.Timeline(before).Count);
        Assert.Equal(second.Texts(before), third.Texts(before));
    }

    [Fact]
    public void A_revoked_device_is_handed_nothing_more()
    {
        using var account = new LinkedAccount(messages: 0);
        string text = new('x', 60_000);
        for (int i = 0; i < 10; i++)
            account.First.Say(account.Direct, $"{i} {text}");
        account.Fixture.Settle();
        TestDevice second = account.Link();
        for (int round = 0; round < 1000 && second.Host.Look(static engine => engine.ReadProgress()) is not [{ Done: > 0 }]; round++)
        {
            foreach (TestDevice device in new[] { account.First, account.Bob, second })
            {
                device.Send();
                device.Receive();
            }
        }

        second.Disconnect();
        Contracts.Identity.DeviceId lost = second.Device;
        account.First.Host.Run(engine => engine.RemoveFromDevices(lost, account.Fixture.Time.GetUtcNow()));
        account.Fixture.Settle();
        second.Connect();
        account.Fixture.Settle();
        Assert.InRange(second.Texts(account.Direct).Count, 1, 9);
        Assert.Empty(account.First.Host.Look(static engine => engine.ReadProgress()));
    }

    private static (int First, int Second) CountWrites()
    {
        using var account = new LinkedAccount(messages: 4);
        TestDevice second = account.Certify();
        (int first, int late) before = (account.First.Store.WriteCount, second.Store.WriteCount);
        account.Admit(second);
        account.Fixture.Settle();
        return (account.First.Store.WriteCount - before.first, second.Store.WriteCount - before.late);
    }

    private static void Hand(int? failingFirst, int? failingSecond)
    {
        using var account = new LinkedAccount(messages: 4);
        TestDevice second = account.Certify();
        account.First.Store.WritesLeft = failingFirst;
        second.Store.WritesLeft = failingSecond;
        Survive(account, second, () => account.Admit(second));
        Survive(account, second, account.Fixture.Settle);
        Assert.Equal(4, second.Texts(account.Direct).Count);
        Assert.Equal(Facts(account.First, account.Direct), Facts(second, account.Direct));
        Assert.Equal(account.First.Texts(account.Direct), account.Bob.Texts(account.Direct));
    }

    private static void Survive(LinkedAccount account, TestDevice second, Action action)
    {
        try
        {
            action();
        }
        catch (Client.Store.ClientStoreException)
        {
            foreach (TestDevice device in new[] { account.First, second }.Where(static device => device.Store.WritesLeft is not null))
            {
                device.Crash();
                device.Connect();
            }

            action();
        }
    }

    private static IEnumerable<(MessageId?, string?, DeliveryState, DateTimeOffset)> Facts(TestDevice device, ConversationId conversation) =>
        device.Timeline(conversation).Where(static item => item.Id is not null).Select(static item => (item.Id, item.Sender?.Value, item.State == DeliveryState.Delivered ? DeliveryState.Sent : item.State, item.At));
}

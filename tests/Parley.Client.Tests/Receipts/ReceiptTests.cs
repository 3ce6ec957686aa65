using Parley.Client.Engine;
using Parley.Client.Receipts;
using Parley.Client.Tests.Engine;
using Parley.Contracts.Wire;

namespace Parley.Client.Tests.Receipts;

/// <summary>What a sender is told of what the others have got and read.</summary>
public sealed class ReceiptTests : IDisposable
{
    private readonly EngineFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void A_message_is_sent_then_delivered_then_read()
    {
        (TestDevice alice, TestDevice bob, ConversationId conversation) = Pair();
        bob.Disconnect();
        alice.Say(conversation, "hello");
        _fixture.Settle();
        Assert.Equal([DeliveryState.Sent], States(alice, conversation));
        bob.Connect();
        _fixture.Settle();
        Assert.Equal([DeliveryState.Delivered], States(alice, conversation));
        Read(bob, conversation);
        _fixture.Settle();
        Assert.Equal([DeliveryState.Read], States(alice, conversation));
        alice.Crash();
        Assert.Equal([DeliveryState.Read], States(alice, conversation));
    }

    [Fact]
    public void One_receipt_stands_for_all_that_came_and_nobody_answers_it()
    {
        (TestDevice alice, TestDevice bob, ConversationId conversation) = Pair();
        bob.Disconnect();
        for (int i = 0; i < 200; i++)
            alice.Say(conversation, $"{i}");
        _fixture.Settle();
        int before = Entries(alice, conversation);
        bob.Connect();
        _fixture.Settle();
        Assert.Equal(before + 1, Entries(alice, conversation));
        Assert.All(States(alice, conversation), static state => Assert.Equal(DeliveryState.Delivered, state));
        Read(bob, conversation);
        _fixture.Settle();
        Assert.Equal(before + 2, Entries(alice, conversation));
        _fixture.Time.Advance(TimeSpan.FromMinutes(10));
        _fixture.Settle();
        Assert.Equal(before + 2, Entries(alice, conversation));
        Assert.Equal(200, bob.Timeline(conversation).Count(static item => item.Content is TimelineContent.Text));
        Assert.DoesNotContain(alice.Timeline(conversation), static item => item.Content is TimelineContent.Unknown);
    }

    [Fact]
    public void Receipts_are_seconds_apart_however_fast_messages_come()
    {
        (TestDevice alice, TestDevice bob, ConversationId conversation) = Pair();
        int before = Entries(alice, conversation);
        DateTimeOffset end = _fixture.Time.GetUtcNow() + TimeSpan.FromSeconds(60);
        int said = 0;
        while (_fixture.Time.GetUtcNow() < end)
        {
            alice.Say(conversation, $"{said++}");
            for (int i = 0; i < 4; i++)
                _ = alice.Send() | alice.Receive() | bob.Send() | bob.Receive();
            _fixture.Time.Advance(TimeSpan.FromMilliseconds(100));
        }

        Assert.InRange(Entries(alice, conversation) - before - said, 5, 13);
    }

    [Fact]
    public void What_came_before_a_crash_is_confirmed_after_it()
    {
        (TestDevice alice, TestDevice bob, ConversationId conversation) = Pair();
        alice.Say(conversation, "hello");
        alice.Send();
        bob.Receive();
        bob.Crash();
        Assert.Equal(["hello"], bob.Texts(conversation));
        bob.Connect();
        _fixture.Settle();
        Assert.Equal([DeliveryState.Delivered], States(alice, conversation));
    }

    [Fact]
    public void A_receipt_that_comes_with_the_message_it_confirms_counts()
    {
        (TestDevice alice, TestDevice bob, ConversationId conversation) = Pair();
        alice.Say(conversation, "hello");
        alice.Send();
        alice.Disconnect();
        Read(bob, conversation);
        _fixture.Settle();
        alice.Connect();
        _fixture.Settle();
        Assert.Equal([DeliveryState.Delivered], States(alice, conversation));
    }

    [Fact]
    public void Whoever_keeps_reading_private_tells_only_what_has_arrived()
    {
        (TestDevice alice, TestDevice bob, ConversationId conversation) = Pair();
        bob.Host.Run(static engine => engine.SetReadReceipts(false));
        bob.Crash();
        bob.Connect();
        alice.Say(conversation, "hello");
        _fixture.Settle();
        Read(bob, conversation);
        _fixture.Settle();
        Assert.Equal([DeliveryState.Delivered], States(alice, conversation));
        bob.Host.Run(static engine => engine.SetReadReceipts(true));
        alice.Say(conversation, "again");
        _fixture.Settle();
        Read(bob, conversation);
        _fixture.Settle();
        Assert.Equal([DeliveryState.Read, DeliveryState.Read], States(alice, conversation));
    }

    [Fact]
    public void In_a_group_all_must_have_it_and_who_comes_later_is_not_asked()
    {
        TestDevice alice = _fixture.Join("alice");
        TestDevice bob = _fixture.Join("bob");
        TestDevice carol = _fixture.Join("carol");
        TestDevice dave = _fixture.Join("dave");
        ConversationId group = alice.Create(ConversationKind.Group, "club", bob, carol);
        _fixture.Settle();
        carol.Disconnect();
        alice.Say(group, "hello");
        _fixture.Settle();
        Assert.Equal([DeliveryState.Sent], States(alice, group));
        carol.Connect();
        _fixture.Settle();
        Assert.Equal([DeliveryState.Delivered], States(alice, group));
        alice.Add(group, dave);
        _fixture.Settle();
        Assert.Equal([DeliveryState.Delivered], States(alice, group));
        dave.Disconnect();
        alice.Say(group, "welcome, dave");
        _fixture.Settle();
        Assert.Equal([DeliveryState.Delivered, DeliveryState.Sent], States(alice, group));
        dave.Connect();
        _fixture.Settle();
        Assert.Equal([DeliveryState.Delivered, DeliveryState.Delivered], States(alice, group));
    }

    [Fact]
    public void In_a_large_group_there_are_no_receipts()
    {
        TestDevice alice = _fixture.Join("alice");
        TestDevice[] others = [.. Enumerable.Range(0, ConversationReceipts.MembersMax).Select(i => _fixture.Join($"person{i}"))];
        ConversationId group = alice.Create(ConversationKind.Group, "crowd", others);
        _fixture.Settle();
        int before = Entries(alice, group);
        alice.Say(group, "hello");
        _fixture.Settle();
        Read(others[0], group);
        _fixture.Settle();
        Assert.Equal(before + 1, Entries(alice, group));
        Assert.Equal([DeliveryState.Sent], States(alice, group));
    }

    [Fact]
    public void Of_two_devices_one_confirms_for_both()
    {
        TestDevice alice = _fixture.Join("alice");
        TestDevice first = _fixture.Join("bob");
        TestDevice second = _fixture.Join("bob", besides: first);
        ConversationId conversation = alice.Create(ConversationKind.Direct, "bob", first);
        _fixture.Settle();
        int before = Entries(alice, conversation);
        alice.Say(conversation, "hello");
        _fixture.Settle();
        Assert.Equal(2, second.Timeline(conversation).Count);
        Assert.Equal(before + 2, Entries(alice, conversation));
        Assert.Equal([DeliveryState.Delivered], States(alice, conversation));
    }

    [Fact]
    public void What_could_not_be_read_is_not_confirmed_by_what_came_after_it()
    {
        (TestDevice alice, TestDevice bob, ConversationId conversation) = Pair();
        ulong read = (ulong)Entries(bob, conversation);
        foreach (string text in new[] { "one", "two", "three" })
        {
            alice.Say(conversation, text);
            _ = alice.Send() | alice.Receive();
        }

        var log = new LogId(conversation);
        List<Envelope> envelopes = [.. _fixture.Server.Read(log, bob.Device, read)];
        byte[] spoiled = envelopes[1].Message.ToByteArray();
        spoiled[^1] ^= 1;
        envelopes[1].Message = Google.Protobuf.ByteString.CopyFrom(spoiled);
        bob.Deliver(log, envelopes);
        Assert.Equal(["one", "three"], bob.Texts(conversation));
        _fixture.Settle();
        IReadOnlyList<DeliveryState> states = States(alice, conversation);
        Assert.Equal((DeliveryState.Sent, DeliveryState.Delivered), (states[1], states[2]));
    }

    [Fact]
    public void A_program_that_ends_does_not_keep_a_receipt_to_itself()
    {
        (TestDevice alice, TestDevice bob, ConversationId conversation) = Pair();
        alice.Say(conversation, "hello");
        alice.Send();
        bob.Receive();
        Read(bob, conversation);
        bob.Host.Run(engine => engine.HurryReceipts(_fixture.Time.GetUtcNow()));
        Assert.Null(bob.Host.Look(static engine => engine.FlushResult));
        while (bob.Send() | bob.Receive())
        {
        }

        Assert.NotNull(bob.Host.Look(static engine => engine.FlushResult));
        alice.Receive();
        Assert.Equal([DeliveryState.Read], States(alice, conversation));
    }

    private static IReadOnlyList<DeliveryState> States(TestDevice device, ConversationId conversation) =>
        [.. device.Timeline(conversation).Where(item => item.Sender == device.Handle && item.Content is TimelineContent.Text).Select(static item => item.State)];

    private void Read(TestDevice device, ConversationId conversation) => device.Host.Run(engine => engine.MarkRead(conversation, long.MaxValue, _fixture.Time.GetUtcNow()));

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

namespace Parley.Client.Tests.Engine;

/// <summary>What waits to be sent, and is taken back.</summary>
public sealed class OutboxTests : IDisposable
{
    private readonly EngineFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void A_message_that_waits_is_taken_back_and_stays_so_after_a_crash()
    {
        (TestDevice alice, TestDevice bob, ConversationId conversation) = Pair();
        alice.Disconnect();
        alice.Say(conversation, "one");
        MessageId regretted = alice.Say(conversation, "regretted");
        alice.Say(conversation, "three");
        Assert.True(alice.Host.Run(engine => engine.Cancel(regretted)).Succeeded);
        alice.Crash();
        Assert.Equal(["one", "three"], alice.Texts(conversation));
        alice.Connect();
        _fixture.Settle();
        Assert.Equal(["one", "three"], bob.Texts(conversation));
        Assert.Equal(["one", "three"], alice.Texts(conversation));
    }

    [Fact]
    public void A_message_that_may_have_left_is_not_taken_back()
    {
        (TestDevice alice, TestDevice bob, ConversationId conversation) = Pair();
        MessageId sent = alice.Say(conversation, "too late");
        alice.Send(losesReply: static _ => true);
        Assert.Equal(ClientErrorCode.MessageOnItsWay, alice.Host.Run(engine => engine.Cancel(sent)).Error?.Code);
        alice.Crash();
        alice.Connect();
        _fixture.Settle();
        Assert.Equal(["too late"], bob.Texts(conversation));
        Assert.Equal(ClientErrorCode.MessageNotQueued, alice.Host.Run(engine => engine.Cancel(sent)).Error?.Code);
    }

    [Fact]
    public void What_is_queued_after_a_crash_stands_behind_what_was_queued_before()
    {
        (TestDevice alice, TestDevice bob, ConversationId conversation) = Pair();
        alice.Disconnect();
        foreach (string text in new[] { "one", "two", "three" })
        {
            alice.Say(conversation, text);
            alice.Crash();
        }

        alice.Connect();
        _fixture.Settle();
        Assert.Equal(["one", "two", "three"], bob.Texts(conversation));
    }

    private (TestDevice Alice, TestDevice Bob, ConversationId Conversation) Pair()
    {
        TestDevice alice = _fixture.Join("alice");
        TestDevice bob = _fixture.Join("bob");
        ConversationId conversation = alice.Create(ConversationKind.Direct, "bob", bob);
        _fixture.Settle();
        return (alice, bob, conversation);
    }
}

using Parley.Client.Identity;
using Parley.Client.Store;
using Parley.Contracts.Identity;

namespace Parley.Client.Engine;

/// <summary>
/// What one input to the engine has led to: the batch that must be durable before anything else happens, what listeners are told
/// afterwards, and which entries of outboxes have come to their end.
/// </summary>
internal sealed class EngineStep
{
    private readonly HashSet<ClientEvent> _events = [];
    private readonly List<OutboxOutcome> _outcomes = [];
    private readonly List<LogFault> _faults = [];

    /// <summary>What is to be written.</summary>
    public StoreBatch Batch { get; } = new();

    /// <summary>What has changed, each once.</summary>
    public IReadOnlyCollection<ClientEvent> Events => _events;

    /// <summary>The ends that entries of outboxes have come to.</summary>
    public IReadOnlyList<OutboxOutcome> Outcomes => _outcomes;

    /// <summary>In what the server did not keep its promises.</summary>
    public IReadOnlyList<LogFault> Faults => _faults;

    /// <summary>The messages added in this step, which the store does not know yet, with their orders.</summary>
    public Dictionary<(ConversationId Conversation, MessageId Message), long> NewMessages { get; } = [];

    /// <summary>People who turned out to have another account key than before, and when that was seen.</summary>
    public List<(Handle Handle, KnownAccounts.Meeting Meeting, DateTimeOffset At)> KeyChanges { get; } = [];

    public void Tell(ClientEvent change) => _events.Add(change);

    public void Finish(ConversationId conversation, long number, ClientResult result) => _outcomes.Add(new OutboxOutcome(conversation, number, result));

    public void Blame(LogFault fault) => _faults.Add(fault);
}

/// <summary>The end of an entry of an outbox.</summary>
/// <param name="Conversation">Whose outbox.</param>
/// <param name="Number">The entry's number.</param>
/// <param name="Result">Whether it has happened.</param>
internal sealed record OutboxOutcome(ConversationId Conversation, long Number, ClientResult Result);

/// <summary>Each way in which a server can break the promise of a log. None of them changes what has been processed.</summary>
internal enum LogFault
{
    /// <summary>A sequence number that was skipped.</summary>
    Gap,

    /// <summary>An envelope that was delivered before, or whose message was processed before under another number.</summary>
    Repetition,

    /// <summary>A head that lies before what has been read: the log has lost entries.</summary>
    Truncation,

    /// <summary>An entry that has no place in its log.</summary>
    Misplaced,

    /// <summary>A Welcome that does not lead into the group it was announced for, or that breaks a rule.</summary>
    WelcomeInvalid,

    /// <summary>Other devices told to be added or removed than the Commit adds and removes.</summary>
    DeviceListMismatch,

    /// <summary>An answer that does not fit what was asked.</summary>
    ReplyInvalid,
}

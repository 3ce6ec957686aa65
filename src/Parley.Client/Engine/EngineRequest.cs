using Parley.Client.Outbox;
using Parley.Contracts.Wire;

namespace Parley.Client.Engine;

/// <summary>What the engine wants of the server. The runner sends it and gives the answer back.</summary>
internal abstract record EngineRequest
{
    private EngineRequest()
    {
    }

    /// <summary>Reads a log from a cursor on.</summary>
    public sealed record Subscribe(LogId Log, ulong After) : EngineRequest;

    /// <summary>Appends to a group's log.</summary>
    public sealed record Append(ConversationId Conversation, long Number, SealedMessage Message) : EngineRequest;

    /// <summary>Makes a group's log.</summary>
    public sealed record CreateLog(ConversationId Conversation, long Number) : EngineRequest;

    /// <summary>Tells how far a log has been read.</summary>
    public sealed record Acknowledge(LogId Log, ulong Cursor) : EngineRequest;

    /// <summary>Sees to it that the server has KeyPackages of this device.</summary>
    public sealed record CheckKeyPackages : EngineRequest;
}

/// <summary>A log: a conversation's, or the device's own inbox.</summary>
/// <param name="Conversation">The conversation, or null for the inbox.</param>
internal readonly record struct LogId(ConversationId? Conversation)
{
    /// <summary>The device's inbox.</summary>
    public static LogId Inbox => default;
}

/// <summary>The answer to an append.</summary>
/// <param name="Error">Why it was refused, or none.</param>
/// <param name="RetryAfter">When it may be tried again, where the server says so.</param>
internal sealed record AppendReply(ErrorCode Error, TimeSpan? RetryAfter = null);

/// <summary>The answer to a subscription.</summary>
/// <param name="Error">Why it was refused, or none.</param>
/// <param name="Head">The log's last entry that this device may read.</param>
/// <param name="After">Entries come from behind this one on: the cursor, or a later one if the device was no member in between.</param>
/// <param name="Epoch">The epoch that the log is in.</param>
internal sealed record SubscribeReply(ErrorCode Error, ulong Head = 0, ulong After = 0, ulong Epoch = 0);

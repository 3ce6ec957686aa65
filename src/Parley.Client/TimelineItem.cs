using Parley.Contracts.Identity;

namespace Parley.Client;

/// <summary>One item of a conversation's timeline, as it stood when it was read.</summary>
/// <param name="Order">Its place: items are shown by ascending order. A queued item of one's own moves to its final place when the log has it.</param>
/// <param name="Id">The message's id; null for notices and what could not be read.</param>
/// <param name="Sender">Who sent it, proven by signature; null for notices.</param>
/// <param name="SenderName">The name the sender goes by now; empty for notices.</param>
/// <param name="At">When the server received it; for a queued item, when it was written.</param>
/// <param name="Content">What it says.</param>
/// <param name="State">Where it stands on its way.</param>
public sealed record TimelineItem(
    long Order,
    MessageId? Id,
    Handle? Sender,
    string SenderName,
    DateTimeOffset At,
    TimelineContent Content,
    DeliveryState State)
{
    /// <summary>The member who handed it over, on whose word it is that <see cref="Sender"/> sent it; null where the sender's signature proves it.</summary>
    public Handle? HandedOverBy { get; init; }
}

/// <summary>Where an item stands on its way.</summary>
public enum DeliveryState
{
    /// <summary>One's own, stored here, waiting for the server.</summary>
    Queued,

    /// <summary>One's own, handed to the server, not yet acknowledged.</summary>
    Sending,

    /// <summary>One's own, durable on the server.</summary>
    Sent,

    /// <summary>One's own, refused for good.</summary>
    Failed,

    /// <summary>Someone else's, or a notice.</summary>
    Received,

    /// <summary>One's own; everybody it was for has it on a device.</summary>
    Delivered,

    /// <summary>One's own; everybody it was for has read it.</summary>
    Read,
}

/// <summary>What an item says. A program shows every case; none is dropped silently.</summary>
public abstract record TimelineContent
{
    private TimelineContent()
    {
    }

    /// <summary>Plain text, with line breaks as written. May hold anything but is never markup.</summary>
    /// <param name="Body">The text.</param>
    public sealed record Text(string Body) : TimelineContent;

    /// <summary>What the sender does, told in the third person (<c>/me</c>).</summary>
    /// <param name="Body">The text after the sender's name.</param>
    public sealed record Action(string Body) : TimelineContent;

    /// <summary>What happened to the conversation, in words: joins, leaves, renames, key changes.</summary>
    /// <param name="Sentence">The words.</param>
    public sealed record Notice(string Sentence) : TimelineContent;

    /// <summary>A message of a kind this version does not show.</summary>
    /// <param name="ContentType">Its media type or disposition.</param>
    public sealed record Unknown(string ContentType) : TimelineContent;

    /// <summary>A message that cannot be read.</summary>
    /// <param name="Why">What is wrong with it.</param>
    /// <param name="Fix">What can be done.</param>
    public sealed record Unreadable(string Why, string Fix) : TimelineContent;
}

/// <summary>What a user sends.</summary>
public abstract record OutgoingMessage
{
    private OutgoingMessage()
    {
    }

    /// <summary>Text.</summary>
    /// <param name="Body">The text, not empty.</param>
    /// <param name="InReplyTo">The message it answers, or null.</param>
    public sealed record Text(string Body, MessageId? InReplyTo = null) : OutgoingMessage;

    /// <summary>What the user does, told in the third person (<c>/me</c>).</summary>
    /// <param name="Body">The text after the user's name, not empty.</param>
    public sealed record Action(string Body) : OutgoingMessage;
}

namespace Parley.Client;

/// <summary>How things stand with the server.</summary>
/// <param name="State">For a program.</param>
/// <param name="Sentence">For a person.</param>
/// <param name="RetryAt">When the next attempt is made, if one is planned.</param>
public sealed record ConnectionStatus(ConnectionState State, string Sentence, DateTimeOffset? RetryAt = null);

/// <summary>The states of a connection, in the order in which they are gone through.</summary>
public enum ConnectionState
{
    /// <summary>Not connected.</summary>
    Offline,

    /// <summary>Connecting and signing in.</summary>
    Connecting,

    /// <summary>Connected, and reading what was missed.</summary>
    CatchingUp,

    /// <summary>Everything there was has been read.</summary>
    Online,
}

/// <summary>Tells a program what to read again. Carries no content, so that a late listener misses nothing.</summary>
public abstract record ClientEvent
{
    private ClientEvent()
    {
    }

    /// <summary>The connection's status changed.</summary>
    /// <param name="Status">The new one.</param>
    public sealed record ConnectionChanged(ConnectionStatus Status) : ClientEvent;

    /// <summary>A conversation appeared, or its title, members, unread count or state changed.</summary>
    /// <param name="Id">Which.</param>
    public sealed record ConversationChanged(ConversationId Id) : ClientEvent;

    /// <summary>Items were added to a timeline or changed.</summary>
    /// <param name="Id">Of which conversation.</param>
    public sealed record TimelineChanged(ConversationId Id) : ClientEvent;

    /// <summary>The server broke a promise. The client has kept to what it knows and goes on by itself; this is to be shown or logged.</summary>
    /// <param name="Sentence">What happened.</param>
    public sealed record ServerFault(string Sentence) : ClientEvent;

    /// <summary>More of a history has been handed over, or its handing over has begun or ended.</summary>
    public sealed record HistoryChanged : ClientEvent;

    /// <summary>The account's devices, or what they know of each other, have changed.</summary>
    public sealed record DevicesChanged : ClientEvent;
}

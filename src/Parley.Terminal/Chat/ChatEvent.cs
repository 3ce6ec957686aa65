using System.Collections.Immutable;
using Parley.Client;
using Parley.Contracts.Identity;
using Parley.Terminal.Screen;

namespace Parley.Terminal.Chat;

/// <summary>Everything that can happen to the full-screen program.</summary>
internal abstract record ChatEvent
{
    private ChatEvent()
    {
    }

    /// <summary>A key was pressed.</summary>
    public sealed record Pressed(KeyPress Key) : ChatEvent;

    /// <summary>Text was pasted.</summary>
    public sealed record Pasted(string Text) : ChatEvent;

    /// <summary>The left mouse button was clicked.</summary>
    public sealed record Clicked(Cell At) : ChatEvent;

    /// <summary>The mouse wheel was turned, up if positive.</summary>
    public sealed record Wheeled(Cell At, int Lines) : ChatEvent;

    /// <summary>The terminal has a new size.</summary>
    public sealed record Resized(Cell Size) : ChatEvent;

    /// <summary>The account is open.</summary>
    public sealed record SignedIn(Handle Self, string Server) : ChatEvent;

    /// <summary>There is no account yet.</summary>
    public sealed record AccountWanted(string SuggestedName) : ChatEvent;

    /// <summary>The account could not be made.</summary>
    public sealed record SignUpRefused(string Sentence) : ChatEvent;

    /// <summary>The connection's status changed.</summary>
    public sealed record ConnectionChanged(ConnectionStatus Status) : ChatEvent;

    /// <summary>The list of conversations as it is now.</summary>
    public sealed record ConversationsRead(ImmutableArray<Conversation> Conversations) : ChatEvent;

    /// <summary>The last items of a conversation as they are now, as many as were wanted or all there are.</summary>
    public sealed record TimelineRead(ConversationId Id, int Wanted, ImmutableArray<TimelineItem> Items) : ChatEvent;

    /// <summary>A conversation is there to be shown.</summary>
    public sealed record Opened(ConversationId Id) : ChatEvent;

    /// <summary>The safety number with someone.</summary>
    public sealed record VerificationRead(Verification Verification) : ChatEvent;

    /// <summary>How a conversation heals, in words.</summary>
    public sealed record KeysRead(string Title, ImmutableArray<string> Lines) : ChatEvent;

    /// <summary>An invite link was made.</summary>
    public sealed record InviteMade(string Link) : ChatEvent;

    /// <summary>The account's devices.</summary>
    public sealed record DevicesRead(ImmutableArray<DeviceInfo> Devices) : ChatEvent;

    /// <summary>A number is to be typed on the new device.</summary>
    public sealed record NumberShown(string Number) : ChatEvent;

    /// <summary>How far the handing over of history has got, in words; empty if nothing is under way.</summary>
    public sealed record HistoryRead(string Sentence) : ChatEvent;

    /// <summary>Something was done or refused.</summary>
    public sealed record Reported(string Sentence, bool IsError) : ChatEvent;
}

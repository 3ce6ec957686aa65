using System.Collections.Immutable;
using Parley.Client;
using Parley.Contracts.Identity;

namespace Parley.Terminal.Chat;

/// <summary>Everything the full-screen program asks the world to do. The host carries it out and reports back by events.</summary>
internal abstract record ChatEffect
{
    private ChatEffect()
    {
    }

    /// <summary>Make the account.</summary>
    public sealed record SignUp(InviteLink Invite, Handle Handle) : ChatEffect;

    /// <summary>Read the last items of a conversation.</summary>
    public sealed record ReadTimeline(ConversationId Id, int Count) : ChatEffect;

    /// <summary>Note what has been read.</summary>
    public sealed record MarkRead(ConversationId Id, long UpToOrder) : ChatEffect;

    /// <summary>Send a message.</summary>
    public sealed record Send(ConversationId Id, OutgoingMessage Message) : ChatEffect;

    /// <summary>Take back a message that has not left this device.</summary>
    public sealed record Cancel(MessageId Message) : ChatEffect;

    /// <summary>Tell others what one has read, or keep it private.</summary>
    public sealed record SetReadReceipts(bool AreSent) : ChatEffect;

    /// <summary>Open the direct conversation with someone, and send a first message if there is one.</summary>
    public sealed record OpenDirect(Handle Peer, string FirstMessage) : ChatEffect;

    /// <summary>Make a group.</summary>
    public sealed record CreateGroup(string Name, ImmutableArray<Handle> Members) : ChatEffect;

    /// <summary>Add someone to a group.</summary>
    public sealed record AddMember(ConversationId Id, Handle Member) : ChatEffect;

    /// <summary>Remove someone from a group.</summary>
    public sealed record RemoveMember(ConversationId Id, Handle Member) : ChatEffect;

    /// <summary>Leave a conversation.</summary>
    public sealed record Leave(ConversationId Id) : ChatEffect;

    /// <summary>Rename a group.</summary>
    public sealed record Rename(ConversationId Id, string Name) : ChatEffect;

    /// <summary>Set the name one goes by.</summary>
    public sealed record SetNickname(string Name) : ChatEffect;

    /// <summary>Read the safety number with someone.</summary>
    public sealed record ReadVerification(Handle Peer) : ChatEffect;

    /// <summary>Note that the safety number with someone was compared.</summary>
    public sealed record Confirm(Handle Peer) : ChatEffect;

    /// <summary>Say in words how the conversation heals.</summary>
    public sealed record ReadKeys(ConversationId Id) : ChatEffect;

    /// <summary>Make an invite link to the server.</summary>
    public sealed record CreateInvite : ChatEffect;

    /// <summary>Change what people who are added to a group are shown of what was said before.</summary>
    public sealed record SetHistory(ConversationId Id, HistoryPolicy Policy) : ChatEffect;

    /// <summary>Mute a conversation, or end that.</summary>
    public sealed record SetMuted(ConversationId Id, bool IsMuted) : ChatEffect;

    /// <summary>Keep what has been begun to be written.</summary>
    public sealed record SetDraft(ConversationId Id, string Text) : ChatEffect;

    /// <summary>List the account's devices.</summary>
    public sealed record ReadDevices : ChatEffect;

    /// <summary>Take a new device into the account, by what it shows.</summary>
    public sealed record AddDevice(string Code) : ChatEffect;

    /// <summary>The number that the new device shows.</summary>
    public sealed record AnswerNumber(string Number) : ChatEffect;

    /// <summary>Name a device.</summary>
    public sealed record NameDevice(string Device, string Name) : ChatEffect;

    /// <summary>Take a device out of the account.</summary>
    public sealed record RevokeDevice(string Device) : ChatEffect;

    /// <summary>Write a conversation to a text file.</summary>
    public sealed record Export(ConversationId Id, string Path) : ChatEffect;

    /// <summary>Draw everything anew.</summary>
    public sealed record Redraw : ChatEffect;

    /// <summary>Give the terminal back to the shell until it calls the program to the front.</summary>
    public sealed record Suspend : ChatEffect;

    /// <summary>End the program.</summary>
    public sealed record Quit : ChatEffect;
}

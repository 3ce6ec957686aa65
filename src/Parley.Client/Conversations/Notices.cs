using Parley.Client.Identity;
using Parley.Contracts.Identity;
using Parley.Mls;

namespace Parley.Client.Conversations;

/// <summary>The sentences of a timeline that nobody wrote: what happened to the conversation, and why something cannot be read.</summary>
internal static class Notices
{
    public static string Created(ConversationKind kind) => kind == ConversationKind.Group ? "You created the group." : "You started the conversation.";

    public static string NotPostQuantum() =>
        "A member’s Parley was too old for post-quantum encryption when this conversation began. It is encrypted, but whoever records it now could read it with a quantum computer of the future.";

    public static string Joined(ConversationKind kind, string by) => kind == ConversationKind.Group ? $"{by} added you to the group." : $"{by} started a conversation with you.";

    public static string JoinedAgain(string by) => $"{by} removed you and added you again while you were away. What was said in between cannot be read here.";

    public static string JoinedByOwnDevice() => "You added this device. What was said before comes from your other devices.";

    public static string RemovedByOwnDevice() => "Another of your devices left this conversation for you, or took this device out of it. You can still read what was said until now.";

    public static string Added(string by, string who) => $"{by} added {who}.";

    public static string AddedDevice(string who) => $"{who} added a device.";

    public static string Removed(string by, string who) => $"{by} removed {who}.";

    public static string RemovedSelf(string by) => $"{by} removed you. You can still read what was said until now.";

    public static string RemovedDevice(string who) => $"{who} removed a device.";

    public static string Left(string who) => $"{who} left.";

    public static string Renamed(string by, string name) => $"{by} renamed the group to “{name}”.";

    public static string HistoryChanged(string by, HistoryPolicy policy) => policy.Kind switch
    {
        HistoryPolicyKind.None => $"{by} decided that people who are added from now on are shown nothing of what was said before.",
        HistoryPolicyKind.FromInvitation => $"{by} decided that people who are added from now on are shown what was said since they were invited.",
        HistoryPolicyKind.LastDays => $"{by} decided that people who are added from now on are shown what was said in the {(policy.Days == 1 ? "day" : $"{policy.Days} days")} before.",
        _ => $"{by} decided that people who are added from now on are shown all that was said before.",
    };

    public static string KeyChanged(Handle who, KnownAccounts.Meeting meeting) => meeting == KnownAccounts.Meeting.ChangedFromVerified
        ? $"{who}’s account key has changed since you verified it. Compare the safety number with them again; until you confirm it, nothing is sent to them."
        : $"{who}’s account key has changed. If they did not tell you why, compare the safety number with them.";

    public static string NotStarted(string why) => $"This conversation could not be started. {why}";

    public static string DeviceListMismatch() => "The server was told of other devices than those this change is about. They cannot read messages, but tell the server’s owner.";

    /// <summary>A member's Commit is against the rules.</summary>
    public static TimelineBody.Unreadable Forbidden(string by) => new(
        $"{by} made a change that this conversation’s rules forbid. It has no effect, and the conversation goes on without it.",
        "If it happens again, their Parley may be out of date, or somebody else may use their device: ask them, or have an administrator remove them.");

    /// <summary>A Commit was good for a few members at most.</summary>
    public static TimelineBody.Unreadable Overruled() => new(
        "A member made a change to this conversation that most members’ devices cannot follow. It has no effect, and the conversation goes on without it.",
        "If it happens again, the server’s owner can see which device it comes from.");

    /// <summary>A Commit is none: nobody can follow it.</summary>
    public static TimelineBody.Unreadable Refused() => new(
        "A change to this conversation is damaged, or was not made by a member. It has no effect, and the conversation goes on without it.",
        "If it happens again, the server’s owner can see which device it comes from.");

    /// <summary>This device cannot follow its group any more, and has asked to be added again.</summary>
    public static string Lost() => "This device has lost its place in the conversation, as after its profile was restored from an old copy. It has asked to be added again, which happens by itself as soon as another member is online. What you write is kept until then. If there is no other member, start a new conversation.";

    /// <summary>What is stored of a group cannot be read.</summary>
    public static string Damaged() => "What this device has stored of the conversation’s keys is damaged, as by a failing disk. What was said is still here.";

    /// <summary>This device is in its group again.</summary>
    public static string Back() => "This device is back in the conversation, with new keys. What was said in between cannot be read here; those who received it can tell you what it said.";

    public static string Returned(string who) => $"{who}’s device had lost its place in the conversation and is back, with new keys.";

    /// <summary>Why a message cannot be read that came while this device was lost.</summary>
    public static TimelineBody.Unreadable Missed() => new(
        "This message was sent while this device had no place in the conversation.", "Ask the sender to send it again.");

    /// <summary>Why a message cannot be read, and what can be done.</summary>
    public static TimelineBody.Unreadable Unreadable(MlsError error) => error switch
    {
        MlsError.EpochExpired => new TimelineBody.Unreadable(
            "This message arrived long after the members’ keys had changed, and the keys to read it have been deleted.", "Ask the sender to send it again."),
        MlsError.OwnMessage => new TimelineBody.Unreadable(
            "This message is said to be from this device, with keys that it has used for another: the server has repeated a message, or a member has made it up.",
            "If something that you wrote seems to be missing, ask those who received it."),
        MlsError.WrongEpoch => new TimelineBody.Unreadable(
            "This message is for keys that this device does not have: it has missed a change to the conversation, as after its profile was restored from a backup.",
            "Ask the sender to send it again."),
        MlsError.GenerationTooFarAhead => new TimelineBody.Unreadable(
            "Too many of the sender’s messages before this one are missing.", "Ask the sender to send it again."),
        _ => new TimelineBody.Unreadable(
            "This message is damaged or was not made by a member of this conversation.", "If a member says they sent it, ask them to send it again."),
    };

    /// <summary>Why an entry of the log is no message at all.</summary>
    public static TimelineBody.Unreadable NotAMessage() => new(
        "The server delivered something that is not a message of this conversation.", "Nothing of it was used. Tell the server’s owner.");
}

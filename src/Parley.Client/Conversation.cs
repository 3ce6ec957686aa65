using Parley.Contracts.Identity;

namespace Parley.Client;

/// <summary>A conversation as it stood when the snapshot was taken.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Kind">Direct or group.</param>
/// <param name="Title">A group's name; in a direct conversation the peer's display name.</param>
/// <param name="Members">Its members, oneself included; those at the time of leaving if one has left.</param>
/// <param name="Unread">Messages of others that have not been marked as read.</param>
/// <param name="LastOrder">The order of its last item, 0 if it has none.</param>
/// <param name="LastActivity">When something last happened in it.</param>
/// <param name="LastText">Its last item in one line.</param>
/// <param name="State">Whether one is still a member.</param>
/// <param name="IsAdmin">Whether one may add, remove and rename.</param>
/// <param name="IsPostQuantum">Whether it is encrypted in the hybrid post-quantum suite. It never changes.</param>
public sealed record Conversation(
    ConversationId Id,
    ConversationKind Kind,
    string Title,
    IReadOnlyList<MemberInfo> Members,
    int Unread,
    long LastOrder,
    DateTimeOffset LastActivity,
    string LastText,
    MembershipState State,
    bool IsAdmin,
    bool IsPostQuantum)
{
    /// <summary>What those who are added to the group are handed of what was said before.</summary>
    public HistoryPolicy History { get; init; } = HistoryPolicy.None;

    /// <summary>Whether its messages are not to draw attention, on any of the account's devices.</summary>
    public bool IsMuted { get; init; }

    /// <summary>What has been begun to be written in it, on any of the account's devices; empty for nothing.</summary>
    public string Draft { get; init; } = "";

    /// <summary>How it heals from a theft of this device's state; null where one is no member any more.</summary>
    public Healing? Healing { get; init; }
}

/// <summary>
/// What a thief of this device's state can read of a conversation: what was stored on the device, and what was sent until the device next gave itself
/// new keys. What came after that, it cannot.
/// </summary>
/// <param name="HealedAt">When this device last gave itself new keys; null if it has not yet since it came in.</param>
/// <param name="HealsBy">When it does so again at the latest, if it is online then.</param>
public sealed record Healing(DateTimeOffset? HealedAt, DateTimeOffset HealsBy)
{
    /// <summary>Until when what was sent could be read by whoever stole this device's state at a time. One that has not come yet is when the device heals.</summary>
    public DateTimeOffset ReadableUntil(DateTimeOffset stolenAt) => HealedAt is { } healed && healed > stolenAt ? healed : HealsBy;
}

/// <summary>What kind of conversation it is. It never changes.</summary>
public enum ConversationKind
{
    /// <summary>Two people; both may do everything that a direct conversation can.</summary>
    Direct,

    /// <summary>Any number of people, a name, administrators.</summary>
    Group,

    /// <summary>The account's own devices among themselves. It is never listed.</summary>
    Devices,
}

/// <summary>Whether one is a member of a conversation.</summary>
public enum MembershipState
{
    /// <summary>A member.</summary>
    Active,

    /// <summary>No longer, by one's own wish.</summary>
    Left,

    /// <summary>No longer: an administrator has removed one.</summary>
    Removed,
}

/// <summary>One member of a conversation.</summary>
/// <param name="Handle">The account's handle.</param>
/// <param name="DisplayName">The name the member goes by, or the handle.</param>
/// <param name="IsAdmin">Whether the member may add, remove and rename.</param>
/// <param name="IsSelf">Whether it is oneself.</param>
/// <param name="IsVerified">Whether one has confirmed the safety number.</param>
public sealed record MemberInfo(Handle Handle, string DisplayName, bool IsAdmin, bool IsSelf, bool IsVerified);

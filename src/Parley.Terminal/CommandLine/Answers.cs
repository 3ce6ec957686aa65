using System.Text.Json;
using System.Text.Json.Serialization;
using Parley.Client;
using Parley.Terminal.Addressing;

namespace Parley.Terminal.CommandLine;

// What --json prints: stable shapes, described in docs/terminal.md. Text stands in them as it was received; everything but ASCII is
// escaped, so the output is safe on a terminal and the same in every locale.

/// <summary>Who one is.</summary>
internal sealed record AccountAnswer(string Handle, string Server, string Device, string Profile);

/// <summary>A refusal.</summary>
internal sealed record ErrorAnswer(string Error, string Message);

/// <summary>A message that was sent, or is kept until it can be.</summary>
internal sealed record SentAnswer(string Conversation, string Address, string Id, string State);

/// <summary>One item of a timeline.</summary>
internal sealed record ItemAnswer(string Conversation, string Address, long Order, string? Id, string? Sender, string Name, DateTimeOffset At, string Kind, string Text, string State, string? HandedOverBy)
{
    /// <summary>The answer for an item of a conversation.</summary>
    public static ItemAnswer Of(Conversation conversation, TimelineItem item)
    {
        (string kind, string text) = item.Content switch
        {
            TimelineContent.Text body => ("text", body.Body),
            TimelineContent.Action action => ("action", action.Body),
            TimelineContent.Notice notice => ("notice", notice.Sentence),
            TimelineContent.Unknown unknown => ("unknown", unknown.ContentType),
            TimelineContent.Unreadable unreadable => ("unreadable", $"{unreadable.Why} {unreadable.Fix}"),
            _ => throw new InvalidOperationException($"Nobody answers with {item.Content.GetType().Name}."),
        };
        return new ItemAnswer(
            conversation.Id.ToString(), AddressOf(conversation), item.Order, item.Id?.ToString(), item.Sender?.ToString(), item.SenderName,
            item.At.ToUniversalTime(), kind, text, AnswersJson.Name(item.State), item.HandedOverBy?.ToString());
    }

    private static string AddressOf(Conversation conversation) => ConversationAnswer.AddressOf(conversation);
}

/// <summary>One conversation.</summary>
internal sealed record ConversationAnswer(
    string Id, string Address, string Kind, string Title, IReadOnlyList<string> Members, int Unread, DateTimeOffset LastActivity, string LastText, string State, bool IsAdmin,
    bool IsPostQuantum, DateTimeOffset? HealedAt, DateTimeOffset? HealsBy)
{
    /// <summary>The answer for a conversation.</summary>
    public static ConversationAnswer Of(Conversation conversation) => new(
        conversation.Id.ToString(), AddressOf(conversation), AnswersJson.Name(conversation.Kind), conversation.Title,
        [.. conversation.Members.Select(member => member.Handle.ToString())], conversation.Unread, conversation.LastActivity.ToUniversalTime(), conversation.LastText,
        AnswersJson.Name(conversation.State), conversation.IsAdmin, conversation.IsPostQuantum,
        conversation.Healing?.HealedAt?.ToUniversalTime(), conversation.Healing?.HealsBy.ToUniversalTime());

    /// <summary>How a program addresses a conversation, its title unchanged.</summary>
    public static string AddressOf(Conversation conversation) => ConversationAddress.PeerOf(conversation)?.ToString() ?? "#" + conversation.Title;
}

/// <summary>One member of a conversation.</summary>
internal sealed record MemberAnswer(string Handle, string Name, bool IsAdmin, bool IsSelf, bool IsVerified)
{
    /// <summary>The answer for a member.</summary>
    public static MemberAnswer Of(MemberInfo member) => new(member.Handle.ToString(), member.DisplayName, member.IsAdmin, member.IsSelf, member.IsVerified);
}

/// <summary>An invite link to the server.</summary>
internal sealed record InviteAnswer(string Link, int Uses, int Days);

/// <summary>What one knows of someone's key.</summary>
internal sealed record VerificationAnswer(string Handle, string SafetyNumber, bool IsVerified, bool HasChanged);

/// <summary>What a new device shows while it waits: the code to type, and what its QR code holds.</summary>
internal sealed record LinkCodeAnswer(string Code, string Text);

/// <summary>A number to be typed on the other device, and the account that it is about.</summary>
internal sealed record LinkNumberAnswer(string Account, string Number);

/// <summary>One device of the account.</summary>
internal sealed record DeviceAnswer(string Device, DateTimeOffset AddedAt, bool IsThis, string Name, bool IsShared);

/// <summary>A device that has a name.</summary>
internal sealed record DeviceNamedAnswer(string Device, string Name);

/// <summary>What those who are added to a group are handed.</summary>
internal sealed record HistoryAnswer(string Conversation, string Address, string Policy, int Days);

/// <summary>A device that was added, and how many conversations have it now.</summary>
internal sealed record DeviceAddedAnswer(string? Device, int Conversations);

/// <summary>A device that was taken out of the account.</summary>
internal sealed record DeviceRevokedAnswer(string Device);

/// <summary>A file that was written.</summary>
internal sealed record ExportAnswer(string Conversation, string Address, string File, int Items);

/// <summary>A message that was taken back.</summary>
internal sealed record CancelledAnswer(string Id);

/// <summary>What a thief of this device's state could read of a conversation.</summary>
internal sealed record KeysAnswer(string Conversation, string Address, DateTimeOffset? HealedAt, DateTimeOffset HealsBy, DateTimeOffset YesterdayReadableUntil);

/// <summary>Whether others are told what one has read.</summary>
internal sealed record ReceiptsAnswer(bool ReadReceipts);

/// <summary>Whether a profile is locked by a passphrase.</summary>
internal sealed record LockAnswer(string Profile, bool IsLocked);

/// <summary>How the answers are written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(AccountAnswer))]
[JsonSerializable(typeof(ErrorAnswer))]
[JsonSerializable(typeof(SentAnswer))]
[JsonSerializable(typeof(ItemAnswer))]
[JsonSerializable(typeof(ConversationAnswer))]
[JsonSerializable(typeof(ConversationAnswer[]))]
[JsonSerializable(typeof(MemberAnswer[]))]
[JsonSerializable(typeof(InviteAnswer))]
[JsonSerializable(typeof(VerificationAnswer))]
[JsonSerializable(typeof(ExportAnswer))]
[JsonSerializable(typeof(LinkCodeAnswer))]
[JsonSerializable(typeof(LinkNumberAnswer))]
[JsonSerializable(typeof(DeviceAnswer[]))]
[JsonSerializable(typeof(DeviceAddedAnswer))]
[JsonSerializable(typeof(DeviceRevokedAnswer))]
[JsonSerializable(typeof(KeysAnswer))]
[JsonSerializable(typeof(ReceiptsAnswer))]
[JsonSerializable(typeof(DeviceNamedAnswer))]
[JsonSerializable(typeof(HistoryAnswer))]
[JsonSerializable(typeof(LockAnswer))]
[JsonSerializable(typeof(CancelledAnswer))]
internal sealed partial class AnswersJson : JsonSerializerContext
{
    /// <summary>The name of a case in JSON.</summary>
    public static string Name<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}

using System.Diagnostics.CodeAnalysis;
using Parley.Client;
using Parley.Contracts.Identity;
using Parley.Terminal.Text;

namespace Parley.Terminal.Addressing;

/// <summary>How a person names a conversation: <c>@handle</c>, or <c>#name</c> or the first digits of its id for a group.</summary>
internal abstract record ConversationAddress
{
    private const int IdDigitsMin = 4;
    private const int NameCharsMax = 256;

    private ConversationAddress()
    {
    }

    /// <summary>The direct conversation with someone.</summary>
    public sealed record Direct(Handle Peer) : ConversationAddress;

    /// <summary>A group by its name or the beginning of its id.</summary>
    public sealed record Group(string Name) : ConversationAddress;

    /// <summary>Reads an address as typed.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ConversationAddress? address)
    {
        address = null;
        text = text?.Trim() ?? "";
        if (text.StartsWith('@'))
        {
            if (Handle.TryParse(text, out Handle? handle))
                address = new Direct(handle);
        }
        else
        {
            string name = text.StartsWith('#') ? text[1..] : text;
            if (name.Length is > 0 and <= NameCharsMax)
                address = new Group(name);
        }

        return address is not null;
    }

    /// <summary>
    /// The conversations meant: one, none, or several groups of the same name. A name that fits exactly comes before one that fits but for
    /// capitals, and that before the beginning of an id.
    /// </summary>
    public IReadOnlyList<Conversation> FindIn(IReadOnlyList<Conversation> conversations) => this switch
    {
        Direct direct => [.. conversations.Where(conversation => conversation.Kind == ConversationKind.Direct && PeerOf(conversation) == direct.Peer).Take(1)],
        Group group => FindGroups([.. conversations.Where(conversation => conversation.Kind == ConversationKind.Group)], group.Name),
        _ => throw new InvalidOperationException(),
    };

    /// <summary>The other person of a direct conversation, null in a group.</summary>
    public static Handle? PeerOf(Conversation conversation) => conversation.Kind == ConversationKind.Direct
        ? conversation.Members.FirstOrDefault(member => !member.IsSelf)?.Handle
        : null;

    /// <summary>How the conversation is addressed, safe to show: <c>@handle</c> or <c>#name</c>.</summary>
    public static string Of(Conversation conversation) => PeerOf(conversation)?.ToString() ?? "#" + SafeText.Line(conversation.Title);

    private static IReadOnlyList<Conversation> FindGroups(List<Conversation> groups, string name)
    {
        List<Conversation> found = groups.FindAll(group => string.Equals(group.Title, name, StringComparison.Ordinal));
        if (found.Count == 0)
            found = groups.FindAll(group => string.Equals(group.Title, name, StringComparison.OrdinalIgnoreCase));
        if (found.Count == 0 && name.Length >= IdDigitsMin)
            found = groups.FindAll(group => group.Id.ToString().StartsWith(name, StringComparison.OrdinalIgnoreCase));
        return found;
    }
}

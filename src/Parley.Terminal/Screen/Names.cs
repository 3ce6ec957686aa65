using Parley.Client;
using Parley.Contracts.Identity;
using Parley.Terminal.Text;

namespace Parley.Terminal.Screen;

/// <summary>
/// Which name stands beside a message. A nickname is whatever its owner types, so it is shown only while it cannot be taken for someone
/// else: where it looks like another member's nickname or handle, the handle stands instead, which a signature proves.
/// </summary>
internal static class Names
{
    /// <summary>The name to show for a sender.</summary>
    public static string Of(TimelineItem item, IReadOnlyList<MemberInfo> members)
    {
        if (item.Sender is not { } sender)
            return "";
        string nickname = SafeText.Line(item.SenderName).Trim();
        // A nickname of signs alone could pass for the program's own marks.
        bool ambiguous = Skeleton(nickname).Length == 0 || members.Any(other => other.Handle != sender && (Alike(other.Handle, nickname) || Alike(other, nickname)));
        return ambiguous ? sender.Value : nickname;
    }

    private static bool Alike(Handle handle, string nickname) => Skeleton(handle.Value) == Skeleton(nickname);

    private static bool Alike(MemberInfo other, string nickname) => Skeleton(SafeText.Line(other.DisplayName)) == Skeleton(nickname);

    /// <summary>Letters and digits only, compatibility forms and capitals folded, digits that look like letters too: what is left of a name at a glance.</summary>
    private static string Skeleton(string name) =>
        string.Concat(name.Normalize(System.Text.NormalizationForm.FormKD).Where(char.IsLetterOrDigit).Select(char.ToLowerInvariant)).Replace('0', 'o').Replace('1', 'l').Replace('i', 'l');
}

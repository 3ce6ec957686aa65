using System.Text;

namespace Parley.Terminal.Emoji;

/// <summary>
/// Short codes in text: <c>:wave:</c> becomes 👋 when a message is sent. A code counts only where it stands free, so that
/// <c>10:30:15</c>, <c>std::vector::iterator</c> and <c>http://host:80/</c> are left alone, and nothing inside back-quotes is touched.
/// </summary>
internal static class ShortCodes
{
    private const int NameCharsMax = 32;

    /// <summary>The text with every known short code replaced.</summary>
    public static string Replace(string text)
    {
        var replaced = new StringBuilder(text.Length);
        bool quoted = false;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '`')
                quoted = !quoted;
            if (!quoted && text[i] == ':' && MayOpen(replaced) && TryRead(text, i, out EmojiEntry? entry, out int end))
            {
                replaced.Append(entry.Emoji);
                i = end;
            }
            else
            {
                replaced.Append(text[i]);
            }
        }

        return replaced.ToString();
    }

    /// <summary>The short code being typed just before the cursor: where its colon stands and what follows it. At least two characters.</summary>
    public static bool TryFindOpen(string text, int cursor, out int start, out string name)
    {
        (start, name) = (-1, "");
        int i = cursor;
        while (i > 0 && cursor - i < NameCharsMax && IsNameChar(text[i - 1]))
            i--;
        if (cursor - i < 2 || i == 0 || text[i - 1] != ':' || (i > 1 && !IsFree(text[i - 2])))
            return false;
        (start, name) = (i - 1, text[i..cursor]);
        return true;
    }

    private static bool TryRead(string text, int colon, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out EmojiEntry? entry, out int end)
    {
        entry = null;
        end = colon + 1;
        while (end < text.Length && end - colon <= NameCharsMax && IsNameChar(text[end]))
            end++;
        if (end >= text.Length || text[end] != ':' || end == colon + 1)
            return false;
        entry = EmojiTable.Find(text[(colon + 1)..end]);
        return entry is not null;
    }

    private static bool MayOpen(StringBuilder before) => before.Length == 0 || IsFree(before[^1]);

    // Another emoji may stand directly before: its last character is no letter, digit, colon or slash.
    private static bool IsFree(char before) => !char.IsAsciiLetterOrDigit(before) && before is not (':' or '/' or '_');

    private static bool IsNameChar(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '+' or '-';
}

using System.Globalization;
using System.Text;

namespace Parley.Terminal.Text;

/// <summary>
/// What others wrote, made safe to draw. A terminal obeys the bytes it is shown: an escape sequence can retitle the window, move
/// the cursor, or answer as if the user had typed; a bidirectional override makes text read as something else; a heap of combining
/// marks climbs over its neighbours. Everything that came from another person passes through here on its way to the terminal.
/// Nothing is hidden silently where hiding could deceive: what is neutralised leaves a visible mark.
/// </summary>
internal static class SafeText
{
    private const int MarksPerLetterMax = 8;
    private const char Replacement = '\uFFFD';
    private const char DottedCircle = '\u25CC';
    private const int BlackFlag = 0x1F3F4;
    private const int ZeroWidthJoiner = 0x200D;

    /// <summary>The text with line breaks kept (as <c>\n</c>) and everything else a terminal would obey made harmless.</summary>
    public static string Lines(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var safe = new StringBuilder(text.Length);
        int marks = 0;
        bool lineStart = true;
        bool tagged = false;
        bool afterReturn = false;
        foreach (Rune rune in text.EnumerateRunes())
        {
            int value = rune.Value;
            bool secondOfPair = afterReturn && value == '\n';
            afterReturn = value == '\r';
            if (secondOfPair)
                continue;
            if (value is '\n' or '\r' or 0x85 or 0x2028 or 0x2029)
            {
                safe.Append('\n');
                (marks, lineStart, tagged) = (0, true, false);
                continue;
            }

            if (IsMark(rune))
            {
                // A mark with no letter before it would change a cell that is not the message's own.
                if (lineStart)
                    safe.Append(DottedCircle);
                if (++marks <= MarksPerLetterMax)
                    safe.Append(rune);
                lineStart = false;
                continue;
            }

            if (IsTag(value))
            {
                // Tag characters spell the flags of nations; anywhere else they are invisible writing.
                if (tagged)
                    safe.Append(rune);
                continue;
            }

            int before = safe.Length;
            Append(safe, rune);
            if (safe.Length == before)
                continue;
            tagged = value == BlackFlag;
            lineStart = false;
            if (value != ZeroWidthJoiner)
                marks = 0;
        }

        return safe.ToString();
    }

    /// <summary>As <see cref="Lines"/>, on one line: for names, titles and previews.</summary>
    public static string Line(string text) => Lines(text).Replace('\n', ' ');

    private static void Append(StringBuilder safe, Rune rune)
    {
        switch (rune.Value)
        {
            case '\t':
                safe.Append("    ");
                break;
            case < 0x20:
                // The control pictures block shows each control by its name: ESC becomes one visible cell.
                safe.Append((char)(0x2400 + rune.Value));
                break;
            case 0x7F:
                safe.Append('\u2421');
                break;
            case >= 0x80 and < 0xA0:
                safe.Append(Replacement);
                break;
            case >= 0x202A and <= 0x202E or >= 0x2066 and <= 0x2069:
                // Bidirectional embeddings, overrides and isolates.
                safe.Append(Replacement);
                break;
            case 0x00AD or 0x061C or 0x180E or 0x200B or 0x200E or 0x200F or 0xFEFF:
            case >= 0x2060 and <= 0x2064 or >= 0x206A and <= 0x206F or >= 0xFFF9 and <= 0xFFFB:
                // Invisible and harmless alone, yet they make two different texts look the same.
                break;
            case >= 0xE000 and <= 0xF8FF or >= 0xF0000:
                // Private use: what it looks like is the font's secret.
                safe.Append(Replacement);
                break;
            default:
                safe.Append(rune);
                break;
        }
    }

    private static bool IsTag(int value) => value is >= 0xE0000 and <= 0xE0FFF;

    private static bool IsMark(Rune rune) => rune.Value is >= 0xFE00 and <= 0xFE0F
        || (Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark && !IsTag(rune.Value));
}

using System.Text;
using Terminal.Gui.Drawing;
using Terminal.Gui.Text;

namespace Parley.Terminal.Text;

/// <summary>
/// Lengths in terminal cells. A letter may be several characters and a wide one takes two cells, so nothing on the screen is ever
/// measured or cut by characters. The measure is Terminal.Gui's, because it is Terminal.Gui that draws: two opinions would tear the screen.
/// </summary>
internal static class Cells
{
    private const string Ellipsis = "…";

    // Most text is plain ASCII, one cell a character: a table of one-letter strings spares the segmentation, which dominates drawing.
    private static readonly string[] PlainLetters = [.. Enumerable.Range(' ', '~' - ' ' + 1).Select(code => ((char)code).ToString())];

    /// <summary>The letters as a reader counts them: each is drawn whole or not at all.</summary>
    public static IEnumerable<string> Letters(string text) => IsPlain(text) ? text.Select(static letter => PlainLetters[letter - ' ']) : GraphemeHelper.GetGraphemes(text);

    /// <summary>How many cells the text takes. It holds no line break.</summary>
    public static int Width(string text)
    {
        if (IsPlain(text))
            return text.Length;
        int width = 0;
        foreach (string letter in Letters(text))
            width += WidthOfLetter(letter);
        return width;
    }

    /// <summary>How many cells one letter takes: 0, 1 or 2.</summary>
    public static int WidthOfLetter(string letter) => letter.Length == 1 && IsPlain(letter) ? 1 : Math.Clamp(letter.GetColumns(), 0, 2);

    /// <summary>The text if it fits, otherwise as much as fits with an ellipsis at the end.</summary>
    public static string Cut(string text, int width)
    {
        if (width <= 0)
            return "";
        return Width(text) <= width ? text : Take(text, width - 1) + Ellipsis;
    }

    /// <summary>The text in exactly so many cells: cut or filled with spaces at its end.</summary>
    public static string Fit(string text, int width)
    {
        string cut = Cut(text, width);
        return cut + new string(' ', Math.Max(0, width - Width(cut)));
    }

    /// <summary>As many whole letters from the start as fit.</summary>
    public static string Take(string text, int width)
    {
        var taken = new StringBuilder();
        int used = 0;
        foreach (string letter in Letters(text))
        {
            used += WidthOfLetter(letter);
            if (used > width)
                break;
            taken.Append(letter);
        }

        return taken.ToString();
    }

    private static bool IsPlain(string text) => text.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0;
}

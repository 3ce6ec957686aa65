using Parley.Terminal.Chat;
using Parley.Terminal.Emoji;
using Parley.Terminal.Text;

namespace Parley.Terminal.Screen;

/// <summary>Where what lies over the conversation stands; shared by drawing, keys and clicks.</summary>
internal static class OverlayLayout
{
    /// <summary>Cells of one emoji in the picker.</summary>
    public const int EmojiCells = 4;

    private const int PageWidthMin = 40;
    private const int PageWidthMax = 84;
    private const int SignUpHeight = 14;

    /// <summary>The box of an overlay.</summary>
    public static Area Of(Cell screen, Overlay overlay) => overlay switch
    {
        Overlay.Page page => Around(screen, page.Title, Lines(screen, page.Lines)),
        Overlay.Question question => Around(screen, question.Title, Lines(screen, question.Lines)),
        Overlay.EmojiPicker => Middle(screen, Math.Min(54, screen.Column - 2), Math.Min(16, screen.Row - 2)),
        Overlay.SignUp => Middle(screen, Math.Min(70, screen.Column - 2), SignUpHeight),
        _ => throw new InvalidOperationException($"Nobody places {overlay.GetType().Name}."),
    };

    /// <summary>
    /// The lines of a page or question, wrapped to its box. A line with a tab is a term and its meaning, which stand in two columns.
    /// What others have a part in goes through <see cref="SafeText"/> before it comes here.
    /// </summary>
    public static IReadOnlyList<string> Lines(Cell screen, IReadOnlyList<string> lines)
    {
        int width = Math.Max(12, Math.Min(PageWidthMax, screen.Column - 2) - 4);
        int terms = Math.Min(width / 2, lines.Where(line => line.Contains('\t')).Select(line => Cells.Width(line[..line.IndexOf('\t')]) + 2).DefaultIfEmpty(0).Max());
        return [.. lines.SelectMany(line => line.Split('\t', 2) is [string term, string meaning] ? InColumns(term, meaning, terms, width) : Wrapping.Wrap(line, width))];
    }

    /// <summary>How far a page can be scrolled.</summary>
    public static int TopMax(Cell screen, Overlay.Page page) => Math.Max(0, Lines(screen, page.Lines).Count - Of(screen, page).Inside().Height);

    /// <summary>The place of the picker's emoji, below the line for the word sought and above the line for the name.</summary>
    public static Area EmojiGrid(Cell screen)
    {
        Area inside = Of(screen, new Overlay.EmojiPicker()).Inside();
        return new Area(inside.Left + 1, inside.Top + 2, Math.Max(EmojiCells, inside.Width - 2), Math.Max(1, inside.Height - 4));
    }

    /// <summary>How many emoji stand in a row.</summary>
    public static int EmojiColumns(Cell screen) => EmojiGrid(screen).Width / EmojiCells;

    /// <summary>The first row of emoji shown, so that the selected one is.</summary>
    public static int FirstEmojiRow(Cell screen, Overlay.EmojiPicker picker) =>
        Math.Max(0, (picker.Selected / EmojiColumns(screen)) - EmojiGrid(screen).Height + 1);

    /// <summary>The index of the emoji at a cell, or null.</summary>
    public static int? EmojiAt(Cell screen, Overlay.EmojiPicker picker, Cell at)
    {
        Area grid = EmojiGrid(screen);
        int column = (at.Column - grid.Left) / EmojiCells;
        if (!grid.Contains(at) || column >= EmojiColumns(screen))
            return null;
        int index = ((FirstEmojiRow(screen, picker) + at.Row - grid.Top) * EmojiColumns(screen)) + column;
        return index < EmojiTable.Search(picker.Sought).Count() ? index : null;
    }

    /// <summary>The row of the form's second field.</summary>
    public static int SignUpNameRow(Cell screen) => Of(screen, new Overlay.SignUp()).Inside().Top + 6;

    private static IEnumerable<string> InColumns(string term, string meaning, int terms, int width) =>
        Wrapping.Wrap(meaning, width - terms).Select((line, row) => Cells.Fit(row == 0 ? term : "", terms) + line);

    private static Area Around(Cell screen, string title, IReadOnlyList<string> lines)
    {
        int width = Math.Max(PageWidthMin, Math.Max(Cells.Width(title) + 6, lines.Select(Cells.Width).DefaultIfEmpty(0).Max() + 4));
        return Middle(screen, Math.Min(width, screen.Column - 2), lines.Count + 2);
    }

    private static Area Middle(Cell screen, int width, int height)
    {
        int fitting = Math.Min(height, screen.Row - 2);
        return new Area((screen.Column - width) / 2, (screen.Row - fitting) / 2, width, fitting);
    }
}

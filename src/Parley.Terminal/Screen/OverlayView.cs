using Parley.Terminal.Chat;
using Parley.Terminal.Emoji;
using Parley.Terminal.Text;

namespace Parley.Terminal.Screen;

/// <summary>Draws what lies over the conversation.</summary>
internal static class OverlayView
{
    /// <summary>Draws an overlay and moves the cursor into it, or hides it.</summary>
    public static void Draw(Canvas canvas, Overlay overlay)
    {
        canvas.Cursor = null;
        Area area = OverlayLayout.Of(canvas.Size, overlay);
        switch (overlay)
        {
            case Overlay.Page page:
                bool scrolls = OverlayLayout.TopMax(canvas.Size, page) > 0;
                canvas.Box(area, SafeText.Line(page.Title), scrolls ? "↑ ↓ scroll · Esc closes" : "Esc closes");
                DrawLines(canvas, area, OverlayLayout.Lines(canvas.Size, page.Lines).Skip(page.Top));
                break;
            case Overlay.Question question:
                canvas.Box(area, SafeText.Line(question.Title), "y yes · n no");
                DrawLines(canvas, area, OverlayLayout.Lines(canvas.Size, question.Lines));
                break;
            case Overlay.EmojiPicker picker:
                DrawEmoji(canvas, picker, area);
                break;
            case Overlay.SignUp form:
                DrawSignUp(canvas, form, area);
                break;
            default:
                throw new InvalidOperationException($"Nobody draws {overlay.GetType().Name}.");
        }
    }

    private static void DrawLines(Canvas canvas, Area area, IEnumerable<string> lines)
    {
        Area inside = area.Inside();
        int row = inside.Top;
        foreach (string line in lines.Take(inside.Height))
            canvas.Put(inside.Left + 1, row++, SafeText.Line(line), Ink.Normal, inside.Width - 2);
    }

    private static void DrawEmoji(Canvas canvas, Overlay.EmojiPicker picker, Area area)
    {
        canvas.Box(area, "Emoji", "Enter takes · Esc closes");
        Area inside = area.Inside();
        int column = canvas.Put(inside.Left + 1, inside.Top, "Find: ", Ink.Muted);
        column = canvas.Put(column, inside.Top, SafeText.Line(picker.Sought), Ink.Strong, inside.Right - column - 2);
        canvas.Cursor = new Cell(column, inside.Top);
        List<EmojiEntry> found = [.. EmojiTable.Search(picker.Sought)];
        if (found.Count == 0)
        {
            canvas.Put(inside.Left + 1, inside.Top + 2, "Nothing goes by that word.", Ink.Muted, inside.Width - 2);
            return;
        }

        Area grid = OverlayLayout.EmojiGrid(canvas.Size);
        int columns = OverlayLayout.EmojiColumns(canvas.Size);
        int first = OverlayLayout.FirstEmojiRow(canvas.Size, picker) * columns;
        for (int index = first; index < Math.Min(found.Count, first + (columns * grid.Height)); index++)
        {
            Cell at = new(grid.Left + ((index - first) % columns * OverlayLayout.EmojiCells), grid.Top + ((index - first) / columns));
            canvas.Put(at.Column, at.Row, Cells.Fit(" " + found[index].Emoji, OverlayLayout.EmojiCells), index == picker.Selected ? Ink.Selected : Ink.Normal);
        }

        EmojiEntry selected = found[Math.Min(picker.Selected, found.Count - 1)];
        canvas.Put(inside.Left + 1, inside.Bottom - 1, string.Join(' ', selected.Names.Select(name => $":{name}:")), Ink.Muted, inside.Width - 2);
    }

    private static void DrawSignUp(Canvas canvas, Overlay.SignUp form, Area area)
    {
        canvas.Box(area, "Welcome to Parley", "Enter goes on · Esc quits");
        Area inside = area.Inside();
        (int left, int width) = (inside.Left + 1, inside.Width - 2);
        canvas.Put(left, inside.Top + 1, "Paste the invite link you were given:", Ink.Normal, width);
        DrawField(canvas, left, inside.Top + 2, width, form.Link, active: !form.OnName && !form.Busy);
        canvas.Put(left, inside.Top + 5, "Choose a user name:", Ink.Normal, width);
        DrawField(canvas, left, inside.Top + 6, width, form.Name, active: form.OnName && !form.Busy);
        (string words, Ink ink) = form switch
        {
            { Busy: true } => ("Making your keys and your account…", Ink.Notice),
            { Problem.Length: > 0 } => (SafeText.Line(form.Problem), Ink.Alert),
            _ => ("Your keys are made on this device and never leave it.", Ink.Muted),
        };
        int row = inside.Top + 9;
        foreach (string line in Wrapping.Wrap(words, width).Take(Math.Max(0, inside.Bottom - row)))
            canvas.Put(left, row++, line, ink, width);
    }

    /// <summary>A field shows its end when it is longer than its place.</summary>
    private static void DrawField(Canvas canvas, int left, int row, int width, string text, bool active)
    {
        string shown = SafeText.Line(text);
        while (Cells.Width(shown) > width - 3)
            shown = shown[1..];
        canvas.Put(left, row, "›", active ? Ink.Own : Ink.Muted);
        int column = canvas.Put(left + 2, row, shown, Ink.Strong, width - 2);
        canvas.Put(left + 2, row + 1, new string('─', width - 2), Ink.Muted);
        if (active)
            canvas.Cursor = new Cell(column, row);
    }
}

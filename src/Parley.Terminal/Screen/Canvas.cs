using System.Runtime.InteropServices;
using System.Text;
using Parley.Terminal.Text;

namespace Parley.Terminal.Screen;

/// <summary>A place or a size on the screen, in cells.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Cell(int Column, int Row);

/// <summary>A rectangle of cells.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Area(int Left, int Top, int Width, int Height)
{
    /// <summary>The first column to the right of it.</summary>
    public int Right => Left + Width;

    /// <summary>The first row below it.</summary>
    public int Bottom => Top + Height;

    /// <summary>Whether the cell lies in it.</summary>
    public bool Contains(Cell cell) => cell.Column >= Left && cell.Column < Right && cell.Row >= Top && cell.Row < Bottom;

    /// <summary>The rectangle without a border of one cell.</summary>
    public Area Inside() => new(Left + 1, Top + 1, Math.Max(0, Width - 2), Math.Max(0, Height - 2));
}

/// <summary>
/// A picture of the screen in cells. The view draws on it, the host shows it, and tests compare it as text. A letter of two cells
/// owns both: drawing over either half leaves a space in the other, as on a real terminal.
/// </summary>
internal sealed class Canvas
{
    private const string Blank = " ";
    private const string SecondHalf = "";

    private readonly string[] _letters;
    private readonly Ink[] _inks;

    /// <summary>An empty picture.</summary>
    public Canvas(Cell size)
    {
        Size = size;
        _letters = new string[size.Column * size.Row];
        _inks = new Ink[size.Column * size.Row];
        Array.Fill(_letters, Blank);
    }

    /// <summary>Its size.</summary>
    public Cell Size { get; }

    /// <summary>Where the terminal's cursor stands; null hides it.</summary>
    public Cell? Cursor { get; set; }

    /// <summary>Writes text from a cell on, at most <paramref name="width"/> cells and never beyond the edge. Returns the column after it.</summary>
    public int Put(int column, int row, string text, Ink ink = Ink.Normal, int width = int.MaxValue)
    {
        if (row < 0 || row >= Size.Row)
            return column;
        int end = (int)Math.Min(Size.Column, (long)column + width);
        foreach (string letter in Cells.Letters(text))
        {
            int cells = Cells.WidthOfLetter(letter);
            if (column + cells > end)
                break;
            if (cells > 0)
                Set(column, row, letter, cells, ink);
            column += cells;
        }

        return column;
    }

    /// <summary>Fills a rectangle with spaces of an ink.</summary>
    public void Fill(Area area, Ink ink = Ink.Normal)
    {
        for (int row = area.Top; row < area.Bottom; row++)
            Put(area.Left, row, new string(' ', Math.Max(0, area.Width)), ink, area.Width);
    }

    /// <summary>Draws an empty box with a border, a title in its upper edge and a hint in its lower one.</summary>
    public void Box(Area area, string title, string hint = "")
    {
        if (area.Width < 4 || area.Height < 2)
            return;
        Fill(area);
        string edge = new('─', area.Width - 2);
        Put(area.Left, area.Top, "╭" + edge + "╮", Ink.Muted);
        for (int row = area.Top + 1; row < area.Bottom - 1; row++)
        {
            Put(area.Left, row, "│", Ink.Muted);
            Put(area.Right - 1, row, "│", Ink.Muted);
        }

        Put(area.Left, area.Bottom - 1, "╰" + edge + "╯", Ink.Muted);
        if (title.Length > 0)
            Put(area.Left + 2, area.Top, " " + Cells.Cut(title, area.Width - 6) + " ", Ink.Strong, area.Width - 4);
        if (hint.Length > 0)
            Put(area.Left + 2, area.Bottom - 1, " " + Cells.Cut(hint, area.Width - 6) + " ", Ink.Muted, area.Width - 4);
    }

    /// <summary>The row in runs of one ink, left to right; together they fill the width.</summary>
    public IEnumerable<(int Column, string Text, Ink Ink)> Runs(int row)
    {
        int start = row * Size.Column;
        var run = new StringBuilder();
        int runColumn = 0;
        for (int column = 0; column < Size.Column; column++)
        {
            if (run.Length > 0 && _inks[start + column] != _inks[start + runColumn])
            {
                yield return (runColumn, run.ToString(), _inks[start + runColumn]);
                run.Clear();
                runColumn = column;
            }

            run.Append(_letters[start + column]);
        }

        if (run.Length > 0)
            yield return (runColumn, run.ToString(), _inks[start + runColumn]);
    }

    /// <summary>Whether a row looks the same as in another picture of the same size.</summary>
    public bool SameRow(Canvas other, int row)
    {
        int start = row * Size.Column;
        return other.Size == Size && _letters.AsSpan(start, Size.Column).SequenceEqual(other._letters.AsSpan(start, Size.Column))
            && _inks.AsSpan(start, Size.Column).SequenceEqual(other._inks.AsSpan(start, Size.Column));
    }

    /// <summary>The picture as text, a line a row, without the spaces at line ends.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        for (int row = 0; row < Size.Row; row++)
        {
            var line = new StringBuilder();
            for (int column = 0; column < Size.Column; column++)
                line.Append(_letters[(row * Size.Column) + column]);
            text.Append(line.ToString().TrimEnd(' ')).Append('\n');
        }

        return text.ToString();
    }

    private void Set(int column, int row, string letter, int cells, Ink ink)
    {
        if (column < 0)
            return;
        int at = (row * Size.Column) + column;
        if (_letters[at] == SecondHalf)
            _letters[at - 1] = Blank;
        int after = at + cells;
        if (column + cells < Size.Column && _letters[after] == SecondHalf)
            _letters[after] = Blank;
        _letters[at] = letter;
        _inks[at] = ink;
        if (cells == 2)
        {
            _letters[at + 1] = SecondHalf;
            _inks[at + 1] = ink;
        }
    }
}

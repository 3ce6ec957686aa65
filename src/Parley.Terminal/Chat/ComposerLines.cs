using Parley.Terminal.Screen;
using Parley.Terminal.Text;

namespace Parley.Terminal.Chat;

/// <summary>The composer's text broken into rows of cells, with the way back from a cell to a place in the text.</summary>
internal sealed record ComposerLines(IReadOnlyList<string> Rows, IReadOnlyList<int> Starts, Cell Cursor)
{
    /// <summary>Breaks the text at line breaks and wherever a letter no longer fits. One cell is kept for the cursor.</summary>
    public static ComposerLines Of(string text, int cursor, int width)
    {
        var rows = new List<string>();
        var starts = new List<int>();
        Cell cursorCell = default;
        int start = 0;
        int column = 0;
        int at = 0;
        foreach (string letter in Cells.Letters(text))
        {
            bool isBreak = letter[0] is '\n' or '\r';
            int cells = isBreak ? 0 : Cells.WidthOfLetter(letter);
            if (!isBreak && column > 0 && column + cells > width - 1)
                EndRow(at, at);
            if (cursor >= at && cursor < at + letter.Length)
                cursorCell = new Cell(column, rows.Count);
            at += letter.Length;
            column += cells;
            if (isBreak)
                EndRow(at - letter.Length, at);
        }

        if (cursor >= text.Length)
            cursorCell = new Cell(column, rows.Count);
        EndRow(at, at);
        return new ComposerLines(rows, starts, cursorCell);

        void EndRow(int end, int next)
        {
            rows.Add(text[start..end]);
            starts.Add(start);
            (start, column) = (next, 0);
        }
    }

    /// <summary>The place in the text nearest to a cell.</summary>
    public int PlaceAt(Cell cell)
    {
        int row = Math.Clamp(cell.Row, 0, Rows.Count - 1);
        int column = 0;
        int place = Starts[row];
        foreach (string letter in Cells.Letters(Rows[row]))
        {
            column += Cells.WidthOfLetter(letter);
            if (column > cell.Column)
                break;
            place += letter.Length;
        }

        return place;
    }
}

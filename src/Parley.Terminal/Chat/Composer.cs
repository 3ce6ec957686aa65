using System.Collections.Immutable;
using Parley.Terminal.Screen;
using Parley.Terminal.Text;

namespace Parley.Terminal.Chat;

/// <summary>
/// The text being written, the place in it, and what was sent before. Every edit moves by whole letters, so an emoji of seven
/// characters is one step and one deletion.
/// </summary>
internal sealed record Composer(string Text, int Cursor)
{
    /// <summary>The longest text that may be written, in characters: well under what one encrypted message may hold.</summary>
    public const int CharsMax = 16 * 1024;

    private const int HistoryMax = 100;

    /// <summary>Nothing written yet.</summary>
    public static Composer Empty { get; } = new("", 0);

    /// <summary>What was sent, oldest first.</summary>
    public ImmutableList<string> History { get; init; } = [];

    /// <summary>Which of the history is shown; its count when none is.</summary>
    public int HistoryAt { get; init; }

    /// <summary>What was being written before the history was looked at.</summary>
    public string Draft { get; init; } = "";

    /// <summary>The composer with a text, the cursor at its end.</summary>
    public Composer With(string text) => this with { Text = text, Cursor = text.Length };

    /// <summary>Writes at the cursor. What goes beyond the limit is left out.</summary>
    public Composer Insert(string text)
    {
        string fitting = text[..Math.Min(text.Length, CharsMax - Text.Length)];
        return this with { Text = Text.Insert(Cursor, fitting), Cursor = Cursor + fitting.Length };
    }

    /// <summary>Replaces a range and puts the cursor behind it.</summary>
    public Composer Replace(int start, int end, string text) => this with { Text = Text[..start] + text + Text[end..], Cursor = start + text.Length };

    /// <summary>Deletes the letter before the cursor.</summary>
    public Composer DeleteBefore() => Replace(LetterBefore(), Cursor, "");

    /// <summary>Deletes the letter at the cursor.</summary>
    public Composer DeleteAt() => Replace(Cursor, LetterAfter(), "");

    /// <summary>Deletes the word before the cursor.</summary>
    public Composer DeleteWord() => Replace(WordBefore(), Cursor, "");

    /// <summary>Deletes from the start of the line to the cursor.</summary>
    public Composer DeleteToLineStart() => Replace(LineStart(), Cursor, "");

    /// <summary>Deletes from the cursor to the end of the line.</summary>
    public Composer DeleteToLineEnd() => Replace(Cursor, LineEnd(), "");

    /// <summary>One letter to the left.</summary>
    public Composer Left() => this with { Cursor = LetterBefore() };

    /// <summary>One letter to the right.</summary>
    public Composer Right() => this with { Cursor = LetterAfter() };

    /// <summary>One word to the left.</summary>
    public Composer WordLeft() => this with { Cursor = WordBefore() };

    /// <summary>One word to the right.</summary>
    public Composer WordRight()
    {
        int at = Cursor;
        while (at < Text.Length && char.IsWhiteSpace(Text[at]))
            at++;
        while (at < Text.Length && !char.IsWhiteSpace(Text[at]))
            at++;
        return this with { Cursor = at };
    }

    /// <summary>To the start of the line.</summary>
    public Composer Home() => this with { Cursor = LineStart() };

    /// <summary>To the end of the line.</summary>
    public Composer End() => this with { Cursor = LineEnd() };

    /// <summary>Empty again, with the text kept in the history.</summary>
    public Composer Sent()
    {
        ImmutableList<string> history = History.Count > 0 && History[^1] == Text ? History : History.Add(Text);
        if (history.Count > HistoryMax)
            history = history.RemoveAt(0);
        return Empty with { History = history, HistoryAt = history.Count };
    }

    /// <summary>The text sent before the one shown.</summary>
    public Composer Earlier()
    {
        if (HistoryAt == 0)
            return this;
        string draft = HistoryAt == History.Count ? Text : Draft;
        return With(History[HistoryAt - 1]) with { HistoryAt = HistoryAt - 1, Draft = draft };
    }

    /// <summary>The text sent after the one shown, at last the draft.</summary>
    public Composer Later()
    {
        if (HistoryAt >= History.Count)
            return this;
        int next = HistoryAt + 1;
        return With(next == History.Count ? Draft : History[next]) with { HistoryAt = next };
    }

    /// <summary>The row above or below in a composer of this width, or null at its edge.</summary>
    public Composer? MoveRow(int rows, int width)
    {
        ComposerLines lines = ComposerLines.Of(Text, Cursor, width);
        int row = lines.Cursor.Row + rows;
        return row < 0 || row >= lines.Rows.Count ? null : this with { Cursor = lines.PlaceAt(new Cell(lines.Cursor.Column, row)) };
    }

    private int LetterBefore()
    {
        int at = 0;
        int previous = 0;
        foreach (string letter in Cells.Letters(Text))
        {
            if (at >= Cursor)
                break;
            previous = at;
            at += letter.Length;
        }

        return previous;
    }

    private int LetterAfter()
    {
        int at = 0;
        foreach (string letter in Cells.Letters(Text))
        {
            at += letter.Length;
            if (at > Cursor)
                return at;
        }

        return Text.Length;
    }

    private int WordBefore()
    {
        int at = Cursor;
        while (at > 0 && char.IsWhiteSpace(Text[at - 1]))
            at--;
        while (at > 0 && !char.IsWhiteSpace(Text[at - 1]))
            at--;
        return at;
    }

    private int LineStart() => Cursor == 0 ? 0 : Text.LastIndexOf('\n', Cursor - 1) + 1;

    private int LineEnd() => Text.IndexOf('\n', Cursor) is var at and >= 0 ? at : Text.Length;
}

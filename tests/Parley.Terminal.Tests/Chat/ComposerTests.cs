using CsCheck;
using Parley.Terminal.Chat;
using Parley.Terminal.Screen;
using Parley.Terminal.Text;

namespace Parley.Terminal.Tests.Chat;

public sealed class ComposerTests
{
    [Fact]
    public void A_letter_of_many_characters_is_one_step_and_one_deletion()
    {
        Composer composer = Composer.Empty.Insert("a👩‍👩‍👧b");
        Assert.Equal("ab", composer.Left().DeleteBefore().Text);
        Assert.Equal(1, composer.Left().Left().Cursor);
        Assert.Equal("ab", composer.Left().Left().DeleteAt().Text);
    }

    [Fact]
    public void Words_and_lines_are_deleted()
    {
        Composer composer = Composer.Empty.Insert("one two\nthree four");
        Assert.Equal("one two\nthree ", composer.DeleteWord().Text);
        Assert.Equal("one two\n", composer.DeleteToLineStart().Text);
        Assert.Equal("one two\n", composer.Home().DeleteToLineEnd().Text);
    }

    [Fact]
    public void The_history_is_walked_and_the_draft_comes_back()
    {
        Composer composer = Composer.Empty.With("first").Sent().With("second").Sent().Insert("draft");
        Assert.Equal("second", composer.Earlier().Text);
        Assert.Equal("first", composer.Earlier().Earlier().Earlier().Text);
        Assert.Equal("draft", composer.Earlier().Earlier().Later().Later().Later().Text);
    }

    [Fact]
    public void The_text_is_bounded() => Assert.Equal(Composer.CharsMax, Composer.Empty.Insert("x").Insert(new string('y', Composer.CharsMax)).Text.Length);

    [Fact]
    public void The_cursor_moves_between_rows()
    {
        Composer composer = Composer.Empty.Insert("日本語 text\nabcd");
        Assert.Null(composer.MoveRow(1, 40));
        // Four cells to the right stand two wide letters.
        Assert.Equal(2, composer.MoveRow(-1, 40)?.Cursor);
        Assert.Equal(composer.Text.Length, composer.MoveRow(-1, 40)?.MoveRow(1, 40)?.Cursor);
    }

    [Fact]
    public void Every_place_has_a_cell_and_the_way_back() => Gen.Select(Gen.String, Gen.Int[3, 30]).Sample((raw, width) =>
    {
        string text = SafeText.Lines(raw);
        int place = 0;
        foreach (string letter in Cells.Letters(text).Append(""))
        {
            ComposerLines lines = ComposerLines.Of(text, place, width);
            Assert.InRange(lines.Cursor.Column, 0, width - 1);
            Assert.Equal(text.Replace("\n", ""), string.Concat(lines.Rows));
            Assert.Equal(lines.Cursor, ComposerLines.Of(text, lines.PlaceAt(new Cell(lines.Cursor.Column, lines.Cursor.Row)), width).Cursor);
            place += letter.Length;
        }
    });
}

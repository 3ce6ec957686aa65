using CsCheck;
using Parley.Terminal.Text;

namespace Parley.Terminal.Tests.Text;

public sealed class WrappingTests
{
    [Theory]
    [InlineData("", 10, "")]
    [InlineData("short", 10, "short")]
    [InlineData("one two three", 8, "one two|three")]
    [InlineData("one two", 7, "one two")]
    [InlineData("abcdefghij", 4, "abcd|efgh|ij")]
    [InlineData("a\n\nb", 4, "a||b")]
    [InlineData("  kept  spaces", 20, "  kept  spaces")]
    [InlineData("日本語テキスト", 5, "日本|語テ|キス|ト")]
    [InlineData("ok 👩‍👩‍👧👩‍👩‍👧 x", 5, "ok|👩‍👩‍👧👩‍👩‍👧|x")]
    public void Text_breaks_between_words_and_inside_long_ones(string text, int width, string lines) => Assert.Equal(lines, string.Join('|', Wrapping.Wrap(text, width)));

    [Fact]
    public void No_line_is_too_wide_and_no_letter_is_lost() => Gen.Select(Gen.String, Gen.Int[2, 40]).Sample((text, width) =>
    {
        string safe = SafeText.Lines(text);
        IReadOnlyList<string> lines = Wrapping.Wrap(safe, width);
        Assert.All(lines, line => Assert.InRange(Cells.Width(line), 0, width));
        Assert.Equal(Bare(safe), Bare(string.Concat(lines)));
    });

    [Theory]
    [InlineData("plain", 3, "pl…")]
    [InlineData("plain", 5, "plain")]
    [InlineData("日本語", 4, "日…")]
    [InlineData("x", 0, "")]
    public void Cutting_keeps_whole_letters(string text, int width, string cut) => Assert.Equal(cut, Cells.Cut(text, width));

    [Fact]
    public void Fitting_fills_or_cuts_to_the_cell() => Gen.Select(Gen.String, Gen.Int[1, 40]).Sample((text, width) => Assert.Equal(width, Cells.Width(Cells.Fit(SafeText.Line(text), width))));

    private static string Bare(string text) => string.Concat(text.Where(c => c is not (' ' or '\n')));
}

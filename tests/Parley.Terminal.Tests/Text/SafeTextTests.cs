using System.Globalization;
using System.Text;
using CsCheck;
using Parley.Terminal.Text;

namespace Parley.Terminal.Tests.Text;

public sealed class SafeTextTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("tab\there", "tab    here")]
    [InlineData("a\r\nb\rc\nd\u2028e", "a\nb\nc\nd\ne")]
    [InlineData("\u001b[31mred\u001b[0m", "␛[31mred␛[0m")]
    [InlineData("\u009b31m", "\uFFFD31m")]
    [InlineData("bell\a del\u007f", "bell␇ del␡")]
    [InlineData("evil\u202Etxt.exe", "evil\uFFFDtxt.exe")]
    [InlineData("\u2066a\u2069", "\uFFFDa\uFFFD")]
    [InlineData("zero\u200Bwidth\uFEFF", "zerowidth")]
    [InlineData("\u0301first", "◌\u0301first")]
    [InlineData("one\n\u0301two", "one\n◌\u0301two")]
    [InlineData("❤️ 👩‍👩‍👧 🇩🇪 👋🏽", "❤️ 👩‍👩‍👧 🇩🇪 👋🏽")]
    [InlineData("می‌خواهم", "می‌خواهم")]
    public void Text_is_made_harmless_and_otherwise_kept(string received, string shown) => Assert.Equal(shown, SafeText.Lines(received));

    [Fact]
    public void The_flag_of_a_nation_keeps_its_tags_and_hidden_writing_does_not()
    {
        string wales = char.ConvertFromUtf32(0x1F3F4) + string.Concat("gbwls".Select(c => char.ConvertFromUtf32(0xE0000 + c))) + char.ConvertFromUtf32(0xE007F);
        string hidden = "see" + string.Concat("ignore".Select(c => char.ConvertFromUtf32(0xE0000 + c)));
        Assert.Equal(wales, SafeText.Lines(wales));
        Assert.Equal("see", SafeText.Lines(hidden));
    }

    [Fact]
    public void Half_a_character_is_replaced() => Assert.Equal("lone \uFFFD half", SafeText.Lines("lone " + (char)0xD83D + " half"));

    [Fact]
    public void Marks_are_bounded() => Assert.Equal(1 + 8, SafeText.Lines("e" + new string('\u0301', 1000)).Length);

    [Fact]
    public void A_name_stays_on_one_line() => Assert.Equal("one two", SafeText.Line("one\ntwo"));

    [Fact]
    public void Whatever_is_received_no_control_character_and_no_override_is_left() => Gen.String.Sample(text =>
    {
        foreach (Rune rune in SafeText.Lines(text).EnumerateRunes())
        {
            if (rune.Value == '\n')
                continue;
            Assert.NotEqual(UnicodeCategory.Control, Rune.GetUnicodeCategory(rune));
            Assert.False(rune.Value is >= 0x202A and <= 0x202E or >= 0x2066 and <= 0x2069);
        }
    });
}

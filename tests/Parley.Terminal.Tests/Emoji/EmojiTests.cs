using Parley.Terminal.Emoji;
using Parley.Terminal.Text;

namespace Parley.Terminal.Tests.Emoji;

public sealed class EmojiTests
{
    [Theory]
    [InlineData(":wave:", "👋")]
    [InlineData("hi :wave:!", "hi 👋!")]
    [InlineData(":wave::wave:", "👋👋")]
    [InlineData(":WAVE:", "👋")]
    [InlineData(":+1: :-1:", "👍 👎")]
    [InlineData("(:tada:)", "(🎉)")]
    [InlineData(":no_such_thing:", ":no_such_thing:")]
    [InlineData("10:30:15", "10:30:15")]
    [InlineData("std::bug::x", "std::bug::x")]
    [InlineData("http://host:100:x", "http://host:100:x")]
    [InlineData("a:wave:", "a:wave:")]
    [InlineData("`:wave:` :wave:", "`:wave:` 👋")]
    [InlineData(": wave :", ": wave :")]
    [InlineData(":wave", ":wave")]
    [InlineData("::", "::")]
    public void Short_codes_that_stand_free_are_replaced(string written, string sent) => Assert.Equal(sent, ShortCodes.Replace(written));

    [Theory]
    [InlineData("hi :wa", 6, true, 3, "wa")]
    [InlineData(":wa", 3, true, 0, "wa")]
    [InlineData(":w", 2, false, -1, "")]
    [InlineData("10:30", 5, false, -1, "")]
    [InlineData("a ::wa", 6, false, -1, "")]
    [InlineData("wa", 2, false, -1, "")]
    public void The_code_at_the_cursor_is_found(string text, int cursor, bool found, int start, string name)
    {
        Assert.Equal(found, ShortCodes.TryFindOpen(text, cursor, out int foundStart, out string foundName));
        Assert.Equal((start, name), (foundStart, foundName));
    }

    [Fact]
    public void The_table_is_sound()
    {
        Assert.InRange(EmojiTable.All.Count, 300, 2000);
        Assert.All(EmojiTable.All, entry =>
        {
            Assert.Matches("^[a-z0-9_+-]{1,32}$", entry.Name);
            Assert.Single(Cells.Letters(entry.Emoji));
            Assert.Equal(entry.Emoji, SafeText.Lines(entry.Emoji));
            Assert.All(entry.Names, name => Assert.Same(entry, EmojiTable.Find(name)));
        });
        Assert.Distinct(EmojiTable.All.Select(entry => entry.Emoji));
    }

    [Fact]
    public void Search_puts_the_best_first()
    {
        Assert.Equal("heart", EmojiTable.Search("heart").First().Name);
        Assert.Equal("wave", EmojiTable.Search("wav").First().Name);
        Assert.Contains(EmojiTable.Search("birthday"), entry => entry.Emoji == "🎂");
        Assert.Empty(EmojiTable.Search("xyzzy"));
        Assert.Equal(EmojiTable.All, EmojiTable.Search(""));
    }
}

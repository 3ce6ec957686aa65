using Parley.Terminal.Chat;
using Parley.Terminal.Host;
using Parley.Terminal.Screen;
using Terminal.Gui.Input;

namespace Parley.Terminal.Tests.Host;

public sealed class KeyMapTests
{
    public static TheoryData<Key, object> Keys => new()
    {
        { Key.A, KeyPress.Typing("a") },
        { Key.A.WithShift, KeyPress.Typing("A") },
        { new Key('é'), KeyPress.Typing("é") },
        { new Key(0x1F44B), KeyPress.Typing("👋") },
        { Key.Space, KeyPress.Typing(" ") },
        { Key.D3.WithAlt, new KeyPress(KeyName.Text, "3", Alt: true) },
        { Key.Q.WithCtrl, KeyPress.Control('q') },
        { Key.Enter, new KeyPress(KeyName.Enter) },
        { Key.M.WithCtrl.WithAlt, new KeyPress(KeyName.Enter, Alt: true) },
        { Key.Enter.WithCtrl, new KeyPress(KeyName.Enter, Ctrl: true) },
        { Key.Tab.WithShift, new KeyPress(KeyName.Tab, Shift: true) },
        { Key.CursorLeft.WithCtrl, new KeyPress(KeyName.Left, Ctrl: true) },
        { Key.CursorUp.WithAlt, new KeyPress(KeyName.Up, Alt: true) },
        { Key.F1, new KeyPress(KeyName.Help) },
        { Key.Backspace, new KeyPress(KeyName.Backspace) },
    };

    [Theory]
    [MemberData(nameof(Keys))]
    public void A_key_is_told_in_the_programs_words(Key key, object press) => Assert.Equal([press], KeyMap.Of(key).Cast<object>());

    [Fact]
    public void A_hasty_escape_before_a_word_loses_no_letter()
    {
        Assert.Equal([new KeyPress(KeyName.Escape), KeyPress.Typing("/")], KeyMap.Of(new Key('/').WithAlt));
        Assert.Equal([new KeyPress(KeyName.Escape), KeyPress.Typing("h")], KeyMap.Of(Key.H.WithAlt));
        Assert.Equal([new KeyPress(KeyName.Escape), KeyPress.Typing("H")], KeyMap.Of(Key.H.WithShift.WithAlt));
        Assert.Equal([new KeyPress(KeyName.Escape), KeyPress.Typing("/"), KeyPress.Typing("q")], SwallowedKeys.Read("\u001b/q"));
    }

    [Fact]
    public void Keys_that_were_taken_for_a_control_sequence_are_not_lost()
    {
        Assert.Equal(
            [new KeyPress(KeyName.Enter, Alt: true), KeyPress.Typing("é"), KeyPress.Typing("👋"), new KeyPress(KeyName.Tab), KeyPress.Control('w'), new KeyPress(KeyName.Enter)],
            SwallowedKeys.Read("\u001b\ré👋\t\u0017\r"));
        Assert.Equal([new KeyPress(KeyName.Text, "3", Alt: true)], SwallowedKeys.Read("\u001b3"));
        Assert.Empty(SwallowedKeys.Read("\u001b[?62;c"));
        Assert.Empty(SwallowedKeys.Read("\u001b"));
    }

    [Fact]
    public void Keys_without_a_use_are_ignored() => Assert.Empty(KeyMap.Of(Key.F9));

    [Fact]
    public void Every_ink_has_a_look() => Assert.All(Enum.GetValues<Ink>(), ink => InkStyles.Of(ink));
}

using System.Text;
using Parley.Terminal.Chat;
using Terminal.Gui.Drivers;
using Terminal.Gui.Input;

namespace Parley.Terminal.Host;

/// <summary>Terminal.Gui's keys in the program's own words.</summary>
internal static class KeyMap
{
    /// <summary>The keys pressed; none for one the program has no use for.</summary>
    public static IReadOnlyList<KeyPress> Of(Key key) => Translate(key) is { } press ? WithoutUselessAlt(press) : [];

    /// <summary>
    /// A terminal sends Alt as an escape before the key, so a hasty Escape before a word arrives as Alt with its first letter. Where Alt means
    /// nothing to the program, it was that: nothing typed is lost, and <c>/quit</c> after Escape does not become a message “quit”.
    /// </summary>
    public static IReadOnlyList<KeyPress> WithoutUselessAlt(KeyPress press) => press is { Name: KeyName.Text, Alt: true } and not { Ctrl: false, Text: [>= '1' and <= '9'] }
        ? [new KeyPress(KeyName.Escape), press with { Alt = false }]
        : [press];

    private static KeyPress? Translate(Key key)
    {
        KeyCode code = key.NoAlt.NoCtrl.NoShift.KeyCode;
        // Alt+Enter arrives as an escape before a carriage return, which reads as Ctrl+Alt+M.
        if (key is { IsAlt: true, IsCtrl: true } && code == KeyCode.M)
            return new KeyPress(KeyName.Enter, Alt: true);
        if (Named(code) is { } name)
            return new KeyPress(name, Ctrl: key.IsCtrl, Alt: key.IsAlt, Shift: key.IsShift);
        if (key.IsCtrl || key.IsAlt)
            return code is >= KeyCode.Space and < (KeyCode)0x7F ? new KeyPress(KeyName.Text, Letter(code, key), key.IsCtrl, key.IsAlt) : null;
        string text = key.AsGrapheme;
        return text.Length == 0 || Rune.IsControl(text.EnumerateRunes().First()) ? null : KeyPress.Typing(text);
    }

    private static string Letter(KeyCode code, Key key)
    {
        string letter = ((char)code).ToString();
        return key is { IsAlt: true, IsCtrl: false, IsShift: true } ? letter : letter.ToLowerInvariant();
    }

    private static KeyName? Named(KeyCode code) => code switch
    {
        KeyCode.Enter => KeyName.Enter,
        KeyCode.Tab => KeyName.Tab,
        KeyCode.Esc => KeyName.Escape,
        KeyCode.Backspace => KeyName.Backspace,
        KeyCode.Delete => KeyName.Delete,
        KeyCode.CursorUp => KeyName.Up,
        KeyCode.CursorDown => KeyName.Down,
        KeyCode.CursorLeft => KeyName.Left,
        KeyCode.CursorRight => KeyName.Right,
        KeyCode.Home => KeyName.Home,
        KeyCode.End => KeyName.End,
        KeyCode.PageUp => KeyName.PageUp,
        KeyCode.PageDown => KeyName.PageDown,
        KeyCode.F1 => KeyName.Help,
        KeyCode.F2 => KeyName.Emoji,
        _ => null,
    };
}

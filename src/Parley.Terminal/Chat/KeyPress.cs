using System.Runtime.InteropServices;

namespace Parley.Terminal.Chat;

/// <summary>A key, free of any toolkit.</summary>
/// <param name="Name">Which.</param>
/// <param name="Text">For <see cref="KeyName.Text"/>, what it types; with Ctrl or Alt, the lower-case letter.</param>
/// <param name="Ctrl">With the control key.</param>
/// <param name="Alt">With the alt key.</param>
/// <param name="Shift">With the shift key; letters say it by themselves.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct KeyPress(KeyName Name, string Text = "", bool Ctrl = false, bool Alt = false, bool Shift = false)
{
    /// <summary>A key that types a text.</summary>
    public static KeyPress Typing(string text) => new(KeyName.Text, text);

    /// <summary>The control key with a letter.</summary>
    public static KeyPress Control(char letter) => new(KeyName.Text, letter.ToString(), Ctrl: true);

    /// <summary>Whether it is the control key with this letter.</summary>
    public bool IsControl(char letter) => Name == KeyName.Text && Ctrl && !Alt && Text.Length == 1 && Text[0] == letter;
}

/// <summary>The keys the program knows apart.</summary>
internal enum KeyName
{
    /// <summary>One that types something.</summary>
    Text,

    /// <summary>Enter.</summary>
    Enter,

    /// <summary>Tab.</summary>
    Tab,

    /// <summary>Escape.</summary>
    Escape,

    /// <summary>Backspace.</summary>
    Backspace,

    /// <summary>Delete.</summary>
    Delete,

    /// <summary>Arrow up.</summary>
    Up,

    /// <summary>Arrow down.</summary>
    Down,

    /// <summary>Arrow left.</summary>
    Left,

    /// <summary>Arrow right.</summary>
    Right,

    /// <summary>Home.</summary>
    Home,

    /// <summary>End.</summary>
    End,

    /// <summary>Page up.</summary>
    PageUp,

    /// <summary>Page down.</summary>
    PageDown,

    /// <summary>F1.</summary>
    Help,

    /// <summary>F2.</summary>
    Emoji,
}

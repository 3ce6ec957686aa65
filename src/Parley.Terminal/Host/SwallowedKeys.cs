using Parley.Terminal.Chat;
using Parley.Terminal.Text;

namespace Parley.Terminal.Host;

/// <summary>
/// Terminal.Gui takes an escape and everything that arrives in the same burst for one control sequence, finds it unknown, and drops it.
/// So Alt+Enter followed at once by typing, as a slow line or a busy machine delivers it, would lose what was typed. It tells what it dropped; what is
/// no control sequence is read here as what it was: a key with Alt, and the keys after it.
/// </summary>
internal static class SwallowedKeys
{
    private const char Escape = '\u001b';

    // What really begins a control sequence: CSI, SS3, DCS, OSC, PM, APC, SOS.
    private const string Introducers = "[OP]^_X";

    /// <summary>The keys in a sequence that was dropped; none if it was a control sequence.</summary>
    public static IEnumerable<KeyPress> Read(string dropped)
    {
        if (dropped.Length < 2 || dropped[0] != Escape || Introducers.Contains(dropped[1]))
            yield break;
        bool alt = true;
        foreach (string letter in Cells.Letters(dropped[1..]))
        {
            foreach (KeyPress key in Of(letter, alt) is { } press ? KeyMap.WithoutUselessAlt(press) : [])
                yield return key;
            alt = false;
        }
    }

    private static KeyPress? Of(string letter, bool alt) => letter[0] switch
    {
        '\r' => new KeyPress(KeyName.Enter, Alt: alt),
        '\n' => new KeyPress(KeyName.Enter, Ctrl: true, Alt: alt),
        '\t' => new KeyPress(KeyName.Tab, Alt: alt),
        '\b' or '\u007f' => new KeyPress(KeyName.Backspace, Alt: alt),
        >= '\u0001' and <= '\u001a' => new KeyPress(KeyName.Text, ((char)(letter[0] + 'a' - 1)).ToString(), Ctrl: true, Alt: alt),
        < ' ' => null,
        _ => new KeyPress(KeyName.Text, letter, Alt: alt),
    };
}

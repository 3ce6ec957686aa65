using Parley.Terminal.Screen;
using Terminal.Gui.Drawing;
using Attribute = Terminal.Gui.Drawing.Attribute;

namespace Parley.Terminal.Host;

/// <summary>
/// How each ink looks. Only the terminal's own sixteen colours on its own background, so that the user's theme, light or dark, decides;
/// with <c>NO_COLOR</c> set, only weight and reversal. Nothing is told by colour alone.
/// </summary>
internal static class InkStyles
{
    private static readonly bool Coloured = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    /// <summary>The look of an ink.</summary>
    public static Attribute Of(Ink ink) => ink switch
    {
        Ink.Normal => Plain(TextStyle.None),
        Ink.Muted => Plain(TextStyle.Faint),
        Ink.Strong => Plain(TextStyle.Bold),
        Ink.Name => In(ColorName16.Cyan, TextStyle.None),
        Ink.Own => In(ColorName16.Green, TextStyle.None),
        Ink.Notice => In(ColorName16.Magenta, TextStyle.None),
        Ink.Alert => In(ColorName16.Red, TextStyle.Bold),
        Ink.Good => In(ColorName16.Green, TextStyle.None),
        Ink.Unread => In(ColorName16.Yellow, TextStyle.Bold),
        Ink.Selected => Plain(TextStyle.Reverse),
        Ink.Bar => Plain(TextStyle.Reverse),
        _ => throw new ArgumentOutOfRangeException(nameof(ink)),
    };

    private static Attribute Plain(TextStyle style) => new(Color.None, Color.None, style);

    private static Attribute In(ColorName16 colour, TextStyle style) => Coloured ? new Attribute(new Color(colour), Color.None, style) : Plain(style);
}

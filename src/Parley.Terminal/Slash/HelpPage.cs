using System.Collections.Immutable;
using Parley.Terminal.Chat;

namespace Parley.Terminal.Slash;

/// <summary>The page behind F1 and <c>/help</c>, made from the table of commands and the keys.</summary>
internal static class HelpPage
{
    private static readonly ImmutableArray<(string Key, string Does)> Keys =
    [
        ("Enter", "sends"),
        ("Alt+Enter, Ctrl+J", "begins a new line"),
        ("Tab", "completes /commands, @names, #groups and :emoji:"),
        ("Up, Down", "what you sent before"),
        ("PgUp, PgDn, wheel", "scrolls; Esc goes back to the end"),
        ("Ctrl+N, Ctrl+P", "the next and the previous conversation"),
        ("Alt+1 … Alt+9", "the conversation with that place in the list"),
        ("F2, Ctrl+O", "the emoji picker"),
        ("Ctrl+W, Ctrl+U, Ctrl+K", "deletes a word, to the start, to the end"),
        ("Ctrl+L", "draws the screen anew"),
        ("Ctrl+Z", "goes to the background; fg brings Parley back"),
        ("Ctrl+Q", "ends Parley"),
    ];

    /// <summary>The whole page.</summary>
    public static Overlay.Page All() => new("Help",
    [
        "Commands",
        .. SlashCommands.All.Select(command => Row(command.Usage, command.Help)),
        "",
        "Keys",
        .. Keys.Select(key => Row(key.Key, key.Does)),
        "",
        "A message that begins with a slash is written with two: //like this.",
    ]);

    private static string Row(string term, string meaning) => $"  {term}\t{meaning}";
}

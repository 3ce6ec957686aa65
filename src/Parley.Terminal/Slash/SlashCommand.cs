using Parley.Terminal.Chat;

namespace Parley.Terminal.Slash;

/// <summary>One slash command: all that parsing, completion, help and running need to know of it.</summary>
/// <param name="Name">Its name, without the slash.</param>
/// <param name="Arguments">Its arguments as help shows them.</param>
/// <param name="ArgumentsMin">How many words it needs.</param>
/// <param name="Needs">What must be there before it makes sense.</param>
/// <param name="Completes">What Tab completes in its arguments.</param>
/// <param name="Help">What it does, in one sentence.</param>
/// <param name="Run">Does it.</param>
internal sealed record SlashCommand(string Name, string Arguments, int ArgumentsMin, SlashNeeds Needs, SlashCompletes Completes, string Help, Func<ChatModel, SlashLine, Step> Run)
{
    /// <summary>The command as it is typed.</summary>
    public string Usage => Arguments.Length == 0 ? "/" + Name : $"/{Name} {Arguments}";
}

/// <summary>What must be on the screen for a command.</summary>
internal enum SlashNeeds
{
    /// <summary>Nothing.</summary>
    Nothing,

    /// <summary>A conversation.</summary>
    Conversation,

    /// <summary>A group.</summary>
    Group,
}

/// <summary>What Tab completes in a command's arguments.</summary>
internal enum SlashCompletes
{
    /// <summary>Nothing but emoji.</summary>
    Nothing,

    /// <summary>Every handle that is known.</summary>
    Handles,

    /// <summary>The members of the conversation on the screen.</summary>
    Members,

    /// <summary>Handles and groups.</summary>
    Conversations,

    /// <summary>Names of commands.</summary>
    Commands,
}

/// <summary>A slash command as typed.</summary>
/// <param name="Name">The word after the slash.</param>
/// <param name="Words">The words after it.</param>
/// <param name="Rest">All after the name, as written.</param>
internal sealed record SlashLine(string Name, IReadOnlyList<string> Words, string Rest)
{
    /// <summary>Reads a line that begins with one slash. Two slashes begin a message that begins with one.</summary>
    public static SlashLine? Parse(string text)
    {
        if (!text.StartsWith('/') || text.StartsWith("//", StringComparison.Ordinal))
            return null;
        int end = text.AsSpan().IndexOfAny(' ', '\n');
        string name = end < 0 ? text[1..] : text[1..end];
        string rest = end < 0 ? "" : text[(end + 1)..].Trim();
        return new SlashLine(name, rest.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries), rest);
    }

    /// <summary>All after the first word, as written.</summary>
    public string RestAfterFirst => Words.Count == 0 ? "" : Rest[(Rest.IndexOf(Words[0], StringComparison.Ordinal) + Words[0].Length)..].Trim();
}

using System.Collections.Immutable;
using Parley.Terminal.Chat;

namespace Parley.Terminal.Slash;

/// <summary>The table of slash commands. What is not in it does not exist: help, completion and running all read it here.</summary>
internal static class SlashCommands
{
    private const int TypoMax = 2;

    /// <summary>Every command, in the order of help.</summary>
    public static ImmutableArray<SlashCommand> All { get; } =
    [
        new("help", "[command]", 0, SlashNeeds.Nothing, SlashCompletes.Commands, "Shows the commands and keys, or one command.", SlashActions.Help),
        new("msg", "@name|#group [text]", 1, SlashNeeds.Nothing, SlashCompletes.Conversations, "Opens a conversation, and sends the text if there is one.", SlashActions.Message),
        new("create", "NAME [@a @b …]", 1, SlashNeeds.Nothing, SlashCompletes.Handles, "Makes a group with these people.", SlashActions.Create),
        new("invite", "[@name]", 0, SlashNeeds.Nothing, SlashCompletes.Handles, "Adds someone to the group; without a name, makes an invite link to the server.", SlashActions.Invite),
        new("kick", "@name", 1, SlashNeeds.Group, SlashCompletes.Members, "Removes someone from the group.", SlashActions.Kick),
        new("leave", "", 0, SlashNeeds.Conversation, SlashCompletes.Nothing, "Leaves the conversation.", SlashActions.Leave),
        new("rename", "NAME", 1, SlashNeeds.Group, SlashCompletes.Nothing, "Gives the group another name.", SlashActions.Rename),
        new("who", "", 0, SlashNeeds.Conversation, SlashCompletes.Nothing, "Shows who is in the conversation.", SlashActions.Who),
        new("keys", "", 0, SlashNeeds.Conversation, SlashCompletes.Nothing, "Says when this device last got new keys here, and what a thief could read.", SlashActions.Keys),
        new("me", "TEXT", 1, SlashNeeds.Conversation, SlashCompletes.Nothing, "Tells what you do: /me waves.", SlashActions.Me),
        new("nick", "NAME", 1, SlashNeeds.Nothing, SlashCompletes.Nothing, "Sets the name others see beside your handle.", SlashActions.Nick),
        new("verify", "[@name]", 0, SlashNeeds.Nothing, SlashCompletes.Handles, "Shows the safety number with someone, to compare by voice or in person.", SlashActions.Verify),
        new("history", "[POLICY]", 0, SlashNeeds.Group, SlashCompletes.Nothing, "Says or sets what people who are added are shown: none, invitation, all, or a number of days.", SlashActions.History),
        new("mute", "", 0, SlashNeeds.Conversation, SlashCompletes.Nothing, "Mutes the conversation on all your devices, or ends that.", SlashActions.Mute),
        new("devices", "", 0, SlashNeeds.Nothing, SlashCompletes.Nothing, "Lists your devices.", SlashActions.Devices),
        new("device", "add|name|revoke …", 2, SlashNeeds.Nothing, SlashCompletes.Nothing, "Takes a device in (add CODE), names it (name DEVICE NAME), takes it out (revoke DEVICE).", SlashActions.Device),
        new("emoji", "[word]", 0, SlashNeeds.Nothing, SlashCompletes.Nothing, "Opens the emoji picker.", SlashActions.Emoji),
        new("cancel", "", 0, SlashNeeds.Conversation, SlashCompletes.Nothing, "Takes back the last message here that has not left this device.", SlashActions.Cancel),
        new("receipts", "on|off", 1, SlashNeeds.Nothing, SlashCompletes.Nothing, "Tells others what you have read, or keeps it private.", SlashActions.Receipts),
        new("clear", "", 0, SlashNeeds.Conversation, SlashCompletes.Nothing, "Clears the view; nothing is deleted.", SlashActions.Clear),
        new("export", "FILE", 1, SlashNeeds.Conversation, SlashCompletes.Nothing, "Writes the conversation to a text file.", SlashActions.Export),
        new("quit", "", 0, SlashNeeds.Nothing, SlashCompletes.Nothing, "Ends Parley.", SlashActions.Quit),
    ];

    /// <summary>The command of a name, or null.</summary>
    public static SlashCommand? Find(string name) => All.FirstOrDefault(command => string.Equals(command.Name, name, StringComparison.OrdinalIgnoreCase));

    /// <summary>Runs a line, or says in a sentence why not.</summary>
    public static Step Run(ChatModel model, SlashLine line)
    {
        SlashCommand? command = Find(line.Name);
        if (command is null)
            return Step.Refuse(model, Unknown(line.Name));
        if (line.Words.Count < command.ArgumentsMin)
            return Step.Refuse(model, $"Usage: {command.Usage}");
        if (command.Needs != SlashNeeds.Nothing && model.Current is null)
            return Step.Refuse(model, $"Open a conversation first, then use /{command.Name}.");
        if (command.Needs == SlashNeeds.Group && model.Current?.Kind != Client.ConversationKind.Group)
            return Step.Refuse(model, $"/{command.Name} works in groups only, not in a direct conversation.");
        return command.Run(model, line);
    }

    private static string Unknown(string name)
    {
        string typed = name.ToLowerInvariant();
        // Of two that are as near, the one that begins as what was typed: a first letter is seldom wrong.
        SlashCommand nearest = All.MinBy(command => (Distance(command.Name, typed), typed.StartsWith(command.Name[0]) ? 0 : 1))
            ?? throw new InvalidOperationException("The table of commands is empty.");
        string shown = Text.Cells.Cut(Text.SafeText.Line(name), 20);
        return Distance(nearest.Name, typed) <= TypoMax
            ? $"There is no command /{shown}. Did you mean /{nearest.Name}?"
            : $"There is no command /{shown}. /help shows all.";
    }

    /// <summary>Letters to add, drop or change between two words.</summary>
    private static int Distance(string a, string b)
    {
        if (b.Length > a.Length + TypoMax)
            return int.MaxValue;
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(changed, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[b.Length];
    }
}

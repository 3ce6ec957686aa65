using System.Collections.Immutable;
using Parley.Client;
using Parley.Contracts.Identity;
using Parley.Terminal.Addressing;
using Parley.Terminal.Chat;
using Parley.Terminal.Emoji;
using Parley.Terminal.Text;

namespace Parley.Terminal.Slash;

/// <summary>What each slash command does: a new model, and effects for the host.</summary>
internal static class SlashActions
{
    /// <summary><c>/help [command]</c>.</summary>
    public static Step Help(ChatModel model, SlashLine line)
    {
        if (line.Words.Count == 0)
            return Step.To(model with { Overlay = HelpPage.All() });
        return SlashCommands.Find(line.Words[0].TrimStart('/')) is { } command
            ? Step.To(model.Tell($"{command.Usage} – {command.Help}"))
            : Step.Refuse(model, "There is no such command. /help shows all.");
    }

    /// <summary><c>/msg @name|#group [text]</c>.</summary>
    public static Step Message(ChatModel model, SlashLine line)
    {
        // A group's name may hold spaces: the longest name that fits is meant, the rest is the message.
        if (!line.Rest.StartsWith('@') && LongestGroup(model, line.Rest) is { } known)
            return Show(model, known.Conversation, known.Text);
        if (!ConversationAddress.TryParse(line.Words[0], out ConversationAddress? address))
            return Step.Refuse(model, "That is not a name: write @name or #group.");
        IReadOnlyList<Conversation> found = address.FindIn(model.Conversations);
        return (address, found.Count) switch
        {
            (_, 1) => Show(model, found[0], line.RestAfterFirst),
            (ConversationAddress.Direct direct, 0) => Step.To(model.Tell($"Opening a conversation with {direct.Peer}…"), new ChatEffect.OpenDirect(direct.Peer, ShortCodes.Replace(line.RestAfterFirst))),
            (_, 0) => Step.Refuse(model, "There is no such group. /create makes one."),
            _ => Step.Refuse(model, "Several groups have that name: choose one from the list."),
        };
    }

    /// <summary><c>/create NAME [@a @b …]</c>.</summary>
    public static Step Create(ChatModel model, SlashLine line)
    {
        string name = string.Join(' ', line.Words.TakeWhile(word => !word.StartsWith('@'))).TrimStart('#');
        if (name.Length == 0)
            return Step.Refuse(model, "A group needs a name: /create NAME @a @b.");
        return ReadHandles(line.Words.SkipWhile(word => !word.StartsWith('@')), out ImmutableArray<Handle> members) is { } problem
            ? Step.Refuse(model, problem)
            : Step.To(model.Tell($"Making #{SafeText.Line(name)}…"), new ChatEffect.CreateGroup(name, members));
    }

    /// <summary><c>/invite [@name]</c>.</summary>
    public static Step Invite(ChatModel model, SlashLine line)
    {
        if (line.Words.Count == 0)
            return Step.To(model.Tell("Asking the server for an invite…"), new ChatEffect.CreateInvite());
        if (!Handle.TryParse(line.Words[0], out Handle? handle))
            return Step.Refuse(model, NotAHandle(line.Words[0]));
        return model.Current is { Kind: ConversationKind.Group } group
            ? Step.To(model.Tell($"Adding {handle}…"), new ChatEffect.AddMember(group.Id, handle))
            : Step.Refuse(model, $"Open a group first, then use /invite {handle}; /create makes one.");
    }

    /// <summary><c>/kick @name</c>.</summary>
    public static Step Kick(ChatModel model, SlashLine line) =>
        !Handle.TryParse(line.Words[0], out Handle? handle) ? Step.Refuse(model, NotAHandle(line.Words[0]))
        : model.Open is null ? Step.To(model)
        : Step.To(model.Tell($"Removing {handle}…"), new ChatEffect.RemoveMember(model.Open.Id, handle));

    /// <summary><c>/leave</c>.</summary>
    public static Step Leave(ChatModel model, SlashLine line)
    {
        if (model.Current is not { } conversation)
            return Step.To(model);
        return Step.To(model with
        {
            Overlay = new Overlay.Question(
                $"Leave {ConversationAddress.Of(conversation)}?",
                ["You can no longer read or write here.", "What you have already received stays."],
                new ChatEffect.Leave(conversation.Id)),
        });
    }

    /// <summary><c>/rename NAME</c>.</summary>
    public static Step Rename(ChatModel model, SlashLine line) =>
        model.Open is null ? Step.To(model) : Step.To(model, new ChatEffect.Rename(model.Open.Id, line.Rest.TrimStart('#')));

    /// <summary><c>/who</c>.</summary>
    public static Step Who(ChatModel model, SlashLine line)
    {
        if (model.Current is not { } conversation)
            return Step.To(model);
        ImmutableArray<string> lines = [.. conversation.Members.OrderBy(member => member.Handle.Value, StringComparer.Ordinal).Select(Describe)];
        return Step.To(model with { Overlay = new Overlay.Page($"{ConversationAddress.Of(conversation)} – {Plural.Of(lines.Length, "member")}", lines) });
    }

    /// <summary><c>/keys</c>.</summary>
    public static Step Keys(ChatModel model, SlashLine line) => model.Open is null ? Step.To(model) : Step.To(model, new ChatEffect.ReadKeys(model.Open.Id));

    /// <summary><c>/me TEXT</c>.</summary>
    public static Step Me(ChatModel model, SlashLine line) =>
        model.Open is null ? Step.To(model) : Step.To(model, new ChatEffect.Send(model.Open.Id, new OutgoingMessage.Action(ShortCodes.Replace(line.Rest))));

    /// <summary><c>/nick NAME</c>.</summary>
    public static Step Nick(ChatModel model, SlashLine line) => Step.To(model, new ChatEffect.SetNickname(line.Rest));

    /// <summary><c>/verify [@name]</c>.</summary>
    public static Step Verify(ChatModel model, SlashLine line)
    {
        if (line.Words.Count > 0)
            return Handle.TryParse(line.Words[0], out Handle? named) ? Step.To(model, new ChatEffect.ReadVerification(named)) : Step.Refuse(model, NotAHandle(line.Words[0]));
        return model.Current is { } conversation && ConversationAddress.PeerOf(conversation) is { } peer
            ? Step.To(model, new ChatEffect.ReadVerification(peer))
            : Step.Refuse(model, "Usage: /verify @name");
    }

    /// <summary><c>/history [POLICY]</c>.</summary>
    public static Step History(ChatModel model, SlashLine line)
    {
        if (model.Current is not { } conversation)
            return Step.To(model);
        if (line.Words.Count == 0)
            return Step.To(model.Tell(HistoryWords.Describe(conversation.History)));
        return HistoryWords.TryParse(line.Words[0], out HistoryPolicy? policy)
            ? Step.To(model, new ChatEffect.SetHistory(conversation.Id, policy))
            : Step.Refuse(model, HistoryWords.Usage);
    }

    /// <summary><c>/mute</c>.</summary>
    public static Step Mute(ChatModel model, SlashLine line) => model.Current is { } conversation
        ? Step.To(model.Tell(conversation.IsMuted ? "The conversation is not muted any more." : "The conversation is muted on all your devices."), new ChatEffect.SetMuted(conversation.Id, !conversation.IsMuted))
        : Step.To(model);

    /// <summary><c>/devices</c>.</summary>
    public static Step Devices(ChatModel model, SlashLine line) => Step.To(model, new ChatEffect.ReadDevices());

    /// <summary><c>/device add CODE | number NUMBER | name DEVICE NAME | revoke DEVICE</c>.</summary>
    public static Step Device(ChatModel model, SlashLine line)
    {
        string rest = line.RestAfterFirst;
        switch (line.Words[0].ToLowerInvariant())
        {
            case "add":
                return Step.To(model.Tell("Looking for the new device…"), new ChatEffect.AddDevice(rest));
            case "number":
                return Step.To(model, new ChatEffect.AnswerNumber(rest));
            case "name" when line.Words.Count > 2:
                return Step.To(model, new ChatEffect.NameDevice(line.Words[1], rest[(rest.IndexOf(line.Words[1], StringComparison.Ordinal) + line.Words[1].Length)..].Trim()));
            case "revoke":
                return Step.To(model with
                {
                    Overlay = new Overlay.Question(
                        $"Take {Cells.Cut(SafeText.Line(rest), 40)} out of your account?",
                        ["It can no longer sign in, and leaves all conversations.", "What it has received stays on it."],
                        new ChatEffect.RevokeDevice(rest)),
                });
            default:
                return Step.Refuse(model, "Usage: /device add CODE, /device name DEVICE NAME, /device revoke DEVICE");
        }
    }

    /// <summary><c>/emoji [word]</c>.</summary>
    public static Step Emoji(ChatModel model, SlashLine line) => Step.To(model with { Overlay = new Overlay.EmojiPicker(line.Rest) });

    /// <summary><c>/cancel</c>.</summary>
    public static Step Cancel(ChatModel model, SlashLine line) =>
        model.Open?.Items.LastOrDefault(static item => item.State is DeliveryState.Queued or DeliveryState.Sending) is { Id: { } waiting }
            ? Step.To(model, new ChatEffect.Cancel(waiting))
            : Step.Refuse(model, "No message waits here.");

    /// <summary><c>/receipts on|off</c>.</summary>
    public static Step Receipts(ChatModel model, SlashLine line) => line.Words[0].ToLowerInvariant() switch
    {
        "on" => Step.To(model, new ChatEffect.SetReadReceipts(true)),
        "off" => Step.To(model, new ChatEffect.SetReadReceipts(false)),
        _ => Step.Refuse(model, "Usage: /receipts on|off"),
    };

    /// <summary><c>/clear</c>.</summary>
    public static Step Clear(ChatModel model, SlashLine line) => model.Open is { } open
        ? Step.To(model with { Open = open with { ClearedUpTo = open.Items.IsEmpty ? 0 : open.Items[^1].Order, ScrolledUp = 0, FirstUnread = null } })
        : Step.To(model);

    /// <summary><c>/export FILE</c>.</summary>
    public static Step Export(ChatModel model, SlashLine line) => model.Open is null ? Step.To(model) : Step.To(model, new ChatEffect.Export(model.Open.Id, line.Rest));

    /// <summary><c>/quit</c>.</summary>
    public static Step Quit(ChatModel model, SlashLine line) => Step.To(model, new ChatEffect.Quit());

    /// <summary>Reads handles; null if all are, otherwise what is wrong with the first that is not.</summary>
    private static string? ReadHandles(IEnumerable<string> words, out ImmutableArray<Handle> handles)
    {
        var read = ImmutableArray.CreateBuilder<Handle>();
        handles = [];
        foreach (string word in words)
        {
            if (!Handle.TryParse(word.TrimEnd(','), out Handle? handle))
                return NotAHandle(word);
            if (!read.Contains(handle))
                read.Add(handle);
        }

        handles = read.ToImmutable();
        return null;
    }

    private static string NotAHandle(string word) => $"“{Cells.Cut(SafeText.Line(word), 20)}” is not a user name.";

    private static Step Show(ChatModel model, Conversation conversation, string text)
    {
        Step shown = ChatUpdate.Show(model, conversation.Id);
        return text.Length == 0
            ? shown
            : Step.To(shown.Model, [.. shown.Effects, new ChatEffect.Send(conversation.Id, new OutgoingMessage.Text(ShortCodes.Replace(text)))]);
    }

    private static (Conversation Conversation, string Text)? LongestGroup(ChatModel model, string rest)
    {
        string text = rest.StartsWith('#') ? rest[1..] : rest;
        Conversation? longest = model.Conversations
            .Where(conversation => conversation.Kind == ConversationKind.Group && conversation.Title.Length > 0
                && text.StartsWith(conversation.Title, StringComparison.OrdinalIgnoreCase)
                && (text.Length == conversation.Title.Length || text[conversation.Title.Length] == ' '))
            .MaxBy(conversation => conversation.Title.Length);
        if (longest is null || model.Conversations.Count(conversation => conversation.Kind == ConversationKind.Group && conversation.Title == longest.Title) > 1)
            return null;
        return (longest, text[longest.Title.Length..].Trim());
    }

    private static string Describe(MemberInfo member)
    {
        string name = SafeText.Line(member.DisplayName);
        string line = member.Handle.ToString();
        if (name != member.Handle.Value)
            line += $" ({name})";
        if (member.IsSelf)
            line += ", you";
        if (member.IsAdmin)
            line += ", administrator";
        if (member.IsVerified)
            line += ", verified";
        return line;
    }
}

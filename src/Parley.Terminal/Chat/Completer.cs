using System.Collections.Immutable;
using Parley.Client;
using Parley.Terminal.Addressing;
using Parley.Terminal.Emoji;
using Parley.Terminal.Slash;
using Parley.Terminal.Text;

namespace Parley.Terminal.Chat;

/// <summary>Finds what the word at the cursor could become: a command, a person, a group or an emoji.</summary>
internal static class Completer
{
    /// <summary>The completions offered while typing, or null.</summary>
    public static Completion? WhileTyping(ChatModel model)
    {
        (string text, int cursor) = (model.Composer.Text, model.Composer.Cursor);
        if (ShortCodes.TryFindOpen(text, cursor, out int colon, out string name))
            return Offer(colon, cursor, EmojiTable.Search(name).Select(entry => new Candidate(entry.Emoji, $"{entry.Emoji} :{entry.Name}:")));
        int start = WordStart(text, cursor);
        string word = text[start..cursor];
        if (start == 0 && word.StartsWith('/') && !word.StartsWith("//", StringComparison.Ordinal))
            return Offer(0, cursor, Commands(word[1..], "/"));
        if (word.StartsWith('@'))
            return Offer(start, cursor, Handles(KnownHandles(model), word[1..]));
        if (word.StartsWith('#'))
            return Offer(start, cursor, Groups(model, word[1..]));
        return word.Length > 0 ? Arguments(model, text, start, cursor) : null;
    }

    /// <summary>The completions offered when Tab is pressed: also for a bare word at the start, and for an argument not yet begun.</summary>
    public static Completion? OnRequest(ChatModel model)
    {
        if (WhileTyping(model) is { } completion)
            return completion;
        (string text, int cursor) = (model.Composer.Text, model.Composer.Cursor);
        int start = WordStart(text, cursor);
        if (text.StartsWith('/'))
            return Arguments(model, text, start, cursor);
        return start < cursor ? Offer(start, cursor, Handles(Members(model), text[start..cursor])) : null;
    }

    private static Completion? Arguments(ChatModel model, string text, int start, int cursor)
    {
        if (SlashLine.Parse(text) is not { } line || start == 0 || SlashCommands.Find(line.Name) is not { } command)
            return null;
        string word = text[start..cursor];
        return command.Completes switch
        {
            SlashCompletes.Handles => Offer(start, cursor, Handles(KnownHandles(model), word)),
            SlashCompletes.Members => Offer(start, cursor, Handles(Members(model), word)),
            SlashCompletes.Conversations => Offer(start, cursor, Handles(KnownHandles(model), word).Concat(Groups(model, word))),
            SlashCompletes.Commands => Offer(start, cursor, Commands(word, "")),
            SlashCompletes.Nothing => null,
            _ => throw new InvalidOperationException(),
        };
    }

    private static Completion? Offer(int start, int end, IEnumerable<Candidate> candidates)
    {
        ImmutableArray<Candidate> offered = [.. candidates.Take(Completion.CandidatesMax)];
        return offered.IsEmpty ? null : new Completion(start, end, offered);
    }

    private static IEnumerable<Candidate> Commands(string typed, string slash) => SlashCommands.All
        .Where(command => command.Name.StartsWith(typed, StringComparison.OrdinalIgnoreCase))
        .Select(command => new Candidate(slash + command.Name + (command.Arguments.Length == 0 ? "" : " "), command.Usage, command.Help));

    private static IEnumerable<Candidate> Handles(IEnumerable<MemberInfo> people, string typed) => people
        .Where(person => person.Handle.Value.StartsWith(typed, StringComparison.OrdinalIgnoreCase))
        .Select(person => new Candidate(person.Handle + " ", person.Handle.ToString(), person.DisplayName == person.Handle.Value ? "" : SafeText.Line(person.DisplayName)));

    private static IEnumerable<Candidate> Groups(ChatModel model, string typed) => model.Conversations
        .Where(conversation => conversation.Kind == ConversationKind.Group && conversation.Title.StartsWith(typed, StringComparison.OrdinalIgnoreCase))
        .Select(conversation => new Candidate("#" + conversation.Title + " ", ConversationAddress.Of(conversation), Plural.Of(conversation.Members.Count, "member")));

    private static IEnumerable<MemberInfo> Members(ChatModel model) =>
        (model.Current?.Members ?? []).Where(member => !member.IsSelf).OrderBy(member => member.Handle.Value, StringComparer.Ordinal);

    /// <summary>Everyone one shares a conversation with, those of the conversation on the screen first.</summary>
    private static IEnumerable<MemberInfo> KnownHandles(ChatModel model) => Members(model)
        .Concat(model.Conversations.SelectMany(conversation => conversation.Members).Where(member => !member.IsSelf).OrderBy(member => member.Handle.Value, StringComparer.Ordinal))
        .DistinctBy(member => member.Handle);

    private static int WordStart(string text, int cursor)
    {
        int start = cursor;
        while (start > 0 && !char.IsWhiteSpace(text[start - 1]))
            start--;
        return start;
    }
}

using System.CommandLine;
using Parley.Client;
using Parley.Contracts.Identity;
using Parley.Terminal.Export;
using Parley.Terminal.Text;

namespace Parley.Terminal.CommandLine;

/// <summary>The commands about conversations: list, create, add, remove, leave, rename, history, members, keys, export.</summary>
internal static class ConversationVerbs
{
    /// <summary>All of them.</summary>
    public static IEnumerable<Verb> All() => [List(), Create(), Add(), Remove(), Leave(), Rename(), History(), Members(), Keys(), Export()];

    private static Argument<string> Address() => new("@NAME|#GROUP") { Description = "Which conversation." };

    private static Argument<string[]> People(ArgumentArity arity) => new("@NAME") { Description = "Whom; several may be named.", Arity = arity };

    private static Verb List() => new(
        new Command("conversations", "Lists your conversations, the newest first."),
        (_, invocation) => invocation.WithLatestAsync((client, _) =>
        {
            if (invocation.Json)
                invocation.Answer([.. client.Conversations.Select(ConversationAnswer.Of)], AnswersJson.Default.ConversationAnswerArray, "");
            else
                invocation.Table(["Conversation", "Unread", "Last"], client.Conversations.Select(Row));
            return Task.FromResult(ExitCode.Done);
        }),
        "parley conversations", "parley conversations --json");

    private static IReadOnlyList<string> Row(Conversation conversation) =>
        [ConversationAnswer.AddressOf(conversation), conversation.Unread.ToString(), Cells.Cut(SafeText.Line(conversation.LastText), 60)];

    private static Verb Create()
    {
        var name = new Argument<string>("NAME") { Description = "The group's name." };
        Argument<string[]> people = People(ArgumentArity.ZeroOrMore);
        return new Verb(
            new Command("create", "Makes a group with these people; you are its administrator.") { name, people },
            (parsed, invocation) =>
            {
                if (ReadHandles(parsed.GetValue(people) ?? [], out List<Handle> members) is { } problem)
                    return Task.FromResult(invocation.Fail("usage", problem, ExitCode.Usage));
                string title = parsed.GetRequiredValue(name);
                return invocation.WithServerAsync(async client =>
                {
                    ClientResult<ConversationId> made = await invocation.ProgressAsync("Making the group…", client.CreateGroupAsync(title.StartsWith('#') ? title[1..] : title, members, invocation.Cancelled));
                    return made.TryGetValue(out ConversationId id, out ClientError? error) ? Show(invocation, client, id, "was made") : invocation.Fail(error);
                });
            },
            "parley create climbers @bob @carol");
    }

    private static Verb Add() => ForPeople("add", "Adds people to a group.", "was changed", static (client, id, member, cancelled) => client.AddMemberAsync(id, member, cancelled), "parley add '#climbers' @dave");

    private static Verb Remove() => ForPeople("remove", "Removes people from a group. They can no longer read it.", "was changed", static (client, id, member, cancelled) => client.RemoveMemberAsync(id, member, cancelled), "parley remove '#climbers' @dave");

    private static Verb ForPeople(string name, string description, string done, Func<ParleyClient, ConversationId, Handle, CancellationToken, Task<ClientResult>> change, string example)
    {
        Argument<string> address = Address();
        Argument<string[]> people = People(ArgumentArity.OneOrMore);
        return new Verb(
            new Command(name, description) { address, people },
            (parsed, invocation) =>
            {
                if (ReadHandles(parsed.GetRequiredValue(people), out List<Handle> members) is { } problem)
                    return Task.FromResult(invocation.Fail("usage", problem, ExitCode.Usage));
                return invocation.WithConversationAsync(parsed.GetRequiredValue(address), async (client, conversation) =>
                {
                    foreach (Handle member in members)
                    {
                        ClientResult changed = await invocation.ProgressAsync($"{member}…", change(client, conversation.Id, member, invocation.Cancelled));
                        if (!changed.Succeeded)
                            return invocation.Fail(changed.Error);
                    }

                    return Show(invocation, client, conversation.Id, done);
                });
            },
            example);
    }

    private static Verb Leave()
    {
        Argument<string> address = Address();
        return new Verb(
            new Command("leave", "Leaves a conversation. What you have received stays.") { address },
            (parsed, invocation) => invocation.WithConversationAsync(parsed.GetRequiredValue(address), async (client, conversation) =>
            {
                ClientResult left = await invocation.ProgressAsync("Leaving…", client.LeaveAsync(conversation.Id, invocation.Cancelled));
                return left.Succeeded ? Show(invocation, client, conversation.Id, "was left") : invocation.Fail(left.Error);
            }),
            "parley leave '#climbers'");
    }

    private static Verb Rename()
    {
        Argument<string> address = Address();
        var name = new Argument<string>("NAME") { Description = "The new name." };
        return new Verb(
            new Command("rename", "Gives a group another name.") { address, name },
            (parsed, invocation) => invocation.WithConversationAsync(parsed.GetRequiredValue(address), async (client, conversation) =>
            {
                ClientResult renamed = await invocation.ProgressAsync("Renaming…", client.RenameAsync(conversation.Id, parsed.GetRequiredValue(name), invocation.Cancelled));
                return renamed.Succeeded ? Show(invocation, client, conversation.Id, "has its new name") : invocation.Fail(renamed.Error);
            }),
            "parley rename '#climbers' \"Climbers and cooks\"");
    }

    private static Verb History()
    {
        Argument<string> address = Address();
        var policy = new Argument<string?>("POLICY") { Description = "none, invitation, all, or a number of days. Without it, the command says which it is.", Arity = ArgumentArity.ZeroOrOne };
        return new Verb(
            new Command("history", "Says or sets what people who are added to a group are shown of what was said before.") { address, policy },
            (parsed, invocation) =>
            {
                HistoryPolicy? wanted = null;
                if (parsed.GetValue(policy) is { } text && !HistoryWords.TryParse(text, out wanted))
                    return Task.FromResult(invocation.Fail("usage", HistoryWords.Usage, ExitCode.Usage));
                return invocation.WithConversationAsync(parsed.GetRequiredValue(address), (client, conversation) => HistoryAsync(invocation, client, conversation, wanted));
            },
            "parley history '#climbers'", "parley history '#climbers' 30");
    }

    private static async Task<ExitCode> HistoryAsync(Invocation invocation, ParleyClient client, Conversation conversation, HistoryPolicy? wanted)
    {
        if (wanted is not null)
        {
            ClientResult set = await invocation.ProgressAsync("Changing the group…", client.SetHistoryAsync(conversation.Id, wanted, invocation.Cancelled));
            if (!set.Succeeded)
                return invocation.Fail(set.Error);
        }

        HistoryPolicy now = wanted ?? conversation.History;
        invocation.Answer(
            new HistoryAnswer(conversation.Id.ToString(), ConversationAnswer.AddressOf(conversation), AnswersJson.Name(now.Kind), now.Days), AnswersJson.Default.HistoryAnswer, HistoryWords.Describe(now));
        return ExitCode.Done;
    }

    private static Verb Members()
    {
        Argument<string> address = Address();
        return new Verb(
            new Command("members", "Lists who is in a conversation.") { address },
            (parsed, invocation) => invocation.WithLatestConversationAsync(parsed.GetRequiredValue(address), (_, conversation) =>
            {
                if (invocation.Json)
                    invocation.Answer([.. conversation.Members.Select(MemberAnswer.Of)], AnswersJson.Default.MemberAnswerArray, "");
                else
                    invocation.Table(["Handle", "Name", ""], conversation.Members.Select(Row));
                return ExitCode.Done;
            }),
            "parley members '#climbers'");
    }

    private static IReadOnlyList<string> Row(MemberInfo member) =>
        [member.Handle.ToString(), member.DisplayName, string.Join(", ", new[] { member.IsSelf ? "you" : "", member.IsAdmin ? "administrator" : "", member.IsVerified ? "verified" : "" }.Where(word => word.Length > 0))];

    private static Verb Keys()
    {
        Argument<string> address = Address();
        return new Verb(
            new Command("keys", "Tells when this device last got new keys in a conversation, and what a thief of its state could read.") { address },
            (parsed, invocation) => invocation.WithLatestConversationAsync(parsed.GetRequiredValue(address), (_, conversation) => Keys(invocation, conversation)),
            "parley keys @bob");
    }

    private static ExitCode Keys(Invocation invocation, Conversation conversation)
    {
        if (conversation.Healing is not { } healing)
            return invocation.Fail(ErrorText.Of(ClientErrorCode.NotMember));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        var answer = new KeysAnswer(
            conversation.Id.ToString(), ConversationAnswer.AddressOf(conversation), healing.HealedAt?.ToUniversalTime(), healing.HealsBy.ToUniversalTime(),
            healing.ReadableUntil(now - TimeSpan.FromDays(1)).ToUniversalTime());
        invocation.Answer(answer, AnswersJson.Default.KeysAnswer, string.Join('\n', HealingText.Of(healing, now, TimeZoneInfo.Local)));
        return ExitCode.Done;
    }

    private static Verb Export()
    {
        Argument<string> address = Address();
        var file = new Argument<string>("FILE") { Description = "The text file to write. It is replaced." };
        return new Verb(
            new Command("export", "Writes a conversation to a text file.") { address, file },
            (parsed, invocation) => invocation.WithLatestConversationAsync(parsed.GetRequiredValue(address), (client, conversation) =>
                ExportTo(invocation, client, conversation, parsed.GetRequiredValue(file))),
            "parley export @bob bob.txt");
    }

    private static ExitCode ExportTo(Invocation invocation, ParleyClient client, Conversation conversation, string file)
    {
        try
        {
            int items = ChatExport.WriteFile(client, conversation, file, TimeZoneInfo.Local);
            string address = ConversationAnswer.AddressOf(conversation);
            invocation.Answer(new ExportAnswer(conversation.Id.ToString(), address, Path.GetFullPath(file), items), AnswersJson.Default.ExportAnswer, $"{Plural.Of(items, "message")} of {SafeText.Line(address)} written to {Path.GetFullPath(file)}.");
            return ExitCode.Done;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return invocation.Fail("file_failed", $"The file could not be written: {e.Message}", ExitCode.Failed);
        }
    }

    private static ExitCode Show(Invocation invocation, ParleyClient client, ConversationId id, string done)
    {
        if (client.Conversations.FirstOrDefault(one => one.Id == id) is not { } conversation)
            return invocation.Fail(ErrorText.Of(ClientErrorCode.ConversationUnknown));
        invocation.Answer(ConversationAnswer.Of(conversation), AnswersJson.Default.ConversationAnswer, $"{SafeText.Line(ConversationAnswer.AddressOf(conversation))} {done}.");
        return ExitCode.Done;
    }

    private static string? ReadHandles(IEnumerable<string> words, out List<Handle> handles)
    {
        handles = [];
        foreach (string word in words)
        {
            if (!Handle.TryParse(word, out Handle? handle))
                return $"“{word}” is not a user name.";
            if (!handles.Contains(handle))
                handles.Add(handle);
        }

        return null;
    }
}

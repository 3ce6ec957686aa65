using System.CommandLine;
using Parley.Client;
using Parley.Terminal.Addressing;
using Parley.Terminal.Emoji;

namespace Parley.Terminal.CommandLine;

/// <summary>The commands about messages: send, read, outbox and receipts.</summary>
internal static class MessageVerbs
{
    private const int CountMax = 10_000;
    private const int TextCharsMax = 64 * 1024;
    private const int ItemsToSearch = 100;

    /// <summary>All of them.</summary>
    public static IEnumerable<Verb> All() => [Send(), Read(), Outbox(), Receipts()];

    private static Verb Send()
    {
        var to = new Argument<string>("@NAME|#GROUP") { Description = "Whom to send to." };
        var text = new Argument<string>("TEXT") { Description = "The message; - reads it from the standard input." };
        var action = new Option<bool>("--me") { Description = "Tell what you do: “waves”." };
        var raw = new Option<bool>("--raw") { Description = "Leave :short_codes: as they are." };
        return new Verb(
            new Command("send", "Sends a message. Returns when it is stored on the server.") { to, text, action, raw },
            (parsed, invocation) => SendAsync(invocation, parsed.GetRequiredValue(to), parsed.GetRequiredValue(text), parsed.GetValue(action), parsed.GetValue(raw)),
            "parley send @bob \"See you at eight :wave:\"", "parley send '#climbers' --me waves", "uptime | parley send @bob - --json");
    }

    private static async Task<ExitCode> SendAsync(Invocation invocation, string to, string text, bool action, bool raw)
    {
        if (!ConversationAddress.TryParse(to, out ConversationAddress? address))
            return invocation.Fail("usage", "Write @name or #group to say whom to send to.", ExitCode.Usage);
        if (text == "-")
            text = await ReadInputAsync(invocation);
        if (text.Length > TextCharsMax)
            return invocation.Fail(ErrorText.Of(ClientErrorCode.MessageTooLong));
        text = raw ? text : ShortCodes.Replace(text);
        return await invocation.WithLatestAsync(async (client, offline) =>
        {
            if (address is ConversationAddress.Direct direct && address.FindIn(client.Conversations).Count == 0)
            {
                ClientError? refused = offline ?? (await client.OpenDirectAsync(direct.Peer, invocation.Cancelled)).Error;
                if (refused is not null)
                    return invocation.Fail(refused);
            }

            return invocation.TryFind(client, to, out Conversation? conversation, out ExitCode failed)
                ? await SendAsync(invocation, client, conversation, action ? new OutgoingMessage.Action(text) : new OutgoingMessage.Text(text), offline)
                : failed;
        });
    }

    private static async Task<ExitCode> SendAsync(Invocation invocation, ParleyClient client, Conversation conversation, OutgoingMessage message, ClientError? offline)
    {
        if (!client.Send(conversation.Id, message).TryGetValue(out MessageId id, out ClientError? error))
            return invocation.Fail(error);
        ClientError? unsent = offline ?? (await invocation.ProgressAsync("Sending…", client.FlushAsync(invocation.Cancelled))).Error;
        bool refused = client.ReadTimeline(conversation.Id, ItemsToSearch).Any(item => item.Id == id && item.State == DeliveryState.Failed);
        if (refused)
            return invocation.Fail("message_refused", "The server refused the message, so nobody will see it.", ExitCode.Refused);
        string address = ConversationAnswer.AddressOf(conversation);
        var answer = new SentAnswer(conversation.Id.ToString(), address, id.ToString(), unsent is null ? "sent" : "queued");
        if (unsent is not null && !invocation.Json)
            return invocation.Fail("queued", Kept(unsent), ExitCode.Offline);
        invocation.Answer(answer, AnswersJson.Default.SentAnswer, $"Sent to {Text.SafeText.Line(address)}.");
        return unsent is null ? ExitCode.Done : ExitCode.Offline;
    }

    private static string Kept(ClientError unsent) => unsent.Code == ClientErrorCode.Offline
        ? "The server cannot be reached. The message is kept and goes out with the next command that reaches it."
        : $"The message is kept and goes out later. {unsent.Sentence}";

    private static async Task<string> ReadInputAsync(Invocation invocation)
    {
        char[] buffer = new char[TextCharsMax + 1];
        int read = await invocation.Console.In.ReadBlockAsync(buffer, invocation.Cancelled);
        return new string(buffer, 0, read).TrimEnd('\r', '\n');
    }

    private static Verb Read()
    {
        var from = new Argument<string?>("@NAME|#GROUP") { Description = "Which conversation; all if left out.", Arity = ArgumentArity.ZeroOrOne };
        var count = new Option<int>("--count", "-n") { Description = "How many messages of each conversation at most.", HelpName = "N", DefaultValueFactory = _ => 20 };
        var unread = new Option<bool>("--unread") { Description = "Only what you have not read yet." };
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with what arrives, until interrupted." };
        return new Verb(
            new Command("read", "Shows messages, oldest first, and marks them as read. With --json, one object a line.") { from, count, unread, follow },
            (parsed, invocation) => ReadAsync(invocation, parsed.GetValue(from), parsed.GetValue(count), parsed.GetValue(unread), parsed.GetValue(follow)),
            "parley read @bob", "parley read --unread", "parley read '#climbers' --follow --json");
    }

    private static async Task<ExitCode> ReadAsync(Invocation invocation, string? from, int count, bool unread, bool follow)
    {
        if (count is < 0 or > CountMax)
            return invocation.Fail("usage", $"--count takes 0 to {CountMax}.", ExitCode.Usage);
        return await invocation.WithLatestAsync(async (client, offline) =>
        {
            ConversationId? only = null;
            if (from is not null)
            {
                if (!invocation.TryFind(client, from, out Conversation? conversation, out ExitCode failed))
                    return failed;
                only = conversation.Id;
            }

            var reading = new Reading(client, invocation, only);
            reading.Show(count, unread);
            if (offline is not null && !follow)
            {
                // What is here was shown; that there may be more is not an answer but a warning.
                invocation.Console.Error.Write($"parley: {offline.Sentence}\n");
                return ExitCode.Offline;
            }

            return follow ? await reading.FollowAsync(invocation.Cancelled) : ExitCode.Done;
        });
    }

    private static Verb Outbox()
    {
        var cancel = new Option<string?>("--cancel") { Description = "Take back the message with this id, if it has not left this device.", HelpName = "ID" };
        return new Verb(
            new Command("outbox", "Lists messages that wait to be sent, or takes one back. With --json, one object a line.") { cancel },
            (parsed, invocation) => invocation.WithAccountAsync(client => Task.FromResult(Outbox(invocation, client, parsed.GetValue(cancel)))),
            "parley outbox", "parley outbox --json", "parley outbox --cancel ID");
    }

    private static Verb Receipts()
    {
        var choice = new Argument<string?>("on|off") { Description = "Tell them or not; without it, only shows what is set.", Arity = ArgumentArity.ZeroOrOne };
        return new Verb(
            new Command("receipts", "Chooses whether others are told what you have read. That a message has arrived they are always told.") { choice },
            (parsed, invocation) => invocation.WithAccountAsync(client => Task.FromResult(Receipts(invocation, client, parsed.GetValue(choice)))),
            "parley receipts", "parley receipts off");
    }

    private static ExitCode Receipts(Invocation invocation, ParleyClient client, string? choice)
    {
        if (choice is not (null or "on" or "off"))
            return invocation.Fail("usage", "Write on or off.", ExitCode.Usage);
        if (choice is not null && client.SetReadReceipts(choice == "on").Error is { } error)
            return invocation.Fail(error);
        bool areSent = client.SendsReadReceipts;
        invocation.Answer(new ReceiptsAnswer(areSent), AnswersJson.Default.ReceiptsAnswer, areSent ? "Others are told what you have read." : "Others are not told what you have read.");
        return ExitCode.Done;
    }

    private static ExitCode Outbox(Invocation invocation, ParleyClient client, string? cancelled)
    {
        var waiting = client.Conversations
            .SelectMany(conversation => client.ReadTimeline(conversation.Id, CountMax, before: long.MaxValue).Select(item => (Conversation: conversation, Item: item)))
            .Where(static pair => pair.Item is { State: DeliveryState.Queued or DeliveryState.Sending, Id: not null })
            .ToList();
        if (cancelled is not null)
        {
            MessageId? id = waiting.FirstOrDefault(pair => pair.Item.Id.ToString() == cancelled).Item?.Id;
            ClientResult taken = id is { } found ? client.Cancel(found) : ClientResult.Refuse(ClientErrorCode.MessageNotQueued);
            if (!taken.Succeeded)
                return invocation.Fail(taken.Error);
            invocation.Answer(new CancelledAnswer(cancelled), AnswersJson.Default.CancelledAnswer, "Taken back. Nobody is sent it.");
            return ExitCode.Done;
        }

        foreach ((Conversation conversation, TimelineItem item) in invocation.Json ? waiting : [])
            invocation.Answer(ItemAnswer.Of(conversation, item), AnswersJson.Default.ItemAnswer, "");
        if (!invocation.Json)
            invocation.Table(["id", "to", "message"], waiting.Select(pair => (IReadOnlyList<string>)[pair.Item.Id.ToString() ?? "", ConversationAnswer.AddressOf(pair.Conversation), Export.ChatExport.Words(pair.Item)]));
        return ExitCode.Done;
    }
}

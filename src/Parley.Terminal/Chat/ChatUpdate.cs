using System.Collections.Immutable;
using Parley.Client;
using Parley.Terminal.Slash;
using Parley.Terminal.Text;

namespace Parley.Terminal.Chat;

/// <summary>What becomes of the model when something happens. Pure: the same model and event always give the same step.</summary>
internal static class ChatUpdate
{
    /// <summary>The next step.</summary>
    public static Step Apply(ChatModel model, ChatEvent happened) => happened switch
    {
        ChatEvent.Pressed pressed => KeyUpdate.Apply(model with { Told = null }, pressed.Key),
        ChatEvent.Pasted pasted => KeyUpdate.Paste(model, pasted.Text),
        ChatEvent.Clicked clicked => MouseUpdate.Click(model, clicked.At),
        ChatEvent.Wheeled wheeled => MouseUpdate.Wheel(model, wheeled.Lines),
        ChatEvent.Resized resized => Step.To(Scrolling.Within(model with { Size = resized.Size })),
        ChatEvent.SignedIn signedIn => Step.To(model with { Self = signedIn.Self, Server = signedIn.Server, Overlay = null }),
        ChatEvent.AccountWanted wanted => Step.To(model with { Overlay = new Overlay.SignUp(Name: wanted.SuggestedName) }),
        ChatEvent.SignUpRefused refused => Step.To(model.Overlay is Overlay.SignUp form ? model with { Overlay = form with { Busy = false, Problem = refused.Sentence } } : model),
        ChatEvent.ConnectionChanged changed => Step.To(model with { Connection = changed.Status }),
        ChatEvent.ConversationsRead read => ConversationsRead(model, read.Conversations),
        ChatEvent.TimelineRead read => TimelineRead(model, read),
        ChatEvent.Opened opened => Show(model with { Told = null }, opened.Id),
        ChatEvent.VerificationRead read => Step.To(model with { Overlay = AskToCompare(read.Verification) }),
        ChatEvent.KeysRead read => Step.To(model with { Overlay = new Overlay.Page(read.Title, read.Lines) }),
        ChatEvent.InviteMade made => Step.To(model with { Overlay = new Overlay.Page("Invite to the server", ["Give this link to one person; it works once:", "", made.Link, "", "They run: parley join " + made.Link]) }),
        ChatEvent.DevicesRead read => Step.To(model with { Overlay = new Overlay.Page("Your devices", [.. read.Devices.Select(Describe), "", "/device add CODE takes in a new one, /device revoke DEVICE takes one out."]) }),
        ChatEvent.NumberShown shown => Step.To(model with { Overlay = new Overlay.Page("A new device", ["Now type this number on the new device:", "", "    " + shown.Number]) }),
        ChatEvent.HistoryRead read => Step.To(model with { History = read.Sentence }),
        ChatEvent.Reported reported => Step.To(model.Tell(reported.Sentence, reported.IsError)),
        _ => throw new InvalidOperationException($"Nobody handles {happened.GetType().Name}."),
    };

    /// <summary>Puts a conversation on the screen.</summary>
    public static Step Show(ChatModel model, ConversationId id)
    {
        if (model.Open?.Id == id)
            return Step.To(model with { Overlay = null });
        int unread = model.Find(id)?.Unread ?? 0;
        var open = new OpenConversation(id) { UnreadAtOpening = unread, Wanted = Math.Max(OpenConversation.Page, unread) };
        Step left = Leave(model);

        // A command is no draft, and what is written before there is a conversation is for the first one.
        bool stays = SlashLine.Parse(model.Composer.Text) is not null || (model.Open is null && model.Composer.Text.Length > 0);
        Composer composer = stays ? model.Composer : model.Composer.With(model.Find(id)?.Draft ?? "");
        ChatModel next = left.Model with { Open = open, Overlay = null, Completion = null, Composer = composer };
        return Step.To(next, [.. left.Effects, new ChatEffect.ReadTimeline(id, open.Wanted)]);
    }

    /// <summary>What has been begun to be written stays with its conversation.</summary>
    private static Step Leave(ChatModel model)
    {
        string text = model.Composer.Text;
        if (model.Current is not { } before || before.Draft == text || SlashLine.Parse(text) is not null)
            return Step.To(model);
        ImmutableArray<Conversation> conversations = model.Conversations.Replace(before, before with { Draft = text });
        return Step.To(model with { Conversations = conversations }, new ChatEffect.SetDraft(before.Id, text));
    }

    private static string Describe(DeviceInfo device)
    {
        string name = device.Name.Length == 0 ? "" : $"  {SafeText.Line(device.Name)}";
        string about = device.IsThis ? ", this one" : device.IsShared ? "" : ", not taken in by your other devices";
        return $"{device.Id.ToString()[..8]}{name}  since {device.AddedAt:yyyy-MM-dd}{about}";
    }

    private static Step ConversationsRead(ChatModel model, ImmutableArray<Conversation> conversations)
    {
        ChatModel next = model with { Conversations = conversations };
        // The first conversation is shown without being asked for, so that the program never begins with an empty screen.
        if (next.Open is not null || conversations.IsEmpty)
            return MarkRead(next);
        Step shown = Show(next, conversations[0].Id);
        return shown with { Model = shown.Model with { Overlay = model.Overlay } };
    }

    private static Step TimelineRead(ChatModel model, ChatEvent.TimelineRead read)
    {
        if (model.Open is not { } open || open.Id != read.Id)
            return Step.To(model);
        bool first = open.Items.IsEmpty;
        OpenConversation next = open with { Items = read.Items, HasStart = read.Items.Length < read.Wanted };
        if (first && open.UnreadAtOpening > 0)
            next = next with { FirstUnread = FirstUnread(read.Items, open.UnreadAtOpening) };
        if (open.ScrolledUp > 0)
            next = next with { ScrolledUp = open.ScrolledUp + Scrolling.LinesAddedAtEnd(model, open, next) };
        ChatModel updated = Scrolling.Within(model with { Open = next });
        return MarkRead(updated);
    }

    /// <summary>What is on the screen at its end has been read.</summary>
    public static Step MarkRead(ChatModel model)
    {
        if (model.Open is not { ScrolledUp: 0 } open || model.Current is not { Unread: > 0 })
            return Step.To(model);
        TimelineItem? last = open.Items.LastOrDefault(item => item.State == DeliveryState.Received);
        return last is null ? Step.To(model) : Step.To(model, new ChatEffect.MarkRead(open.Id, last.Order));
    }

    private static long? FirstUnread(ImmutableArray<TimelineItem> items, int unread)
    {
        long? order = null;
        for (int i = items.Length - 1; i >= 0 && unread > 0; i--)
        {
            if (items[i].State != DeliveryState.Received || items[i].Content is TimelineContent.Notice)
                continue;
            order = items[i].Order;
            unread--;
        }

        return order;
    }

    private static Overlay AskToCompare(Verification verification)
    {
        string[] groups = verification.SafetyNumber.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        ImmutableArray<string> lines =
        [
            verification switch
            {
                { HasChanged: true } => $"The account key of {verification.Peer} has CHANGED since you verified it.",
                { IsConfirmed: true } => $"You have verified {verification.Peer}.",
                _ => $"You have not verified {verification.Peer} yet.",
            },
            "",
            .. groups.Chunk(4).Select(row => "    " + string.Join(' ', row)),
            "",
            "Compare the number by voice or in person. If both screens show the same, nobody is listening in.",
            .. verification is { IsConfirmed: true, HasChanged: false } ? (ImmutableArray<string>)[] : ["", "Is it the same on both sides?"],
        ];
        string title = $"Safety number with {verification.Peer}";
        return verification is { IsConfirmed: true, HasChanged: false }
            ? new Overlay.Page(title, lines)
            : new Overlay.Question(title, lines, new ChatEffect.Confirm(verification.Peer));
    }
}

using Parley.Client;
using Parley.Terminal.Emoji;
using Parley.Terminal.Screen;
using Parley.Terminal.Slash;
using Parley.Terminal.Text;

namespace Parley.Terminal.Chat;

/// <summary>What each key does while a conversation is on the screen.</summary>
internal static class KeyUpdate
{
    /// <summary>The step a key makes.</summary>
    public static Step Apply(ChatModel model, KeyPress key)
    {
        if (key.IsControl('q'))
            return Step.To(model, new ChatEffect.Quit());
        if (key.IsControl('l'))
            return Step.To(model, new ChatEffect.Redraw());
        if (key.IsControl('z'))
            return Step.To(model, new ChatEffect.Suspend());
        if (model.Overlay is not null)
            return OverlayUpdate.Apply(model, model.Overlay, key);
        return Everywhere(model, key) ?? Completing(model, key) ?? Editing(model, key);
    }

    /// <summary>Pasted text goes where typed text goes, line breaks included; it never sends. What cannot be typed is left out.</summary>
    public static Step Paste(ChatModel model, string text)
    {
        string plain = string.Concat(text.ReplaceLineEndings("\n").Replace("\t", "    ").Where(letter => letter == '\n' || !char.IsControl(letter)));
        return model.Overlay is not null
            ? OverlayUpdate.Apply(model, model.Overlay, KeyPress.Typing(SafeText.Line(plain.Trim())))
            : Step.To(Edited(model, model.Composer.Insert(plain)));
    }

    private static Step? Everywhere(ChatModel model, KeyPress key) => key switch
    {
        { Name: KeyName.Help } => Step.To(model with { Overlay = HelpPage.All(), Completion = null }),
        { Name: KeyName.Emoji } => Step.To(model with { Overlay = new Overlay.EmojiPicker(), Completion = null }),
        { Name: KeyName.PageUp } => Scrolling.By(model, Math.Max(1, ChatLayout.Of(model).Timeline.Height - 2)),
        { Name: KeyName.PageDown } => Scrolling.By(model, -Math.Max(1, ChatLayout.Of(model).Timeline.Height - 2)),
        { Name: KeyName.Home, Ctrl: true } => Scrolling.By(model, int.MaxValue),
        { Name: KeyName.End, Ctrl: true } => Scrolling.By(model, int.MinValue),
        { Name: KeyName.Down, Alt: true } => Neighbour(model, 1),
        { Name: KeyName.Up, Alt: true } => Neighbour(model, -1),
        { Name: KeyName.Text, Alt: true, Text: [>= '1' and <= '9'] } => ShowAt(model, key.Text[0] - '1'),
        _ when key.IsControl('n') => Neighbour(model, 1),
        _ when key.IsControl('p') => Neighbour(model, -1),
        _ when key.IsControl('o') => Step.To(model with { Overlay = new Overlay.EmojiPicker(), Completion = null }),
        _ when key.IsControl('c') => model.Composer.Text.Length > 0
            ? Step.To(model with { Composer = model.Composer.With(""), Completion = null })
            : Step.To(model.Tell("Ctrl+Q ends Parley.")),
        _ when key.IsControl('d') && model.Composer.Text.Length == 0 => Step.To(model, new ChatEffect.Quit()),
        _ => null,
    };

    private static Step? Completing(ChatModel model, KeyPress key)
    {
        if (key is { Name: KeyName.Tab, Shift: false } && model.Completion is null)
            return Requested(model);
        if (model.Completion is not { } completion)
            return null;
        return key.Name switch
        {
            KeyName.Tab when !key.Shift => Accept(model, completion),
            KeyName.Tab or KeyName.Up => Step.To(model with { Completion = completion.Move(-1) }),
            KeyName.Down => Step.To(model with { Completion = completion.Move(1) }),
            KeyName.Escape => Step.To(model with { Completion = null }),
            _ => null,
        };
    }

    private static Step Requested(ChatModel model) => Completer.OnRequest(model) switch
    {
        null => Step.To(model),
        { Candidates.Length: 1 } only => Accept(model, only),
        var several => Step.To(model with { Completion = several }),
    };

    /// <summary>Writes the chosen completion.</summary>
    public static Step Accept(ChatModel model, Completion completion)
    {
        Composer composer = model.Composer.Replace(completion.Start, completion.End, completion.Candidates[completion.Selected].Insert);
        return Step.To(model with { Composer = composer, Completion = null });
    }

    private static Step Editing(ChatModel model, KeyPress key)
    {
        Composer composer = model.Composer;
        Composer? edited = key switch
        {
            { Name: KeyName.Enter, Alt: false, Ctrl: false, Shift: false } => null,
            { Name: KeyName.Enter } => composer.Insert("\n"),
            { Name: KeyName.Text, Ctrl: false, Alt: false } => composer.Insert(key.Text),
            { Name: KeyName.Backspace, Ctrl: false, Alt: false } => composer.DeleteBefore(),
            { Name: KeyName.Backspace } => composer.DeleteWord(),
            { Name: KeyName.Delete } => composer.DeleteAt(),
            { Name: KeyName.Left, Ctrl: false } => composer.Left(),
            { Name: KeyName.Left } => composer.WordLeft(),
            { Name: KeyName.Right, Ctrl: false } => composer.Right(),
            { Name: KeyName.Right } => composer.WordRight(),
            { Name: KeyName.Home } => composer.Home(),
            { Name: KeyName.End } => composer.End(),
            { Name: KeyName.Up } => composer.MoveRow(-1, ChatLayout.Of(model).ComposerText.Width) ?? composer.Earlier(),
            { Name: KeyName.Down } => composer.MoveRow(1, ChatLayout.Of(model).ComposerText.Width) ?? composer.Later(),
            _ when key.IsControl('a') => composer.Home(),
            _ when key.IsControl('e') => composer.End(),
            _ when key.IsControl('w') => composer.DeleteWord(),
            _ when key.IsControl('u') => composer.DeleteToLineStart(),
            _ when key.IsControl('k') => composer.DeleteToLineEnd(),
            _ => null,
        };
        if (edited is not null)
            return Step.To(edited == composer ? model : Edited(model, edited));
        return key.Name switch
        {
            KeyName.Enter => Send(model),
            KeyName.Escape => Scrolling.By(model, int.MinValue),
            _ => Step.To(model),
        };
    }

    /// <summary>The model after an edit. Completions are offered for what is typed, not for walking through the text or the history.</summary>
    private static ChatModel Edited(ChatModel model, Composer composer)
    {
        ChatModel next = model with { Composer = composer, Completion = null };
        return composer.Text == model.Composer.Text || composer.HistoryAt != model.Composer.HistoryAt ? next : next with { Completion = Completer.WhileTyping(next) };
    }

    private static Step Send(ChatModel model)
    {
        string text = model.Composer.Text.Trim();
        if (text.Length == 0)
            return Step.To(model);
        ChatModel sent = model with { Composer = model.Composer.Sent(), Completion = null };
        if (SlashLine.Parse(text) is { } line)
        {
            Step step = SlashCommands.Run(sent, line);
            // A refused line stays to be mended; nobody should type it twice.
            return step.Model.Told is { IsError: true } ? step with { Model = step.Model with { Composer = model.Composer } } : step;
        }

        if (model.Current is not { } conversation)
            return Step.Refuse(model, "Nobody to send to yet: /msg @name opens a conversation, /create NAME makes a group.");
        if (conversation.State != MembershipState.Active)
            return Step.Refuse(model, "You are no longer a member of this conversation.");
        string body = ShortCodes.Replace(text.StartsWith("//", StringComparison.Ordinal) ? text[1..] : text);
        ChatModel following = sent.Open is { } open ? sent with { Open = open with { ScrolledUp = 0, FirstUnread = null } } : sent;
        var send = new ChatEffect.Send(conversation.Id, new OutgoingMessage.Text(body));
        return conversation.Draft.Length == 0 ? Step.To(following, send) : Step.To(following, send, new ChatEffect.SetDraft(conversation.Id, ""));
    }

    private static Step Neighbour(ChatModel model, int steps)
    {
        if (model.Conversations.IsEmpty)
            return Step.To(model);
        int now = model.Open is { } open ? model.Conversations.ToList().FindIndex(conversation => conversation.Id == open.Id) : -1;
        int count = model.Conversations.Length;
        return ChatUpdate.Show(model, model.Conversations[(now + steps + count) % count].Id);
    }

    private static Step ShowAt(ChatModel model, int index) => index < model.Conversations.Length ? ChatUpdate.Show(model, model.Conversations[index].Id) : Step.To(model);
}

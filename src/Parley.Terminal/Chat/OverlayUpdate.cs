using Parley.Client;
using Parley.Contracts.Identity;
using Parley.Terminal.Emoji;
using Parley.Terminal.Screen;

namespace Parley.Terminal.Chat;

/// <summary>What each key does while something lies over the conversation.</summary>
internal static class OverlayUpdate
{
    private const int FieldCharsMax = 512;

    /// <summary>The step a key makes.</summary>
    public static Step Apply(ChatModel model, Overlay overlay, KeyPress key) => overlay switch
    {
        Overlay.Page page => OnPage(model, page, key),
        Overlay.Question question => OnQuestion(model, question, key),
        Overlay.EmojiPicker picker => OnEmoji(model, picker, key),
        Overlay.SignUp form => OnSignUp(model, form, key),
        _ => throw new InvalidOperationException($"Nobody handles {overlay.GetType().Name}."),
    };

    /// <summary>Writes the emoji at a place of the picker's grid and closes it.</summary>
    public static Step Choose(ChatModel model, Overlay.EmojiPicker picker, int index)
    {
        EmojiEntry? entry = EmojiTable.Search(picker.Sought).ElementAtOrDefault(index);
        return Step.To(entry is null ? model : model with { Composer = model.Composer.Insert(entry.Emoji), Overlay = null });
    }

    /// <summary>Scrolls a page.</summary>
    public static ChatModel Scroll(ChatModel model, Overlay.Page page, int lines)
    {
        int topMax = OverlayLayout.TopMax(model.Size, page);
        return model with { Overlay = page with { Top = Math.Clamp(page.Top + lines, 0, topMax) } };
    }

    private static Step OnPage(ChatModel model, Overlay.Page page, KeyPress key) => key.Name switch
    {
        KeyName.Up => Step.To(Scroll(model, page, -1)),
        KeyName.Down => Step.To(Scroll(model, page, 1)),
        KeyName.PageUp => Step.To(Scroll(model, page, -Math.Max(1, model.Size.Row / 2))),
        KeyName.PageDown => Step.To(Scroll(model, page, Math.Max(1, model.Size.Row / 2))),
        _ => Step.To(model with { Overlay = null }),
    };

    private static Step OnQuestion(ChatModel model, Overlay.Question question, KeyPress key) => key switch
    {
        { Name: KeyName.Text, Ctrl: false, Text: "y" or "Y" } => Step.To(model with { Overlay = null }, question.OnYes),
        { Name: KeyName.Escape } or { Name: KeyName.Text, Text: "n" or "N" } => Step.To(model with { Overlay = null }),
        _ => Step.To(model),
    };

    private static Step OnEmoji(ChatModel model, Overlay.EmojiPicker picker, KeyPress key)
    {
        int columns = OverlayLayout.EmojiColumns(model.Size);
        return key switch
        {
            { Name: KeyName.Escape } => Step.To(model with { Overlay = null }),
            { Name: KeyName.Enter or KeyName.Tab } => Choose(model, picker, picker.Selected),
            { Name: KeyName.Left } => Move(-1),
            { Name: KeyName.Right } => Move(1),
            { Name: KeyName.Up } => Move(-columns),
            { Name: KeyName.Down } => Move(columns),
            { Name: KeyName.Backspace } => Step.To(model with { Overlay = new Overlay.EmojiPicker(picker.Sought.Length == 0 ? "" : picker.Sought[..^1]) }),
            { Name: KeyName.Text, Ctrl: false, Alt: false } when picker.Sought.Length < 32 => Step.To(model with { Overlay = new Overlay.EmojiPicker(picker.Sought + key.Text) }),
            _ => Step.To(model),
        };

        Step Move(int steps)
        {
            int count = EmojiTable.Search(picker.Sought).Count();
            int next = picker.Selected + steps;
            return next < 0 || next >= count ? Step.To(model) : Step.To(model with { Overlay = picker with { Selected = next } });
        }
    }

    private static Step OnSignUp(ChatModel model, Overlay.SignUp form, KeyPress key)
    {
        if (key.Name == KeyName.Escape || key.IsControl('c'))
            return Step.To(model, new ChatEffect.Quit());
        if (form.Busy)
            return Step.To(model);
        if (key.Name == KeyName.Enter && form.OnName)
            return Submit(model, form);
        Overlay.SignUp next = key switch
        {
            { Name: KeyName.Tab or KeyName.Up or KeyName.Down } => form with { OnName = !form.OnName },
            { Name: KeyName.Enter } => form with { OnName = true },
            { Name: KeyName.Backspace } => Edit(form, text => text.Length == 0 ? "" : text[..^1]),
            _ when key.IsControl('u') => Edit(form, _ => ""),
            { Name: KeyName.Text, Ctrl: false, Alt: false } => Edit(form, text => text.Length + key.Text.Length > FieldCharsMax ? text : text + key.Text),
            _ => form,
        };
        return Step.To(model with { Overlay = next });
    }

    private static Overlay.SignUp Edit(Overlay.SignUp form, Func<string, string> edit) =>
        (form.OnName ? form with { Name = edit(form.Name) } : form with { Link = edit(form.Link) }) with { Problem = "" };

    private static Step Submit(ChatModel model, Overlay.SignUp form)
    {
        if (!InviteLink.TryParse(form.Link, out InviteLink? invite))
            return Refuse("That is not an invite link. It looks like https://chat.example.org/i/CODE.", onName: false);
        if (!Handle.TryParse(form.Name.Trim(), out Handle? handle))
            return Refuse("A user name is 1 to 32 letters and digits, and . _ - after the first character.", onName: true);
        return Step.To(model with { Overlay = form with { Busy = true, Problem = "" } }, new ChatEffect.SignUp(invite, handle));

        Step Refuse(string problem, bool onName) => Step.To(model with { Overlay = form with { Problem = problem, OnName = onName } });
    }
}

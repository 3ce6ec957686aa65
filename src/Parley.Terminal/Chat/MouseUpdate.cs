using Parley.Terminal.Screen;

namespace Parley.Terminal.Chat;

/// <summary>What the mouse does: a click opens, chooses or places the cursor, the wheel scrolls.</summary>
internal static class MouseUpdate
{
    /// <summary>The step a click makes.</summary>
    public static Step Click(ChatModel model, Cell at)
    {
        if (model.Overlay is not null)
            return ClickOverlay(model, model.Overlay, at);
        ChatLayout layout = ChatLayout.Of(model);
        if (model.Completion is { } completion && layout.Completion.Inside().Contains(at))
            return KeyUpdate.Accept(model, completion with { Selected = layout.FirstCandidate + at.Row - layout.Completion.Inside().Top });
        if (layout.List.Contains(at))
        {
            int index = layout.FirstListed + at.Row - layout.List.Top;
            return index < model.Conversations.Length ? ChatUpdate.Show(model, model.Conversations[index].Id) : Step.To(model);
        }

        if (!layout.ComposerText.Contains(at))
            return Step.To(model);
        ComposerLines lines = ComposerLines.Of(model.Composer.Text, model.Composer.Cursor, layout.ComposerText.Width);
        int place = lines.PlaceAt(new Cell(at.Column - layout.ComposerText.Left, at.Row - layout.ComposerText.Top + layout.FirstComposerRow));
        return Step.To(model with { Composer = model.Composer with { Cursor = place }, Completion = null });
    }

    /// <summary>The step a turn of the wheel makes.</summary>
    public static Step Wheel(ChatModel model, int lines) => model.Overlay switch
    {
        null => Scrolling.By(model, lines),
        Overlay.Page page => Step.To(OverlayUpdate.Scroll(model, page, -lines)),
        Overlay.EmojiPicker => OverlayUpdate.Apply(model, model.Overlay, new KeyPress(lines > 0 ? KeyName.Up : KeyName.Down)),
        Overlay.Question or Overlay.SignUp => Step.To(model),
        _ => throw new InvalidOperationException($"Nobody handles {model.Overlay.GetType().Name}."),
    };

    private static Step ClickOverlay(ChatModel model, Overlay overlay, Cell at)
    {
        if (overlay is Overlay.SignUp form)
            return Step.To(model with { Overlay = form with { OnName = at.Row >= OverlayLayout.SignUpNameRow(model.Size) } });
        if (overlay is Overlay.EmojiPicker picker && OverlayLayout.EmojiAt(model.Size, picker, at) is { } index)
            return OverlayUpdate.Choose(model, picker, index);
        bool outside = !OverlayLayout.Of(model.Size, overlay).Contains(at);
        return Step.To(outside ? model with { Overlay = null } : model);
    }
}

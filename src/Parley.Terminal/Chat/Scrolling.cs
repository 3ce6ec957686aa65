using Parley.Terminal.Screen;

namespace Parley.Terminal.Chat;

/// <summary>
/// Scrolling back through a conversation. The place is counted in lines from the end, so that at 0 the view follows what arrives;
/// scrolled up, arriving lines are added to the count, and what the user reads stays where it is.
/// </summary>
internal static class Scrolling
{
    /// <summary>Scrolls up by lines, down if negative, and asks for earlier items when the first loaded ones come into view.</summary>
    public static Step By(ChatModel model, int lines)
    {
        if (model.Open is not { } open)
            return Step.To(model);
        int wantedPlace = (int)Math.Clamp((long)open.ScrolledUp + lines, 0, int.MaxValue);
        ChatModel scrolled = Within(model with { Open = open with { ScrolledUp = wantedPlace } });
        if (scrolled.Open is { ScrolledUp: > 0, HasStart: false } up && up.ScrolledUp + ChatLayout.Of(model).Timeline.Height >= LineCount(scrolled))
        {
            int wanted = open.Items.Length + OpenConversation.Page;
            return Step.To(scrolled with { Open = up with { Wanted = wanted } }, new ChatEffect.ReadTimeline(open.Id, wanted));
        }

        return open.ScrolledUp > 0 ? ChatUpdate.MarkRead(scrolled) : Step.To(scrolled);
    }

    /// <summary>The model with the place no further up than there are lines.</summary>
    public static ChatModel Within(ChatModel model)
    {
        if (model.Open is not { ScrolledUp: > 0 } open)
            return model;
        int most = Math.Max(0, LineCount(model) - ChatLayout.Of(model).Timeline.Height);
        return open.ScrolledUp <= most ? model : model with { Open = open with { ScrolledUp = most } };
    }

    /// <summary>How many lines the items behind the last one known so far take.</summary>
    public static int LinesAddedAtEnd(ChatModel model, OpenConversation before, OpenConversation after)
    {
        if (before.Items.IsEmpty)
            return 0;
        long last = before.Items[^1].Order;
        int known = after.Items.Count(item => item.Order <= last);
        int width = ChatLayout.Of(model).Timeline.Width;
        return TimelineLines.Of(model with { Open = after }, width).Count() - TimelineLines.Of(model with { Open = after with { Items = after.Items[..known] } }, width).Count();
    }

    private static int LineCount(ChatModel model) => TimelineLines.Of(model, ChatLayout.Of(model).Timeline.Width).Count();
}

using System.Collections.Immutable;
using System.Globalization;
using Parley.Client;
using Parley.Terminal.Chat;
using Parley.Terminal.Text;

namespace Parley.Terminal.Screen;

/// <summary>One line of a timeline as it is drawn: time, name, text and mark in their columns, or a rule with words in it.</summary>
internal sealed record TimelineLine(string Time, string Name, Ink NameInk, string Text, Ink TextInk, string Mark = "", Ink MarkInk = Ink.Muted)
{
    /// <summary>Words in the middle of a rule.</summary>
    public static TimelineLine Rule(string words, Ink ink) => new("", "", Ink.Normal, words, ink) { IsRule = true };

    /// <summary>Whether the text stands in the middle of a rule.</summary>
    public bool IsRule { get; init; }
}

/// <summary>
/// Breaks a timeline into lines, last line first, so that a screenful costs a screenful however long the conversation is. The name
/// column belongs to the program alone: nothing a message says, however many lines it has, can stand in it.
/// </summary>
internal static class TimelineLines
{
    private const int TextCharsMax = 8000;
    private const int TimeWidth = 5;
    private const int MarkWidth = 2;

    /// <summary>The columns of the name for a timeline of this width.</summary>
    public static int NameWidth(int width) => width switch { >= 80 => 14, >= 50 => 10, _ => 8 };

    /// <summary>Where the text begins.</summary>
    public static int TextColumn(int width) => TimeWidth + 1 + NameWidth(width) + 1;

    /// <summary>All lines, the last one first.</summary>
    public static IEnumerable<TimelineLine> Of(ChatModel model, int width)
    {
        if (model.Open is not { } open)
            yield break;
        IReadOnlyList<MemberInfo> members = model.Current?.Members ?? [];
        ImmutableArray<TimelineItem> items = open.Items;
        int textWidth = Math.Max(8, width - TextColumn(width) - MarkWidth);
        for (int i = items.Length - 1; i >= 0; i--)
        {
            TimelineItem item = items[i];
            if (item.Order <= open.ClearedUpTo)
                yield break;
            foreach (TimelineLine line in OfItem(item, members, model.Zone, textWidth).Reverse())
                yield return line;
            if (item.Order == open.FirstUnread)
                yield return TimelineLine.Rule($"{open.UnreadAtOpening} unread", Ink.Unread);
            if (i == 0 ? open.HasStart : Day(items[i - 1], model.Zone) != Day(item, model.Zone))
                yield return TimelineLine.Rule(Day(item, model.Zone).ToString("dddd, d MMMM yyyy", CultureInfo.InvariantCulture), Ink.Muted);
        }
    }

    private static IEnumerable<TimelineLine> OfItem(TimelineItem item, IReadOnlyList<MemberInfo> members, TimeZoneInfo zone, int textWidth)
    {
        string name = Names.Of(item, members);
        Ink nameInk = item.State == DeliveryState.Received ? Ink.Name : Ink.Own;
        (string shownName, string text, Ink ink) = item.Content switch
        {
            TimelineContent.Text body => (name, Bounded(body.Body), Ink.Normal),
            TimelineContent.Action action => ("*", name + " " + Bounded(action.Body), Ink.Notice),
            TimelineContent.Notice notice => ("", "— " + Bounded(notice.Sentence), Ink.Notice),
            TimelineContent.Unknown unknown => (name, $"[a message of a kind this version cannot show: {SafeText.Line(unknown.ContentType)}]", Ink.Alert),
            TimelineContent.Unreadable unreadable => (name, SafeText.Line($"[{unreadable.Why} {unreadable.Fix}]"), Ink.Alert),
            _ => throw new InvalidOperationException($"Nobody shows {item.Content.GetType().Name}."),
        };
        IReadOnlyList<string> rows = Wrapping.Wrap(text, textWidth);
        (string mark, Ink markInk) = Mark(item.State);
        for (int row = 0; row < rows.Count; row++)
        {
            bool first = row == 0;
            bool last = row == rows.Count - 1;
            yield return new TimelineLine(
                first ? TimeZoneInfo.ConvertTime(item.At, zone).ToString("HH:mm", CultureInfo.InvariantCulture) : "",
                first ? shownName : "", nameInk, rows[row], ink, last ? mark : "", markInk);
        }

        // A line of its own, in an ink that no message's text has.
        if (item.HandedOverBy is { } by)
            yield return new TimelineLine("", "", nameInk, $"as {by} has handed it over", Ink.Muted);
    }

    private static (string Mark, Ink Ink) Mark(DeliveryState state) => state switch
    {
        DeliveryState.Queued => ("○", Ink.Muted),
        DeliveryState.Sending => ("◌", Ink.Muted),
        DeliveryState.Sent => ("✓", Ink.Good),
        DeliveryState.Delivered => ("✓✓", Ink.Good),
        DeliveryState.Read => ("●", Ink.Good),
        DeliveryState.Failed => ("✗", Ink.Alert),
        DeliveryState.Received => ("", Ink.Muted),
        _ => throw new InvalidOperationException(),
    };

    private static string Bounded(string text)
    {
        string safe = SafeText.Lines(text.Length > TextCharsMax ? text[..TextCharsMax] : text).TrimEnd('\n');
        return text.Length > TextCharsMax ? $"{safe}… [{text.Length - TextCharsMax} more characters; /export shows them]" : safe;
    }

    private static DateTime Day(TimelineItem item, TimeZoneInfo zone) => TimeZoneInfo.ConvertTime(item.At, zone).Date;
}

using System.Globalization;
using System.Text;
using Parley.Client;
using Parley.Terminal.Addressing;
using Parley.Terminal.Text;

namespace Parley.Terminal.Export;

/// <summary>
/// A conversation as a text file for people: a head, then a line a message with its time and its sender's handle, further lines of a
/// message indented, so that no message can pass for another. Control characters are neutralised as on the screen: such files are shown
/// with <c>cat</c>.
/// </summary>
internal static class ChatExport
{
    private const int PageItems = 500;

    /// <summary>Writes the file, replacing it only when all is written. Throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.</summary>
    /// <returns>How many messages and notices it holds.</returns>
    public static int WriteFile(ParleyClient client, Conversation conversation, string path, TimeZoneInfo zone)
    {
        List<TimelineItem> items = ReadAll(client, conversation.Id);
        string full = FullPath(path);
        string part = full + ".part";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            using (var writer = new StreamWriter(part, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), options))
                Write(writer, conversation, items, zone);
            File.Move(part, full, overwrite: true);
        }
        finally
        {
            File.Delete(part);
        }

        return items.Count;
    }

    /// <summary>The path as an absolute one; <c>~/</c> is the user's home also where no shell has seen to it.</summary>
    public static string FullPath(string path) => Path.GetFullPath(path.StartsWith("~/", StringComparison.Ordinal)
        ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), path[2..])
        : path);

    /// <summary>Writes the items as text.</summary>
    public static void Write(TextWriter writer, Conversation conversation, IEnumerable<TimelineItem> items, TimeZoneInfo zone)
    {
        writer.Write($"{ConversationAddress.Of(conversation)}\n");
        writer.Write($"Members: {string.Join(", ", conversation.Members.Select(member => member.Handle).OrderBy(handle => handle.Value, StringComparer.Ordinal))}\n\n");
        foreach (TimelineItem item in items)
        {
            string time = TimeZoneInfo.ConvertTime(item.At, zone).ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture);
            string waiting = item.State is DeliveryState.Queued or DeliveryState.Sending ? " (not sent yet)" : item.State == DeliveryState.Failed ? " (not sent)" : "";
            writer.Write($"[{time}] {Words(item).Replace("\n", "\n    ")}{waiting}\n");
        }
    }

    /// <summary>All items of a conversation, oldest first.</summary>
    public static List<TimelineItem> ReadAll(ParleyClient client, ConversationId id)
    {
        var pages = new List<IReadOnlyList<TimelineItem>>();
        long before = long.MaxValue;
        while (client.ReadTimeline(id, PageItems, before) is { Count: > 0 } page)
        {
            pages.Add(page);
            before = page[0].Order;
        }

        pages.Reverse();
        return [.. pages.SelectMany(page => page)];
    }

    /// <summary>What an item says and who says it; further lines are not indented yet.</summary>
    public static string Words(TimelineItem item) => item.Content switch
    {
        TimelineContent.Text text => $"{item.Sender}: {SafeText.Lines(text.Body)}",
        TimelineContent.Action action => $"* {item.Sender} {SafeText.Lines(action.Body)}",
        TimelineContent.Notice notice => $"— {SafeText.Lines(notice.Sentence)}",
        TimelineContent.Unknown unknown => $"{item.Sender}: [a message of a kind this version cannot show: {SafeText.Line(unknown.ContentType)}]",
        TimelineContent.Unreadable unreadable => $"{item.Sender}: [{SafeText.Line(unreadable.Why)} {SafeText.Line(unreadable.Fix)}]",
        _ => throw new InvalidOperationException($"Nobody writes {item.Content.GetType().Name}."),
    };
}

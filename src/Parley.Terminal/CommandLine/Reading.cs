using System.Globalization;
using System.Text.Json;
using System.Threading.Channels;
using Parley.Client;
using Parley.Terminal.Text;

namespace Parley.Terminal.CommandLine;

/// <summary>Shows timelines on the command line: first what is there, then what arrives. Each item is shown once, in its final place.</summary>
internal sealed class Reading(ParleyClient client, Invocation invocation, ConversationId? only)
{
    private const int PageItems = 200;

    private readonly Dictionary<ConversationId, long> _shownUpTo = [];
    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Shows the last items, at most so many of each conversation, and marks them as read.</summary>
    public void Show(int count, bool unreadOnly)
    {
        var items = new List<(Conversation Conversation, TimelineItem Item)>();
        foreach (Conversation conversation in Wanted())
        {
            IReadOnlyList<TimelineItem> last = client.ReadTimeline(conversation.Id, Math.Max(1, unreadOnly ? Math.Max(count, conversation.Unread) : count));
            _shownUpTo[conversation.Id] = last.Where(IsFinal).Select(item => item.Order).DefaultIfEmpty(0).Max();
            items.AddRange((unreadOnly ? Unread(last, conversation.Unread) : last).TakeLast(count).Select(item => (conversation, item)));
            MarkRead(conversation, last);
        }

        foreach ((Conversation conversation, TimelineItem item) in only is null ? items.OrderBy(pair => pair.Item.At) : items.AsEnumerable())
            Write(conversation, item);
    }

    /// <summary>Shows what arrives until cancelled.</summary>
    public async Task<ExitCode> FollowAsync(CancellationToken cancelled)
    {
        client.Changed += OnChanged;
        try
        {
            ShowNew();
            while (await _changed.Reader.WaitToReadAsync(cancelled))
            {
                while (_changed.Reader.TryRead(out _))
                {
                    // Any number of changes is one reason to look.
                }

                ShowNew();
            }

            return ExitCode.Done;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
        finally
        {
            client.Changed -= OnChanged;
        }

        void OnChanged(ClientEvent change) => _changed.Writer.TryWrite(true);
    }

    private void ShowNew()
    {
        foreach (Conversation conversation in Wanted())
        {
            long shown = _shownUpTo.GetValueOrDefault(conversation.Id);
            if (conversation.LastOrder <= shown)
                continue;
            List<TimelineItem> arrived = Since(conversation.Id, shown);
            if (arrived.Count == 0)
                continue;
            foreach (TimelineItem item in arrived)
                Write(conversation, item);
            _shownUpTo[conversation.Id] = arrived[^1].Order;
            MarkRead(conversation, arrived);
        }
    }

    /// <summary>The items behind an order, however many have arrived at once.</summary>
    private List<TimelineItem> Since(ConversationId id, long order)
    {
        var found = new List<TimelineItem>();
        long before = long.MaxValue;
        while (client.ReadTimeline(id, PageItems, before) is { Count: > 0 } page)
        {
            found.InsertRange(0, page.Where(item => item.Order > order && IsFinal(item)));
            if (page[0].Order <= order)
                break;
            before = page[0].Order;
        }

        return found;
    }

    private IEnumerable<Conversation> Wanted() => only is null ? client.Conversations : client.Conversations.Where(conversation => conversation.Id == only);

    private static bool IsFinal(TimelineItem item) => item.State is DeliveryState.Received or DeliveryState.Sent or DeliveryState.Delivered or DeliveryState.Read;

    private static IEnumerable<TimelineItem> Unread(IReadOnlyList<TimelineItem> items, int unread)
    {
        int first = items.Count;
        for (int i = items.Count - 1; i >= 0 && unread > 0; i--)
        {
            if (items[i].State != DeliveryState.Received || items[i].Content is TimelineContent.Notice)
                continue;
            first = i;
            unread--;
        }

        return items.Skip(first);
    }

    private void MarkRead(Conversation conversation, IReadOnlyList<TimelineItem> items)
    {
        if (conversation.Unread > 0 && items.LastOrDefault(item => item.State == DeliveryState.Received) is { } last)
            client.MarkRead(conversation.Id, last.Order);
    }

    private void Write(Conversation conversation, TimelineItem item)
    {
        invocation.Console.Out.Write((invocation.Json
            ? JsonSerializer.Serialize(ItemAnswer.Of(conversation, item), AnswersJson.Default.ItemAnswer)
            : Words(conversation, item, only is null, TimeZoneInfo.Local)) + "\n");
        invocation.Console.Out.Flush();
    }

    /// <summary>An item as a line for people; further lines of a message are indented, so that none passes for another message.</summary>
    internal static string Words(Conversation conversation, TimelineItem item, bool withAddress, TimeZoneInfo zone)
    {
        string where = withAddress ? SafeText.Line(ConversationAnswer.AddressOf(conversation)) + "  " : "";
        string time = TimeZoneInfo.ConvertTime(item.At, zone).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
        string state = item.State switch
        {
            DeliveryState.Queued or DeliveryState.Sending => "  (not sent yet)",
            DeliveryState.Failed => "  (not sent)",
            DeliveryState.Delivered => "  (delivered)",
            DeliveryState.Read => "  (read)",
            DeliveryState.Sent or DeliveryState.Received => "",
            _ => throw new InvalidOperationException(),
        };
        return $"{time}  {where}{Export.ChatExport.Words(item).Replace("\n", "\n    ")}{state}";
    }
}

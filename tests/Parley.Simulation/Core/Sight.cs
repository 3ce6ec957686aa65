using Parley.Client;
using Parley.Simulation.Devices;

namespace Parley.Simulation.Core;

/// <summary>What a device shows, as somebody sees it who looks at the screen after every step.</summary>
internal sealed class Sight(SimulatedDevice device)
{
    /// <summary>Where in a timeline what is queued stands.</summary>
    public const long QueuedOrder = 1L << 60;

    private const int ItemsMin = 8;

    private readonly Dictionary<ConversationId, long> _seen = [];

    /// <summary>Whether the client has just come up.</summary>
    public bool IsNew { get; set; }

    /// <summary>Whether it was once restored from an old copy.</summary>
    public bool IsRolledBack { get; init; }

    /// <summary>All items in their order, and what is queued, by conversation; read when the world is quiet.</summary>
    public Dictionary<ConversationId, IReadOnlyList<TimelineItem>> Whole { get; } = [];

    /// <summary>The conversations as the client shows them; read when the world is quiet.</summary>
    public IReadOnlyList<Conversation> Conversations { get; private set; } = [];

    /// <summary>What is new since the last look.</summary>
    public IReadOnlyList<Sighting> Look()
    {
        if (device.Host is not { } host)
            return [];
        IReadOnlyList<ClientEvent> news = host.TakeNews();
        IEnumerable<ConversationId> changed = IsNew
            ? host.Look(static engine => engine.ReadConversations()).Select(static conversation => conversation.Id)
            : news.OfType<ClientEvent.TimelineChanged>().Select(static change => change.Id);
        IsNew = false;
        return [.. changed.Select(Look)];
    }

    public void LookAtAll()
    {
        if (device.Host is not { } host)
            return;
        Conversations = host.Look(static engine => engine.ReadConversations());
        foreach (Conversation conversation in Conversations)
            Whole[conversation.Id] = host.Look(engine => engine.ReadTimeline(conversation.Id, int.MaxValue, long.MaxValue));
    }

    private Sighting Look(ConversationId conversation)
    {
        long seen = _seen.GetValueOrDefault(conversation);
        IReadOnlyList<TimelineItem> items;
        int count = ItemsMin;
        do
        {
            items = device.Host!.Look(engine => engine.ReadTimeline(conversation, count, long.MaxValue)); // Not null: asked by the caller.
            count *= 2;
        }
        while (items.Count == count / 2 && items[0].Order > seen + 1);
        List<TimelineItem> added = [.. items.Where(item => item.Order > seen && item.Order < QueuedOrder)];
        if (added.Count > 0)
            _seen[conversation] = added[^1].Order;
        return new Sighting(device, conversation, added, [.. items.Where(static item => item.Order >= QueuedOrder)], items);
    }
}

/// <summary>What has been added to a timeline, what is queued, and all that is on the screen.</summary>
internal sealed record Sighting(
    SimulatedDevice Device, ConversationId Conversation, IReadOnlyList<TimelineItem> Added, IReadOnlyList<TimelineItem> Queued, IReadOnlyList<TimelineItem> Shown);

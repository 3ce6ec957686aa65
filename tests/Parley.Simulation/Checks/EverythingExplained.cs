using Parley.Client;
using Parley.Client.Conversations;
using Parley.Client.Engine;
using Parley.Simulation.Core;
using Parley.Simulation.Devices;

namespace Parley.Simulation.Checks;

/// <summary>
/// What cannot be read says why and what to do. Where every member's client is ours there is nothing of that kind; where one is not, there is
/// one item for each of its entries, and no conversation ends because of them.
/// </summary>
internal sealed class EverythingExplained : Checker
{
    public override void Sees(World world, Sighting sighting)
    {
        foreach (TimelineItem item in sighting.Added)
        {
            if (item.Content is TimelineContent.Unreadable unreadable && (unreadable.Why.Length == 0 || unreadable.Fix.Length == 0))
                throw Broken($"{sighting.Device} does not say why it cannot read something");
            if (!world.SightOf(sighting.Device).IsRolledBack && SaysBroken(item.Content) && world.Split.Count == 0)
                throw Broken($"{sighting.Device} has given up a conversation");
        }
    }

    public override void IsQuiet(World world)
    {
        foreach (SimulatedDevice device in world.Honest.Where(device => !world.SightOf(device).IsRolledBack))
        {
            foreach (ConversationId conversation in world.Conversations)
            {
                // Who was removed and added again may no longer read what it has read before.
                int least = world.Server.Readable(new LogId(conversation), device.Id).Select(static envelope => Convert.ToHexStringLower(envelope.MessageId.Span)).Count(id => world.Garbage.ContainsKey(id) && !world.Split.Contains(id));
                int most = world.Garbage.Values.Count(group => group == conversation);
                int shown = world.SightOf(device).Whole.GetValueOrDefault(conversation, []).Count(static item => item.Content is TimelineContent.Unreadable or TimelineContent.Unknown);
                if (!world.WasHit(device, conversation) && (shown < least || shown > most))
                    throw Broken($"{device} shows {shown} items that cannot be read in {world.NameOf(new LogId(conversation))}, where there are {least} to {most}");
            }
        }
    }

    /// <summary>Whether an item says that its conversation cannot go on without help.</summary>
    public static bool SaysBroken(TimelineContent content) => content is TimelineContent.Notice { Sentence: var sentence } && sentence == Notices.Lost();
}

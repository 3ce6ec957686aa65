using Parley.Client;
using Parley.Client.Engine;
using Parley.Simulation.Core;
using Parley.Simulation.Devices;

namespace Parley.Simulation.Checks;

/// <summary>
/// What is shown as delivered has been shown on every device that is a member and may read it; what is shown as read has been on the screen
/// when somebody looked. Where nothing has gone wrong, nothing that all others have is shown as merely sent in the end.
/// </summary>
internal sealed class ConfirmedIsTrue : Checker
{
    private readonly HashSet<(SimulatedDevice, string)> _shown = [];
    private readonly HashSet<(SimulatedDevice, string, DeliveryState)> _checked = [];

    public override void Sees(World world, Sighting sighting)
    {
        foreach (TimelineItem item in sighting.Added)
        {
            if (item.Content is TimelineContent.Text text)
                _shown.Add((sighting.Device, text.Body));
        }

        // Each is looked at when it is first claimed.
        foreach (TimelineItem item in sighting.Shown)
        {
            if (item.Content is TimelineContent.Text text && _checked.Add((sighting.Device, text.Body, item.State)))
                Check(world, sighting.Device, sighting.Conversation, item);
        }
    }

    public override void IsQuiet(World world)
    {
        foreach (SimulatedDevice device in world.Honest)
        {
            foreach ((ConversationId conversation, IReadOnlyList<TimelineItem> items) in world.SightOf(device).Whole)
            {
                foreach (TimelineItem item in items)
                    Check(world, device, conversation, item);
                if (world.Options.Faults.Count == 0)
                    CheckAllConfirmed(world, device, conversation, items);
            }
        }
    }

    private void Check(World world, SimulatedDevice device, ConversationId conversation, TimelineItem item)
    {
        if (item.State is not (DeliveryState.Delivered or DeliveryState.Read) || item.Content is not TimelineContent.Text text)
            return;
        foreach (SimulatedDevice other in Readers(world, device, conversation, text.Body))
        {
            if (!_shown.Contains((other, text.Body)))
                throw Broken($"{device} shows “{text.Body}” as {item.State}, and {other} does not have it");
            if (item.State == DeliveryState.Read && !world.ReadBy.Contains((other, text.Body)))
                throw Broken($"{device} shows “{text.Body}” as read, and {other} has not read it");
        }
    }

    /// <summary>A receipt is lost no more than a message.</summary>
    private void CheckAllConfirmed(World world, SimulatedDevice device, ConversationId conversation, IReadOnlyList<TimelineItem> items)
    {
        if (world.SightOf(device).Conversations.FirstOrDefault(one => one.Id == conversation) is not { State: MembershipState.Active } shown)
            return;
        List<SimulatedDevice> others = [.. world.Devices.Where(other => other != device && shown.Members.Any(member => member.Handle == other.Handle))];
        if (others.Count == 0 || !others.TrueForAll(other => world.Server.IsMember(conversation, other.Id)))
            return;
        foreach (TimelineItem item in items)
        {
            if (item is { State: DeliveryState.Sent, Content: TimelineContent.Text { Body: var body } } && others.TrueForAll(other => Readers(world, device, conversation, body).Contains(other)))
                throw Broken($"{device} shows “{body}” as sent in the end, and all others have it");
        }
    }

    /// <summary>Whether a device shows the other's person as a member: a confirmation says something of the people that are shown, whoever a hostile member has told the server of.</summary>
    private static bool IsShown(World world, SimulatedDevice device, ConversationId conversation, SimulatedDevice other) =>
        world.SightOf(device).Conversations.FirstOrDefault(one => one.Id == conversation)?.Members.Any(member => member.Handle == other.Handle) ?? false;

    /// <summary>The devices beside its writer's that are members now and may read an entry. Who was removed and added again is new: what was said before is not for them.</summary>
    private static IEnumerable<SimulatedDevice> Readers(World world, SimulatedDevice device, ConversationId conversation, string text) => world.Honest.Where(other =>
        other != device && IsShown(world, device, conversation, other) && world.Server.IsMember(conversation, other.Id)
        && world.Server.ReadableSinceAdded(new LogId(conversation), other.Id).Any(envelope => world.TextOf(envelope)?.Text == text));
}

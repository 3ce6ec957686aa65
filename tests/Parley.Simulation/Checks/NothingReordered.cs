using Parley.Client;
using Parley.Simulation.Core;
using Parley.Simulation.Devices;

namespace Parley.Simulation.Checks;

/// <summary>What one person wrote in a conversation is shown in the order in which it was written; what was refused for good, only to its writer, has no place in it.</summary>
internal sealed class NothingReordered : Checker
{
    private readonly Dictionary<(SimulatedDevice, SimulatedDevice, ConversationId), int> _last = [];

    public override void Sees(World world, Sighting sighting) => Follow(world, sighting.Device, sighting.Added, _last);

    /// <summary>The timeline as it stands in the end: something may have been put before what was there.</summary>
    public override void IsQuiet(World world)
    {
        foreach (SimulatedDevice device in world.Honest)
            Follow(world, device, world.SightOf(device).Whole.Values.SelectMany(static items => items), []);
    }

    public override void Forget(World world, SimulatedDevice device)
    {
        foreach (var key in _last.Keys.Where(key => key.Item1 == device).ToList())
            _last.Remove(key);
    }

    private void Follow(World world, SimulatedDevice device, IEnumerable<TimelineItem> items, Dictionary<(SimulatedDevice, SimulatedDevice, ConversationId), int> last)
    {
        foreach (TimelineItem item in items)
        {
            if (item.State == DeliveryState.Failed || item.Content is not TimelineContent.Text text || !world.Said.TryGetValue(text.Body, out Said? said))
                continue;
            var key = (device, said.By, said.In);
            if (said.Number < last.GetValueOrDefault(key))
                throw Broken($"{device} shows “{text.Body}” after number {last[key]}");
            last[key] = said.Number;
        }
    }
}

using Parley.Client;
using Parley.Simulation.Core;
using Parley.Simulation.Devices;

namespace Parley.Simulation.Checks;

/// <summary>No device shows a text twice.</summary>
internal sealed class NothingDoubled : Checker
{
    private readonly HashSet<(SimulatedDevice, string)> _shown = [];

    public override void Sees(World world, Sighting sighting)
    {
        foreach (TimelineItem item in sighting.Added)
        {
            if (item.Content is TimelineContent.Text text && !_shown.Add((sighting.Device, text.Body)))
                throw Broken($"{sighting.Device} shows “{text.Body}” twice");
        }
    }

    public override void Forget(World world, SimulatedDevice device) => _shown.RemoveWhere(shown => shown.Item1 == device);
}

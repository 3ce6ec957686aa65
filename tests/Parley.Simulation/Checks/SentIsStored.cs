using Parley.Client;
using Parley.Simulation.Core;

namespace Parley.Simulation.Checks;

/// <summary>What is shown as sent is on the server's disk at that moment, and what is shown as failed never gets there.</summary>
internal sealed class SentIsStored : Checker
{
    public override void Sees(World world, Sighting sighting)
    {
        foreach (TimelineItem item in sighting.Added.Concat(sighting.Queued))
        {
            if (item.Content is TimelineContent.Text text && item.State is DeliveryState.Sent or DeliveryState.Delivered or DeliveryState.Read && !world.Durable.Contains(text.Body))
                throw Broken($"{sighting.Device} shows “{text.Body}” as sent, and the server does not have it");
        }
    }

    public override void IsQuiet(World world)
    {
        foreach (var device in world.Honest)
        {
            foreach (TimelineItem item in world.SightOf(device).Whole.Values.SelectMany(static items => items))
            {
                if (item.Content is TimelineContent.Text text && item.State == DeliveryState.Failed && world.Durable.Contains(text.Body) && !world.Said[text.Body].IsForgotten)
                    throw Broken($"{device} shows “{text.Body}” as failed, and it was sent");
            }
        }
    }
}

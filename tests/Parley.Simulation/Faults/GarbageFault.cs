using Parley.Simulation.Core;

namespace Parley.Simulation.Faults;

/// <summary>A member sends messages with content that is none, and bytes that nobody can open.</summary>
internal sealed class GarbageFault : Fault
{
    public override string Name => "garbage";

    public override void Begin(World world) => world.Once(() => Hostile.Begin(world, static (member, conversation) => member.SendGarbage(conversation)));
}

using Parley.Simulation.Core;

namespace Parley.Simulation.Faults;

/// <summary>A member sends Commits that the rules forbid, and Commits that are bytes and nothing else.</summary>
internal sealed class GarbageCommitFault : Fault
{
    public override string Name => "garbage-commit";

    public override void Begin(World world) => world.Once(() => Hostile.Begin(world, static (member, conversation) => member.SendGarbageCommit(conversation)));
}

namespace Parley.Server.Tests.Faults;

/// <summary>Tests that measure the memory of this process, or take all of the machine: one after the other, and beside nothing else.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public static class FaultsCollection
{
    public const string Name = "faults";
}

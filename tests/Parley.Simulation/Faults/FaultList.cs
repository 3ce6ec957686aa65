namespace Parley.Simulation.Faults;

/// <summary>All faults, by name.</summary>
internal static class FaultList
{
    /// <summary>A client lives through each of them without help.</summary>
    public static IReadOnlyList<Fault> All { get; } =
    [
        new LossFault(), new DuplicationFault(), new ReorderingFault(), new OfflineFault(), new PartitionFault(), new CrashFault(), new ServerCrashFault(), new TornWriteFault(),
        new DiskFault(), new ClockFault(), new RaceFault(), new WithholdingFault(), new SwappingFault(), new RepeatingFault(), new GarbageFault(), new RollbackFault(), new GarbageCommitFault(),
    ];

    /// <summary>The faults of a list of names; <c>all</c> is each of them. False names the first that is unknown.</summary>
    public static bool TryParse(string text, out IReadOnlyList<Fault> faults, out string? unknown)
    {
        unknown = null;
        faults = [];
        var chosen = new List<Fault>();
        foreach (string name in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (name == "all")
                chosen.AddRange(All);
            else if (All.FirstOrDefault(fault => fault.Name == name) is { } found)
                chosen.Add(found);
            else if (name != "none")
                unknown ??= name;
        }

        faults = [.. chosen.Distinct()];
        return unknown is null;
    }
}

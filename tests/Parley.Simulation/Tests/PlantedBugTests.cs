using Parley.Simulation.Core;
using Parley.Simulation.Faults;

namespace Parley.Simulation.Tests;

/// <summary>Each checker finds a bug that was put in for it, within a few seeds; without the bug those seeds run clean.</summary>
public sealed class PlantedBugTests
{
    private const ulong SeedsMax = 12;

    [Theory]
    [InlineData(nameof(Plant.DoublesItems), "NothingDoubled", "none")]
    [InlineData(nameof(Plant.SwapsItems), "NothingReordered", "none")]
    [InlineData(nameof(Plant.ForgetsItems), "NothingLost", "none")]
    [InlineData(nameof(Plant.AcknowledgesTooEarly), "SentIsStored", "server-crash")]
    [InlineData(nameof(Plant.ForgetsRatchet), "KeysUsedOnce", "crash")]
    [InlineData(nameof(Plant.SpoilsCommits), "OneEpoch", "none")]
    [InlineData(nameof(Plant.HidesUnreadable), "EverythingExplained", "garbage")]
    [InlineData(nameof(Plant.ForgetsTheSchedule), "Healed", "none")]
    [InlineData(nameof(Plant.ConfirmsTooMuch), "ConfirmedIsTrue", "crash")]
    public void A_planted_bug_is_found_by_its_checker(string plant, string checker, string faults)
    {
        Assert.True(FaultList.TryParse(faults, out IReadOnlyList<Fault> chosen, out _));
        var found = new List<string>();
        for (ulong seed = 1; seed <= SeedsMax; seed++)
        {
            Assert.Null(Seeds.Play(new SimulationOptions(seed, chosen), out _));
            if (Seeds.Play(new SimulationOptions(seed, chosen) { Plant = Enum.Parse<Plant>(plant), OnlyChecker = checker }, out _) is { } failure)
                found.Add(failure.Checker);
        }

        Assert.Contains(checker, found);
    }
}

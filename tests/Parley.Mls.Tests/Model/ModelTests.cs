using System.Globalization;
using System.Security.Cryptography;

namespace Parley.Mls.Tests.Model;

/// <summary>
/// Runs of <see cref="Simulation"/>: a few seeds always, others at random for a few seconds. <c>PARLEY_MODEL_SECONDS</c> sets for how long,
/// and <c>PARLEY_MODEL_SEED</c> repeats one of those.
/// </summary>
public sealed class ModelTests(ITestOutputHelper output)
{
    private const int SecondsByDefault = 5;

    [Theory]
    [InlineData(1, 1500, 8)]
    [InlineData(2, 1500, 16)]
    [InlineData(3, 1500, 5)]
    [InlineData(4, 1500, 50)]
    [InlineData(5, 500, 12)]
    public void A_group_stays_whole_whatever_its_members_do(int seed, int steps, int membersMax)
    {
        using Simulation simulation = Simulation.Run(seed, new Simulation.Settings(steps, membersMax, EndsInReInit: seed % 2 == 0));
        Assert.True(simulation.EpochCount > steps / 50, $"Only {simulation.EpochCount} epochs.");
        output.WriteLine($"{simulation}");
    }

    [Fact]
    public void Groups_of_random_seeds_stay_whole()
    {
        if (Environment.GetEnvironmentVariable("PARLEY_MODEL_SEED") is { } named)
        {
            RunRandom(int.Parse(named, CultureInfo.InvariantCulture));
            return;
        }

        string? seconds = Environment.GetEnvironmentVariable("PARLEY_MODEL_SECONDS");
        TimeSpan length = TimeSpan.FromSeconds(seconds is null ? SecondsByDefault : int.Parse(seconds, CultureInfo.InvariantCulture));
        long start = TimeProvider.System.GetTimestamp();
        int runs = 0;
        for (; TimeProvider.System.GetElapsedTime(start) < length; runs++)
            RunRandom(RandomNumberGenerator.GetInt32(int.MaxValue));
        output.WriteLine($"{runs} runs.");
    }

    [Fact]
    public void The_same_seed_gives_the_same_run_to_the_byte()
    {
        var settings = new Simulation.Settings(300, 10);
        using Simulation first = Simulation.Run(7, settings);
        using Simulation second = Simulation.Run(7, settings);
        Assert.Equal(first.Fingerprint, second.Fingerprint);
    }

    [Theory]
    [InlineData(Simulation.Fault.TwoCommits, "has another")]
    [InlineData(Simulation.Fault.WrongExporter, "exports another secret")]
    [InlineData(Simulation.Fault.WrongTree, "the oracle")]
    [InlineData(Simulation.Fault.RemovedKeepsReading, "who was removed in epoch")]
    [InlineData(Simulation.Fault.JoinerReadsEarlier, "who joined in epoch")]
    [InlineData(Simulation.Fault.OldBackup, "which should be refused for KeyConsumed")]
    internal void A_fault_is_found(Simulation.Fault fault, string complaint)
    {
        SimulationFailedException found = Assert.Throws<SimulationFailedException>(() => Simulation.Run(13, new Simulation.Settings(3000, 10, fault)).Dispose());
        output.WriteLine(found.Message);
        Assert.Contains(complaint, found.Message, StringComparison.Ordinal);
        Assert.StartsWith("Seed 13,", found.Message, StringComparison.Ordinal);
    }

    private static void RunRandom(int seed) => Simulation.Run(seed, new Simulation.Settings(600, 4 + (seed % 20), EndsInReInit: seed % 5 == 0)).Dispose();
}

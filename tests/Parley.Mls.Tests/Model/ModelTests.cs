using System.Globalization;
using System.Security.Cryptography;
using Parley.Mls.Messages;
using Parley.Mls.Tests.Groups;

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
    [InlineData(4, 800, 50)]
    [InlineData(5, 500, 12)]
    [InlineData(6, 1000, 10, CipherSuite.XWingChaCha20Poly1305Sha256Ed25519)]
    public void A_group_stays_whole_whatever_its_members_do(int seed, int steps, int membersMax, CipherSuite suite = World.DefaultSuite)
    {
        using Simulation simulation = Simulation.Run(seed, new Simulation.Settings(steps, membersMax, EndsInReInit: seed % 2 == 0) { Suite = suite });
        Assert.True(simulation.EpochCount > steps / 50, $"Only {simulation.EpochCount} epochs.");
        output.WriteLine($"{simulation}");
    }

    [Fact]
    public void Every_kind_of_operation_is_among_those_that_take_effect()
    {
        using Simulation simulation = Simulation.Run(1, new Simulation.Settings(3000, 9));
        output.WriteLine($"{simulation}");
        Assert.Superset(
            new HashSet<string>(StringComparer.Ordinal)
            {
                "Add", "Update", "Remove", "PreSharedKey", "ResumptionPsk", "GroupContextExtensions", "ExternalInit", "SelfRemove", "AppDataUpdate",
                "AppEphemeral", "NewIdentity", "ExternalJoin", "Resync", "NewMemberProposal", "ExternalProposal", "Branch",
            },
            new HashSet<string>(simulation.Counts.Keys, StringComparer.Ordinal));
    }

    [Fact]
    public void Groups_of_random_seeds_stay_whole()
    {
        if (Environment.GetEnvironmentVariable("PARLEY_MODEL_SEED") is { } named)
        {
            output.WriteLine(RunRandom(int.Parse(named, CultureInfo.InvariantCulture)));
            return;
        }

        string? seconds = Environment.GetEnvironmentVariable("PARLEY_MODEL_SECONDS");
        TimeSpan length = TimeSpan.FromSeconds(seconds is null ? SecondsByDefault : int.Parse(seconds, CultureInfo.InvariantCulture));
        long start = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(start) < length)
        {
            int seed = RandomNumberGenerator.GetInt32(int.MaxValue);
            output.WriteLine($"Seed {seed}: {RunRandom(seed)}");
        }
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
    [InlineData(Simulation.Fault.WrongExporter, "exports another secret in epoch")]
    [InlineData(Simulation.Fault.WrongSafeExporter, "exports another secret of AppAck")]
    [InlineData(Simulation.Fault.WrongAuthenticator, "has another epoch authenticator")]
    [InlineData(Simulation.Fault.WrongAppData, "has other data of component")]
    [InlineData(Simulation.Fault.ExportNotStored, "exports the secret of AppAck again")]
    [InlineData(Simulation.Fault.ReadingForgotten, "acknowledges")]
    [InlineData(Simulation.Fault.RefusalChanges, "has changed by what it refused")]
    [InlineData(Simulation.Fault.WrongSender, "for another's")]
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

    /// <summary>The seed says how long, how large, in which suite, and how it ends.</summary>
    private static string RunRandom(int seed)
    {
        var settings = new Simulation.Settings(seed % 10 == 0 ? 3000 : 600, seed % 7 == 0 ? 50 : 4 + (seed % 20), EndsInReInit: seed % 5 == 0)
        {
            Suite = seed % 3 == 1 ? CipherSuite.XWingChaCha20Poly1305Sha256Ed25519 : World.DefaultSuite,
        };
        using Simulation simulation = Simulation.Run(seed, settings);
        return $"{settings.Suite}, {settings.Steps} steps, {simulation}";
    }
}

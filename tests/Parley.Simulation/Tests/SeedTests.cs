using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Parley.Simulation.Core;
using Parley.Simulation.Faults;

namespace Parley.Simulation.Tests;

/// <summary>
/// The same seeds in every run, and then others: for a minute, or <c>PARLEY_SIMULATION_SECONDS</c>, or an hour at night. A seed that fails is
/// told with the command that repeats it.
/// </summary>
public sealed class SeedTests(ITestOutputHelper output)
{
    private const int FixedSeeds = 12;
    private const int SecondsByDay = 60;
    private const int SecondsByNight = 3600;

    public static TheoryData<string> Names => [.. FaultList.All.Select(static fault => fault.Name), "none", "all"];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_fixed_seeds_run_clean(string faults)
    {
        for (ulong seed = 1; seed <= FixedSeeds; seed++)
            Check(new SimulationOptions(seed, Parse(faults)));
    }

    [Fact]
    public void Random_seeds_run_clean()
    {
        var limit = TimeSpan.FromSeconds(Seconds());
        long started = Stopwatch.GetTimestamp();
        ulong first = FirstSeed();
        uint count = 0;
        do
            Check(new SimulationOptions(unchecked(first + count++), FaultList.All));
        while (Stopwatch.GetElapsedTime(started) < limit);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count} seeds from {first} on ran clean, {count / Stopwatch.GetElapsedTime(started).TotalSeconds:F1} a second"));
    }

    [Fact]
    public void A_seed_that_fails_is_told_with_the_command_that_repeats_it()
    {
        using var told = new StringWriter();
        var options = new SimulationOptions(1, [new CrashFault(), new LossFault()]) { Plant = Plant.DoublesItems };
        Assert.False(Seeds.Run(options, told));
        Assert.Contains("Seed 1 fails. NothingDoubled", told.ToString());
        Assert.Contains("-- run --seed 1 --deeds 30 --faults crash,loss", told.ToString());
    }

    [Fact]
    public void Faults_are_chosen_by_name()
    {
        Assert.Equal(["loss", "crash"], Parse("loss, crash").Select(static fault => fault.Name));
        Assert.Empty(Parse("none"));
        Assert.Equal(FaultList.All, Parse("all"));
        Assert.False(FaultList.TryParse("loss,flood", out _, out string? unknown));
        Assert.Equal("flood", unknown);
    }

    private static IReadOnlyList<Fault> Parse(string names) => FaultList.TryParse(names, out IReadOnlyList<Fault> faults, out _) ? faults : throw new ArgumentException("No such fault.", nameof(names));

    /// <summary>Another each time, unless one is given: what a commit has to pass begins at the commit's own hash, so that the same commit does not pass once and fail once.</summary>
    private static ulong FirstSeed() => ulong.TryParse(Environment.GetEnvironmentVariable("PARLEY_SIMULATION_SEED"), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong first) ? first
        : BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    private static int Seconds() => int.TryParse(Environment.GetEnvironmentVariable("PARLEY_SIMULATION_SECONDS"), CultureInfo.InvariantCulture, out int seconds) ? seconds
        : Environment.GetEnvironmentVariable("PARLEY_NIGHTLY") is null ? SecondsByDay : SecondsByNight;

    private static void Check(SimulationOptions options)
    {
        if (Seeds.Play(options, out _) is { } failure)
            Assert.Fail($"Seed {options.Seed} fails. {failure.Message}\n  {Seeds.Command(options)}");
    }
}

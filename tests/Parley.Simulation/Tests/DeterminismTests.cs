using Parley.Simulation.Core;
using Parley.Simulation.Faults;

namespace Parley.Simulation.Tests;

/// <summary>A seed is a run: without that, no failure could be looked at twice.</summary>
public sealed class DeterminismTests
{
    [Theory]
    [InlineData("none")]
    [InlineData("race")]
    [InlineData("all")]
    public void A_seed_repeats_to_the_byte(string names)
    {
        Assert.True(FaultList.TryParse(names, out IReadOnlyList<Fault> faults, out _));
        for (ulong seed = 1; seed <= 8; seed++)
        {
            Seeds.Play(new SimulationOptions(seed, faults), out string first);
            Seeds.Play(new SimulationOptions(seed, faults), out string second);
            Assert.Equal(first, second);
        }
    }

    [Fact]
    public void Two_seeds_are_two_runs()
    {
        Seeds.Play(new SimulationOptions(1, FaultList.All), out string first);
        Seeds.Play(new SimulationOptions(2, FaultList.All), out string second);
        Assert.NotEqual(first, second);
    }

    [Fact]
    public void A_trace_tells_every_byte_that_was_sent()
    {
        // Ids are random, and stand in the trace: a run that took other randomness would have another hash.
        using var trace = new StringWriter();
        Seeds.Play(new SimulationOptions(1, []) { Output = trace }, out _);
        Assert.Matches("alice > append c1 #[0-9]+ epoch 0 [0-9a-f]{8}", trace.ToString());
    }
}

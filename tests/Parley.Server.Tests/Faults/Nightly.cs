namespace Parley.Server.Tests.Faults;

/// <summary>How long the tests of faults take: a taste in <c>./test</c>, the full measure in <c>./test nightly</c>.</summary>
internal static class Nightly
{
    private static readonly bool IsOn = Environment.GetEnvironmentVariable("PARLEY_NIGHTLY") == "1";

    /// <summary>How often, how many or how long.</summary>
    public static int Measure(int brief, int full) => IsOn ? full : brief;

    /// <summary>Skips a test that takes minutes.</summary>
    public static void Only()
    {
        if (!IsOn)
            Assert.Skip("It takes minutes, and is run by ./test nightly.");
    }

    /// <summary>Chance that can be repeated: by PARLEY_FAULTS_SEED. The seed stands in the test's output.</summary>
    public static Random Random()
    {
        int seed = int.TryParse(Environment.GetEnvironmentVariable("PARLEY_FAULTS_SEED"), out int given) ? given : System.Security.Cryptography.RandomNumberGenerator.GetInt32(int.MaxValue);
        TestContext.Current.TestOutputHelper?.WriteLine($"PARLEY_FAULTS_SEED={seed}");
        return new Random(seed);
    }
}

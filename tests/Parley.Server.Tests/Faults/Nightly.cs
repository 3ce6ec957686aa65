namespace Parley.Server.Tests.Faults;

/// <summary>How long the tests of faults take: a taste in <c>./test</c>, the full measure in <c>./test nightly</c>.</summary>
internal static class Nightly
{
    private static readonly bool IsOn = Environment.GetEnvironmentVariable("PARLEY_NIGHTLY") == "1";

    /// <summary>How often, how many or how long.</summary>
    public static int Measure(int brief, int full) => IsOn ? full : brief;
}

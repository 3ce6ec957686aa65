using System.Reflection;

namespace Parley.Package.Tests;

/// <summary>
/// The public API of each package is written down in docs/api. A change of it shows in the diff, so that it is meant. What stands there is
/// renewed by <c>PARLEY_RENEW_API=1 ./test package</c>.
/// </summary>
public sealed class PublicApiTests
{
    public static TheoryData<string> Packages => [.. Checkout.Packages];

    [Theory]
    [MemberData(nameof(Packages))]
    public void The_public_api_is_the_one_written_down(string name)
    {
        string file = Path.Combine(Checkout.Root, "docs", "api", name + ".txt");
        string api = PublicApi.Of(Assembly.Load(name));
        if (Environment.GetEnvironmentVariable("PARLEY_RENEW_API") == "1")
            File.WriteAllText(file, api);
        string written = File.ReadAllText(file).ReplaceLineEndings("\n");
        string[] difference = [.. written.Split('\n').Except(api.Split('\n')).Select(static line => "- " + line), .. api.Split('\n').Except(written.Split('\n')).Select(static line => "+ " + line)];
        Assert.True(written == api, $"The public API of {name} has changed. If that is meant: PARLEY_RENEW_API=1 ./test package\n{string.Join('\n', difference)}");
    }

    [Fact]
    public void A_change_shows_in_what_is_written_down()
    {
        string api = PublicApi.Of(typeof(PublicApiTests).Assembly);
        Assert.Contains("sealed class Parley.Package.Tests.PublicApiTests\n", api, StringComparison.Ordinal);
        Assert.Contains("    Void A_change_shows_in_what_is_written_down()\n", api, StringComparison.Ordinal);
        Assert.DoesNotContain("IsWritten", api, StringComparison.Ordinal);
    }
}

namespace Repository.Tests;

/// <summary>
/// A rule is a function from files to findings. Each is tested twice: on this checkout, where it must find nothing, and on a planted
/// violation, which it must find; a rule that cannot fail proves nothing.
/// </summary>
public delegate IEnumerable<string> Rule(IEnumerable<RepositoryFile> files);

public static class RuleAssertions
{
    /// <summary>The checkout keeps the rule.</summary>
    public static void IsKept(this Rule rule) => IsKeptBy(rule, [.. Checkout.Files]);

    /// <summary>These files keep the rule.</summary>
    public static void IsKeptBy(this Rule rule, params RepositoryFile[] files)
    {
        ArgumentNullException.ThrowIfNull(rule);
        string[] findings = [.. rule(files)];
        if (findings.Length > 0)
            Assert.Fail($"{findings.Length} found:\n" + string.Join('\n', findings));
    }

    /// <summary>The rule finds exactly one thing in these files, and names where.</summary>
    public static void Finds(this Rule rule, string where, params RepositoryFile[] files)
    {
        ArgumentNullException.ThrowIfNull(rule);
        string finding = Assert.Single(rule(files));
        Assert.StartsWith(where, finding, StringComparison.Ordinal);
    }
}

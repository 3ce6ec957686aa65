using System.Text.RegularExpressions;

namespace Repository.Tests;

/// <summary>A document that names a test as its evidence names one that is there.</summary>
public sealed partial class EvidenceTests
{
    private static readonly Rule NamedTestsExist = files =>
    {
        RepositoryFile[] all = [.. files];
        RepositoryFile[] tests = [.. all.Where(file => file.Is(".cs") && file.IsIn("tests"))];
        return all.Where(file => file.Is(".md")).SelectMany(page => Enumerable.Range(0, page.Lines.Count)
            .SelectMany(i => Named().Matches(page.Lines[i]).Where(match => !Exists(match, tests)).Select(match => page.At(i, $"names the test {match.Value}, which is not there"))));
    };

    [Fact]
    public void Every_test_a_document_names_exists() => NamedTestsExist.IsKept();

    [Theory]
    [InlineData("`MissingTests`")]
    [InlineData("`GroupTests.A_missing_sentence`")]
    public void A_test_that_is_not_there_is_found(string evidence) =>
        NamedTestsExist.Finds("docs/features.md:2", new RepositoryFile("docs/features.md", "# Features\n| x | " + evidence + " |"), Planted);

    [Theory]
    [InlineData("`GroupTests`")]
    [InlineData("`GroupTests.A_sentence`")]
    public void A_test_that_is_there_is_no_finding(string evidence) =>
        NamedTestsExist.IsKeptBy(new RepositoryFile("docs/features.md", "| x | " + evidence + " |"), Planted);

    private static RepositoryFile Planted => new("tests/A/GroupTests.cs", "public sealed class GroupTests\n{\n    [Fact]\n    public void A_sentence() { }\n}\n");

    private static bool Exists(Match match, RepositoryFile[] tests)
    {
        RepositoryFile[] declaring = [.. tests.Where(file => Regex.IsMatch(file.Text, $@"\bclass {match.Groups["class"].Value}\b"))];
        return declaring.Length > 0 && (!match.Groups["method"].Success || declaring.Any(file => file.Text.Contains($" {match.Groups["method"].Value}(")));
    }

    [GeneratedRegex("(?<=`)(?<class>[A-Z][A-Za-z0-9]*Tests)(?:\\.(?<method>\\w+))?(?=`)")]
    private static partial Regex Named();
}

using System.Text.RegularExpressions;

namespace Repository.Tests;

/// <summary>What stands is finished: no marks for later, no machine of one person, no suppressed warning without its reason.</summary>
public sealed partial class UnfinishedTests
{
    // Written in two halves so that this file keeps the rules it states.
    private const string Mark = "TO" + "DO";
    private const string Unfinished = "NotImplemented" + "Exception";
    private const string Home = "/ho" + "me/someone/parley";

    private static readonly Rule NothingIsLeftForLater = files => files
        .Where(file => file.Is(".cs", ".proto", ".js", ".css", ".csproj", ".props", ".targets", ".sh", ".ps1", ".cmd"))
        .SelectMany(file => Find(file, LeftForLater(), "is left for later"));

    private static readonly Rule NoMachineIsNamed = files => files.SelectMany(file => Find(file, MachinePath(), "names a folder of one machine"));

    private static readonly Rule SuppressionsSayWhy = files => files
        .Where(file => file.Is(".cs"))
        .SelectMany(file => Enumerable.Range(0, file.Lines.Count)
            .Where(i => IsSuppression(file.Lines[i]) && !SaysWhy(file, i))
            .Select(i => file.At(i, "suppresses a warning without a reason beside it")));

    [Fact]
    public void Nothing_is_left_for_later() => NothingIsLeftForLater.IsKept();

    [Theory]
    [InlineData("// " + Mark + ": check")]
    [InlineData("throw new " + Unfinished + "();")]
    public void A_mark_for_later_is_found(string line) => NothingIsLeftForLater.Finds("src/A.cs:2", new RepositoryFile("src/A.cs", "\n" + line));

    [Fact]
    public void No_file_names_a_folder_of_one_machine() => NoMachineIsNamed.IsKept();

    [Theory]
    [InlineData(Home)]
    [InlineData("see \"" + Home + "\"")]
    [InlineData("C:\\Us" + "ers\\someone")]
    public void A_folder_of_one_machine_is_found(string line) => NoMachineIsNamed.Finds("README.md:2", new RepositoryFile("README.md", "\n" + line));

    [Fact]
    public void An_address_with_such_a_path_is_no_finding() => NoMachineIsNamed.IsKeptBy(new RepositoryFile("README.md", "https://example.org" + Home));

    [Fact]
    public void Every_suppressed_warning_has_its_reason_beside_it() => SuppressionsSayWhy.IsKept();

    [Theory]
    [InlineData("#pragma warning disable CA1000")]
    [InlineData("[SuppressMessage(\"Design\", \"CA1000\")]")]
    [InlineData("[UnconditionalSuppressMessage(\"Design\", \"IL2026\")]")]
    public void A_suppressed_warning_without_a_reason_is_found(string line) => SuppressionsSayWhy.Finds("src/A.cs:2", new RepositoryFile("src/A.cs", "int x;\n" + line));

    [Theory]
    [InlineData("#pragma warning disable CA1000 // The type is generic on purpose.")]
    [InlineData("// The type is generic on purpose.\n#pragma warning disable CA1000")]
    [InlineData("[SuppressMessage(\"Design\", \"CA1000\", Justification = \"The type is generic on purpose.\")]")]
    public void A_suppressed_warning_with_a_reason_is_no_finding(string text) => SuppressionsSayWhy.IsKeptBy(new RepositoryFile("src/A.cs", text));

    private static IEnumerable<string> Find(RepositoryFile file, Regex pattern, string what) => Enumerable.Range(0, file.Lines.Count)
        .Where(i => pattern.IsMatch(file.Lines[i]))
        .Select(i => file.At(i, $"{what}: {file.Lines[i].Trim()}"));

    private static bool IsSuppression(string line) =>
        line.TrimStart().StartsWith("#pragma warning disable", StringComparison.Ordinal) || line.TrimStart().StartsWith("[SuppressMessage(", StringComparison.Ordinal)
        || line.TrimStart().StartsWith("[UnconditionalSuppressMessage(", StringComparison.Ordinal);

    private static bool SaysWhy(RepositoryFile file, int i) =>
        file.Lines[i].Contains("//") || file.Lines[i].Contains("Justification") || (i > 0 && file.Lines[i - 1].TrimStart().StartsWith("//", StringComparison.Ordinal))
        || (i + 1 < file.Lines.Count && file.Lines[i + 1].Contains("Justification"));

    [GeneratedRegex(@"\b(TO" + @"DO|FIX" + @"ME|HA" + @"CK|XX" + @"X)\b|NotImplemented" + "Exception")]
    private static partial Regex LeftForLater();

    [GeneratedRegex(@"(?<![\w.:/~${}-])/(?:work|tmp|ho" + @"me|root|Users)/\w|[A-Za-z]:\\Us" + @"ers\\")]
    private static partial Regex MachinePath();
}

using System.Text.RegularExpressions;

namespace Repository.Tests;

/// <summary>
/// docs/mls-validation.md says of each demand of RFC 9420 with which error a breach is refused and which test shows it. So each row names
/// errors that are cases of the enumerations, each of them is asserted in one of the row's tests, and each case has a row.
/// That the tests it names are there is <see cref="EvidenceTests"/>' to say.
/// </summary>
public sealed partial class ValidationTableTests
{
    private const string Page = "docs/mls-validation.md";
    private const string Header = "| § | rule | error | test |";

    private static readonly string[] Words = ["accepted", "computed", "application", "cannot arise"];

    private static readonly Rule ErrorsExist = files =>
    {
        HashSet<string> cases = [.. Cases(files)];
        return Rows(files)
            .Where(row => row.Errors.Count == 0 ? !Words.Contains(row.ErrorCell) : row.Errors.Any(error => !cases.Contains(error)))
            .Select(row => row.At($"has an error that is none, nor one of the words for having none: {row.ErrorCell}"));
    };

    private static readonly Rule RowsHaveTests = files => Rows(files)
        .Where(row => row.Tests.Count == 0 && row.ErrorCell != "cannot arise")
        .Select(row => row.At("names no test"));

    private static readonly Rule ErrorsAreAsserted = files =>
    {
        RepositoryFile[] all = [.. files];
        ILookup<string, Member> members = all.Where(file => file.Is("Tests.cs") && file.IsIn("tests")).SelectMany(MembersOf).ToLookup(member => member.Class);
        return Rows(all).SelectMany(row =>
        {
            string text = string.Join('\n', row.Tests.Select(test => TextOf(test.Method, [.. members[test.Class]])));
            return row.Errors
                .Where(error => !Regex.IsMatch(text, $@"\b{Regex.Escape(Qualified(error))}\b"))
                .Select(error => row.At($"names {error}, which none of its tests asserts"));
        });
    };

    private static readonly Rule EveryErrorHasARow = files =>
    {
        RepositoryFile[] all = [.. files];
        HashSet<string> named = [.. Rows(all).SelectMany(row => row.Errors)];
        return Cases(all).Where(error => error != "DecodeError.None" && !named.Contains(error)).Select(error => $"{Page} has no row for {Qualified(error)}");
    };

    [Fact]
    public void Every_row_names_errors_that_exist() => ErrorsExist.IsKept();

    [Fact]
    public void Every_row_names_a_test() => RowsHaveTests.IsKept();

    [Fact]
    public void Every_error_of_a_row_is_asserted_by_one_of_its_tests() => ErrorsAreAsserted.IsKept();

    [Fact]
    public void Every_error_has_a_row() => EveryErrorHasARow.IsKept();

    [Theory]
    [InlineData("`Missing`")]
    [InlineData("`DecodeError.Missing`")]
    [InlineData("`WrongEpoch`, `Missing`")]
    [InlineData("perhaps")]
    public void An_error_that_is_none_is_found(string error) => ErrorsExist.Finds(Page + ":3", [.. Planted(error, "`PlantedTests.It_is_refused`")]);

    [Fact]
    public void A_row_without_a_test_is_found() => RowsHaveTests.Finds(Page + ":3", [.. Planted("`WrongEpoch`", "somewhere")]);

    [Theory]
    [InlineData("`PlantedTests.It_is_accepted`")]
    [InlineData("`OtherTests.It_is_refused`")]
    public void A_test_that_does_not_assert_the_rows_error_is_found(string test) => ErrorsAreAsserted.Finds(Page + ":3", [.. Planted("`WrongEpoch`", test)]);

    [Theory]
    [InlineData("`PlantedTests.It_is_refused`")]
    [InlineData("`PlantedTests.It_is_accepted`, `PlantedTests.It_is_refused`")]
    [InlineData("`PlantedTests.It_is_refused_by_a_helper`")]
    [InlineData("`PlantedTests.It_is_refused_with_data`")]
    public void A_test_that_asserts_the_rows_error_is_no_finding(string test) => ErrorsAreAsserted.IsKeptBy([.. Planted("`WrongEpoch`", test)]);

    [Fact]
    public void An_error_without_a_row_is_found() => EveryErrorHasARow.Finds($"{Page} has no row for MlsError.WrongEpoch", [.. Planted("accepted", "`PlantedTests.It_is_accepted`")]);

    private static IEnumerable<RepositoryFile> Planted(string error, string test) =>
    [
        new("src/MlsError.cs", "public enum MlsError\n{\n    /// <summary>Why.</summary>\n    WrongEpoch,\n}\n"),
        new("src/DecodeError.cs", "public enum DecodeError\n{\n    None,\n}\n"),
        new(Page, $"{Header}\n| --- | --- | --- | --- |\n| 1 | a rule | {error} | {test} |\n"),
        new("tests/A/OtherTests.cs", "public sealed class OtherTests\n{\n    [Fact]\n    public void It_is_refused() => Refuses(MlsError.WrongEpochs);\n}\n"),
        new("tests/A/PlantedTests.cs", """
            public sealed class PlantedTests
            {
                public static TheoryData<MlsError> Broken { get; } = new() { MlsError.WrongEpoch };

                [Fact]
                public void It_is_accepted() => Accepts();

                [Fact]
                public void It_is_refused()
                {
                    Refuses(MlsError.WrongEpoch);
                }

                [Fact]
                public void It_is_refused_by_a_helper() => Helper();

                [Theory]
                [MemberData(nameof(Broken))]
                public void It_is_refused_with_data(MlsError error) => Refuses(error);

                private static void Helper() => Refuses(MlsError.WrongEpoch);
            }

            """),
    ];

    private static string Qualified(string error) => error.Contains('.') ? error : "MlsError." + error;

    /// <summary>The cases of both enumerations, as the page names them.</summary>
    private static IEnumerable<string> Cases(IEnumerable<RepositoryFile> files) => files
        .Where(file => file.IsIn("src") && file.Name is "MlsError.cs" or "DecodeError.cs")
        .SelectMany(file => file.Lines.Select(line => Case().Match(line)).Where(match => match.Success)
            .Select(match => (file.Name == "MlsError.cs" ? "" : "DecodeError.") + match.Groups[1].Value));

    private static IEnumerable<Row> Rows(IEnumerable<RepositoryFile> files)
    {
        RepositoryFile page = files.Single(file => file.Path == Page);
        bool inTable = false;
        for (int i = 0; i < page.Lines.Count; i++)
        {
            string line = page.Lines[i];
            inTable = line == Header || (inTable && line.StartsWith('|'));
            if (!inTable || line == Header || line.StartsWith("| ---", StringComparison.Ordinal))
                continue;
            string[] cells = [.. line.Split('|').Select(cell => cell.Trim())];
            yield return new Row(
                page,
                i,
                cells[3],
                [.. Quoted().Matches(cells[3]).Select(match => match.Groups[1].Value)],
                [.. Test().Matches(cells[4]).Select(match => (match.Groups[1].Value, match.Groups[2].Value))]);
        }
    }

    /// <summary>A test with the members of its class that it uses, and those that they use.</summary>
    private static string TextOf(string method, Member[] members)
    {
        Member[] used = [.. members.Where(member => member.Name == method)];
        var seen = new HashSet<Member>(used);
        while (used.Length > 0)
        {
            string text = string.Join('\n', used.Select(member => member.Text));
            used = [.. members.Where(member => !member.IsTest && Regex.IsMatch(text, $@"\b{member.Name}\b") && seen.Add(member))];
        }

        return string.Join('\n', seen.Select(member => member.Text));
    }

    /// <summary>The members of a file's classes: from one line that begins a member to the next.</summary>
    private static IEnumerable<Member> MembersOf(RepositoryFile file)
    {
        string name = file.Name[..^".cs".Length];
        int start = -1;
        for (int i = 0; i <= file.Lines.Count; i++)
        {
            bool begins = i == file.Lines.Count || (Beginning().IsMatch(file.Lines[i]) && !file.Lines[i - 1].StartsWith("    [", StringComparison.Ordinal));
            if (!begins)
                continue;
            if (start >= 0)
            {
                string text = string.Join('\n', file.Lines.Skip(start).Take(i - start));
                string declaration = string.Join('\n', file.Lines.Skip(start).SkipWhile(line => line.StartsWith("    [", StringComparison.Ordinal)).Take(1));
                yield return new Member(name, Declared().Match(declaration).Groups[1].Value, text, text.Contains("[Fact]") || text.Contains("[Theory]"));
            }

            start = i;
        }
    }

    private sealed record Row(RepositoryFile Page, int Line, string ErrorCell, IReadOnlyList<string> Errors, IReadOnlyList<(string Class, string Method)> Tests)
    {
        public string At(string what) => Page.At(Line, what);
    }

    private sealed record Member(string Class, string Name, string Text, bool IsTest);

    [GeneratedRegex(@"^    ([A-Z]\w*)(?: = \d+)?,")]
    private static partial Regex Case();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"`([A-Z]\w*Tests)\.(\w+)`")]
    private static partial Regex Test();

    [GeneratedRegex(@"^    (?:\[|public |private |internal |protected )")]
    private static partial Regex Beginning();

    [GeneratedRegex(@"(\w+)(?:<[^>(]*>)?(?:\(| \{ get| = | =>|;|$)")]
    private static partial Regex Declared();
}

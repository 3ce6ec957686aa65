using System.Text.RegularExpressions;
using Parley.Tasks;

namespace Repository.Tests;

/// <summary>
/// Tests are named by sentences, wait for what happens instead of for time to pass, and are all run. A test that only compares with a data
/// file bears the file's name.
/// </summary>
public sealed partial class TestStyleTests
{
    private static readonly Rule TestsAreSentences = files => TestFiles(files)
        .SelectMany(file => Test().Matches(file.Text)
            .Where(match => !Sentence().IsMatch(match.Groups[1].Value) && !DataFile().IsMatch(file.Text[match.Index..]))
            .Select(match => file.At(file.Text.AsSpan(0, match.Groups[1].Index).Count('\n'), $"the test {match.Groups[1].Value} is no sentence joined by underscores")));

    private static readonly Rule TestsDoNotSleep = files => TestFiles(files)
        .SelectMany(file => Enumerable.Range(0, file.Lines.Count).Where(i => Sleep().IsMatch(file.Lines[i])).Select(i => file.At(i, "sleeps; wait for the event itself")));

    private static readonly Rule TestProjectsAreRun = files => files
        .Where(file => file.Is(".csproj") && file.IsIn("tests"))
        .Where(file => TestPart.All.All(part => part.Project + ".csproj" != file.Name))
        .Select(file => file.At(0, "is in no part of ./test"));

    [Fact]
    public void Test_names_are_sentences() => TestsAreSentences.IsKept();

    [Theory]
    [InlineData("[Fact]\npublic void TestOne() { }")]
    [InlineData("[Theory]\n[InlineData(1)]\npublic async Task Works(int x) { }")]
    public void A_test_name_that_is_no_sentence_is_found(string text) => TestsAreSentences.Finds("tests/A/B.cs:", new RepositoryFile("tests/A/B.cs", text));

    [Fact]
    public void A_sentence_is_no_finding() =>
        TestsAreSentences.IsKeptBy(new RepositoryFile("tests/A/B.cs", "[Fact]\npublic void Merging_a_commit_twice_is_refused() { }\n[Fact(Skip = \"x\")]\npublic static async Task Open_returns_null() { }"));

    [Fact]
    public void The_name_of_a_data_file_is_no_finding() =>
        TestsAreSentences.IsKeptBy(new RepositoryFile("tests/A/B.cs", "[Fact]\npublic void Welcome() => VectorFiles.RunAll(\"mls\", \"welcome\", Run);"));

    [Fact]
    public void No_test_sleeps() => TestsDoNotSleep.IsKept();

    [Theory]
    [InlineData("await Task." + "Delay(100);")]
    [InlineData("Thread." + "Sleep(100);")]
    public void A_test_that_sleeps_is_found(string line) => TestsDoNotSleep.Finds("tests/A/B.cs:2", new RepositoryFile("tests/A/B.cs", "\n" + line));

    [Fact]
    public void Every_test_project_is_part_of_the_test_run() => TestProjectsAreRun.IsKept();

    [Fact]
    public void A_test_project_that_is_never_run_is_found() => TestProjectsAreRun.Finds("tests/New.Tests/New.Tests.csproj", new RepositoryFile("tests/New.Tests/New.Tests.csproj", ""));

    private static IEnumerable<RepositoryFile> TestFiles(IEnumerable<RepositoryFile> files) => files.Where(file => file.Is(".cs") && file.IsIn("tests"));

    [GeneratedRegex(@"^\s*\[(?:Fact|Theory)\b[^\n]*\n(?:\s*(?:\[[^\n]*|//[^\n]*)\n)*\s*public (?:static )?(?:async )?[\w<>]+ (\w+)\(", RegexOptions.Multiline)]
    private static partial Regex Test();

    [GeneratedRegex(@"^[A-Z]\w*(_\w+)+$")]
    private static partial Regex Sentence();

    [GeneratedRegex(@"\A\s*\[Fact\]\s*public void \w+\(\) => (?:VectorFiles|ScreenFile)\.")]
    private static partial Regex DataFile();

    [GeneratedRegex(@"\b(Task\s*\.\s*Del" + @"ay|Thread\s*\.\s*Sle" + @"ep)\b")]
    private static partial Regex Sleep();
}

using System.Collections.Immutable;
using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace Parley.Tasks;

/// <summary>A test that failed, with all that is known about why.</summary>
internal sealed record FailedTest(string Name, string Explanation);

/// <summary>
/// What a test program wrote about its run, in xunit's XML. A program that ended without writing it has failed, whatever its exit
/// code says: it is counted as one failure, never as nothing.
/// </summary>
internal sealed record TestReport(int Passed, int Skipped, ImmutableArray<FailedTest> Failures)
{
    public int Failed => Failures.Length;

    /// <summary>Why tests were skipped, each reason once, with the number of tests.</summary>
    public ImmutableArray<(string Reason, int Count)> SkipReasons { get; init; } = [];

    /// <summary>What tests that passed had to say, such as the cases of a vector file.</summary>
    public ImmutableArray<string> Remarks { get; init; } = [];

    /// <summary>The report of a program that could not tell what it did.</summary>
    public static TestReport Broken(string name, string why) => new(0, 0, [new FailedTest(name, why)]);

    /// <summary>Reads the results file of one test program.</summary>
    public static TestReport Read(string name, string file, int exitCode, string log)
    {
        XElement results;
        try
        {
            results = XDocument.Load(file).Root!; // A document that loads has a root.
        }
        catch (Exception e) when (e is IOException or XmlException)
        {
            return Broken(name, $"The test program ended with exit code {exitCode} and left no results. The end of what it printed:\n{Tail(log)}");
        }

        TestReport report = Read(results);
        if (exitCode == 0 == (report.Failed == 0))
            return report;
        FailedTest disagreement = new(name, $"The test program ended with exit code {exitCode}, which its results do not explain. The end of what it printed:\n{Tail(log)}");
        return report with { Failures = report.Failures.Add(disagreement) };
    }

    /// <summary>Reads xunit's XML, its version 3.</summary>
    public static TestReport Read(XElement results)
    {
        ImmutableArray<XElement> tests = [.. results.Descendants("test")];
        // Failures outside any test: a fixture that could not be made, a class that could not be cleaned up.
        IEnumerable<FailedTest> errors = results.Descendants("error").Select(error => new FailedTest(Text(error, "name", "type"), Explain(error)));
        return new TestReport(
            tests.Count(test => Result(test) == "Pass"),
            tests.Count(test => Result(test) is "Skip" or "NotRun"),
            [.. tests.Where(test => Result(test) == "Fail").Select(test => new FailedTest(Text(test, "name"), Explain(test))), .. errors])
        {
            SkipReasons = [.. tests.Where(test => Result(test) == "Skip").GroupBy(test => test.Element("reason")?.Value.Trim() ?? "no reason given")
                .Select(group => (group.Key, group.Count()))],
            Remarks = [.. tests.Where(test => Result(test) == "Pass").Select(test => test.Element("output")?.Value.Trim() ?? "").Where(text => text.Length > 0)],
        };
    }

    public string Counts => string.Create(CultureInfo.InvariantCulture, $"{Passed} passed, {Failed} failed{(Skipped > 0 ? $", {Skipped} skipped" : "")}");

    private static string? Result(XElement test) => test.Attribute("result")?.Value;

    private static string Text(XElement element, params string[] attributes) =>
        attributes.Select(name => element.Attribute(name)?.Value).FirstOrDefault(text => !string.IsNullOrEmpty(text)) ?? "unnamed";

    private static string Explain(XElement test)
    {
        XElement? failure = test.Element("failure");
        string?[] parts = [failure?.Element("message")?.Value, failure?.Element("stack-trace")?.Value, test.Element("output")?.Value];
        return string.Join('\n', parts.Where(part => !string.IsNullOrWhiteSpace(part)).Select(part => part!.Trim('\r', '\n')));
    }

    private static string Tail(string log)
    {
        string[] lines = log.TrimEnd().Split('\n');
        return string.Join('\n', lines.TakeLast(60));
    }
}

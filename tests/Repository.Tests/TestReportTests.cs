using System.Xml.Linq;
using Parley.Tasks;

namespace Repository.Tests;

/// <summary>What ./test counts: nothing that failed or never ran may look like a pass.</summary>
public sealed class TestReportTests
{
    private static readonly XElement Results = XElement.Parse("""
        <assemblies schema-version="3">
          <assembly>
            <errors><error type="test-class-cleanup" name="Fixture"><failure><message>cannot be removed</message></failure></error></errors>
            <collection>
              <test name="A.Passes" result="Pass"><output>12 cases</output></test>
              <test name="A.Fails" result="Fail"><failure><message>expected 1</message><stack-trace>at A</stack-trace></failure><output>seed 7</output></test>
              <test name="A.Skipped" result="Skip"><reason>no vectors</reason></test>
              <test name="A.Skipped_too" result="Skip"><reason>no vectors</reason></test>
            </collection>
          </assembly>
        </assemblies>
        """);

    [Fact]
    public void Every_result_is_counted_once()
    {
        TestReport report = TestReport.Read(Results);
        Assert.Equal("1 passed, 2 failed, 2 skipped", report.Counts);
        Assert.Equal(("no vectors", 2), Assert.Single(report.SkipReasons));
        Assert.Equal("12 cases", Assert.Single(report.Remarks));
    }

    [Fact]
    public void A_failure_is_explained_with_message_place_and_output()
    {
        FailedTest failure = TestReport.Read(Results).Failures[0];
        Assert.Equal("A.Fails", failure.Name);
        Assert.Equal("expected 1\nat A\nseed 7", failure.Explanation);
    }

    [Fact]
    public void A_fixture_that_fails_is_a_failure() => Assert.Equal("Fixture", TestReport.Read(Results).Failures[1].Name);

    [Fact]
    public void A_program_that_leaves_no_results_has_failed()
    {
        TestReport report = TestReport.Read("mls", Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()), exitCode: 134, "Unhandled exception");
        Assert.Equal("0 passed, 1 failed", report.Counts);
        Assert.Contains("Unhandled exception", report.Failures[0].Explanation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, "Pass", 1)]
    [InlineData(0, "Pass", 0)]
    [InlineData(0, "Fail", 2)]
    public void An_exit_code_the_results_do_not_explain_is_a_failure(int exitCode, string result, int failures)
    {
        string file = Path.GetTempFileName();
        try
        {
            new XElement("assemblies", new XElement("test", new XAttribute("name", "A.B"), new XAttribute("result", result))).Save(file);
            Assert.Equal(failures, TestReport.Read("mls", file, exitCode, "log").Failed);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void An_unknown_part_is_refused_by_name()
    {
        Assert.False(TestPart.TrySelect(["mls", "nonsense"], out _, out string? unknown));
        Assert.Equal("nonsense", unknown);
    }

    [Fact]
    public void No_name_selects_every_part_but_the_nightly_ones()
    {
        Assert.True(TestPart.TrySelect([], out IReadOnlyList<TestPart> selected, out _));
        Assert.Equal(TestPart.All.Where(part => !part.IsNightly), selected);
        Assert.True(TestPart.TrySelect(["nightly"], out selected, out _));
        Assert.True(Assert.Single(selected).IsNightly);
    }
}

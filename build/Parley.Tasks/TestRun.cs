using System.Globalization;

namespace Parley.Tasks;

/// <summary>
/// Builds the tests once, runs the parts one after the other, and ends with the line <c>N passed, N failed</c>. Whatever goes wrong
/// is explained where it happens and counted as a failure; a run in which no test passed is a failed run.
/// </summary>
internal sealed class TestRun(Repository repository, TimeProvider time, TextWriter output, bool wanted)
{
    private static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(20);
    private static readonly TimeSpan PartLimit = TimeSpan.FromMinutes(20);
    private static readonly TimeSpan NightlyLimit = TimeSpan.FromHours(4);

    /// <summary>Tells tests that they may take their time.</summary>
    private const string NightlyVariable = "PARLEY_NIGHTLY";

    private readonly List<TestReport> _reports = [];

    /// <summary>Runs the parts; the exit code is 0 if tests ran and none failed. <c>wanted</c>: the parts were asked for by name, so their remarks are shown.</summary>
    public int Run(IReadOnlyList<TestPart> parts)
    {
        Directory.CreateDirectory(repository.Results);
        if (Build(parts))
        {
            foreach (TestPart part in parts)
                Run(part);
        }

        TestReport sum = new(_reports.Sum(report => report.Passed), _reports.Sum(report => report.Skipped), [.. _reports.SelectMany(report => report.Failures)]);
        output.WriteLine();
        if (sum.Passed + sum.Failed == 0)
            output.WriteLine("No test ran: all were skipped, for the reasons above. This counts as a failure.");
        if (sum.Failed > 0)
            output.WriteLine("Failed:\n  " + string.Join("\n  ", sum.Failures.Select(failure => failure.Name)) + "\n");
        output.WriteLine(sum.Counts);
        return sum.Passed > 0 && sum.Failed == 0 ? 0 : 1;
    }

    private bool Build(IReadOnlyList<TestPart> parts)
    {
        bool isWhole = TestPart.All.All(part => part.IsNightly || parts.Contains(part));
        string[] projects = isWhole
            ? [Path.Combine(repository.Root, "Parley.slnx")]
            : [.. parts.Select(part => repository.TestProject(part.Project)).Distinct()];
        Begin("build");
        long started = time.GetTimestamp();
        DateTimeOffset startedAt = time.GetUtcNow();
        foreach (string project in projects)
        {
            ToolResult build = Tool.Dotnet(["build", project, "-c", Repository.Configuration, "-v", "quiet", "--nologo"], repository.Root, BuildLimit);
            if (build.ExitCode == 0 && !build.TimedOut)
                continue;
            End("failed", started);
            output.WriteLine(build.Output);
            output.WriteLine(build.TimedOut ? $"The build did not end within {BuildLimit.TotalMinutes} minutes." : "The build failed: the reason stands above.");
            _reports.Add(TestReport.Broken("build", build.Output));
            return false;
        }

        // What ./run and ./parley look at: after a build of everything they have nothing to build.
        if (isWhole)
        {
            File.WriteAllText(repository.BuiltStamp, "");
            File.SetLastWriteTimeUtc(repository.BuiltStamp, startedAt.UtcDateTime);
        }

        End("done", started);
        return true;
    }

    private void Run(TestPart part)
    {
        if (part.NeedsTmux)
            SystemPackage.Ensure("tmux", "the test of the full-screen client needs it", ["tmux"], "tmux", output);
        if (part.NeedsPostgres && !Tool.Exists("initdb")) // Debian keeps initdb out of the search path, and has this one of its own.
            SystemPackage.Ensure("pg_ctlcluster", "the tests of the server on PostgreSQL need it", ["postgresql", "procps"], "postgresql", output);
        if (part.NeedsLinker && !Tool.Exists("gcc"))
            SystemPackage.Ensure("clang", "the sample compiled ahead of time needs it as a linker", ["clang"], "llvm", output);
        if (part.NeedsTsMls)
            NodePackages.Ensure(repository, output);
        Begin(part.Name);
        long started = time.GetTimestamp();
        TimeSpan limit = part.IsNightly ? NightlyLimit : PartLimit;
        string results = Path.Combine(repository.Results, part.Name + ".xml");
        File.Delete(results);
        ToolResult run = Tool.Dotnet([repository.TestAssembly(part.Project), "-noColor", "-noLogo", "-longRunning", "60", "-xml", results, .. part.Filter],
            repository.Root, limit, part.IsNightly ? NightlyVariable : null);
        File.WriteAllText(Path.Combine(repository.Results, part.Name + ".log"), run.Output);
        TestReport report = run.TimedOut
            ? TestReport.Broken(part.Name, $"The tests did not end within {limit.TotalMinutes} minutes. The end of what they printed:\n{run.Output}")
            : TestReport.Read(part.Name, results, run.ExitCode, run.Output);
        if (report.Passed + report.Failed + report.Skipped == 0)
            report = TestReport.Broken(part.Name, "The part holds no test, so nothing was proven.");
        _reports.Add(report);
        End(report.Counts, started);
        Explain(report, wanted || part.ShowsRemarks);
    }

    private void Explain(TestReport report, bool withRemarks)
    {
        foreach ((string reason, int count) in report.SkipReasons)
            output.WriteLine($"             skipped {count}: {reason}");
        foreach (string remark in withRemarks ? report.Remarks : [])
            output.WriteLine("             " + remark.ReplaceLineEndings("\n             "));
        foreach (FailedTest failure in report.Failures)
        {
            output.WriteLine();
            output.WriteLine("FAILED " + failure.Name);
            output.WriteLine("  " + failure.Explanation.ReplaceLineEndings("\n  "));
            output.WriteLine();
        }
    }

    private void Begin(string name)
    {
        output.Write($"{name,-12} ");
        output.Flush();
    }

    private void End(string result, long started) =>
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{result}   ({time.GetElapsedTime(started).TotalSeconds:0.0} s)"));
}

using System.Text.RegularExpressions;

namespace Repository.Tests;

/// <summary>The operator's page has a row for each metric, and none for one that is not there.</summary>
public sealed partial class MetricTests
{
    private const string Source = "src/Parley.Server/Telemetry/ServerMetrics.cs";
    private const string Page = "docs/operating.md";

    private static readonly Rule MetricsAreDescribed = files =>
    {
        RepositoryFile[] all = [.. files];
        string[] made = [.. Instrument().Matches(all.Single(file => file.Path == Source).Text).Select(match => match.Groups[1].Value)];
        string[] described = [.. Row().Matches(all.Single(file => file.Path == Page).Text).Select(match => match.Groups[1].Value)];
        return made.Except(described).Select(metric => $"{Page} has no row for {metric}")
            .Concat(described.Except(made).Select(metric => $"{Page} has a row for {metric}, which {Source} does not make"));
    };

    [Fact]
    public void Every_metric_is_described() => MetricsAreDescribed.IsKept();

    [Fact]
    public void A_metric_without_a_row_and_a_row_without_a_metric_are_found()
    {
        MetricsAreDescribed.Finds($"{Page} has no row for parley.made", new RepositoryFile(Source, "\"parley.made\""), new RepositoryFile(Page, ""));
        MetricsAreDescribed.Finds($"{Page} has a row for parley.told", new RepositoryFile(Source, ""), new RepositoryFile(Page, "| `parley.told` | Something. |"));
    }

    [GeneratedRegex("\"(parley\\.[a-z_.]+)\"")]
    private static partial Regex Instrument();

    [GeneratedRegex("^\\| `(parley\\.[a-z_.]+)` \\|", RegexOptions.Multiline)]
    private static partial Regex Row();
}

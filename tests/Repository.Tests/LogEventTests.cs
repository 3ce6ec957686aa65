using System.Globalization;
using System.Text.RegularExpressions;

namespace Repository.Tests;

/// <summary>A log event id is one event in the whole repository, in its project's range, and every log method states one.</summary>
public sealed partial class LogEventTests
{
    private static readonly Dictionary<string, int> FirstIds = new() { ["Parley.Server"] = 1000, ["Parley.Client"] = 2000, ["Parley.Client.Sqlite"] = 2000, ["Parley.Terminal"] = 3000 };

    private static readonly Rule EventIdsAreUsedOnce = files => Events(files)
        .Where(found => found.Id is not null)
        .GroupBy(found => found.Id)
        .SelectMany(group => group.Skip(1).Select(found => found.File.At(found.Line, $"uses event id {found.Id} of {group.First().File.Path} again")));

    private static readonly Rule EventIdsAreInRange = files => Events(files)
        .Where(found => found.Id is null || !IsInRange(found.File, found.Id.Value))
        .Select(found => found.File.At(found.Line, $"has {(found.Id is null ? "no event id" : $"event id {found.Id}, outside its project's thousand")}"));

    [Fact]
    public void Every_log_event_id_is_used_once() => EventIdsAreUsedOnce.IsKept();

    [Fact]
    public void Every_log_event_id_is_in_its_projects_range() => EventIdsAreInRange.IsKept();

    [Fact]
    public void An_event_id_used_twice_is_found() => EventIdsAreUsedOnce.Finds(
        "src/Parley.Server/B.cs:2",
        new RepositoryFile("src/Parley.Server/A.cs", "[LoggerMessage(1001, LogLevel.Debug, \"a\")]"),
        new RepositoryFile("src/Parley.Server/B.cs", "\n[LoggerMessage(EventId = 1001, Level = LogLevel.Debug)]"));

    [Theory]
    [InlineData("[LoggerMessage(2001, LogLevel.Debug, \"a\")]")]
    [InlineData("[LoggerMessage(Level = LogLevel.Debug, Message = \"a\")]")]
    public void An_event_id_out_of_range_is_found(string text) => EventIdsAreInRange.Finds("src/Parley.Server/A.cs:1", new RepositoryFile("src/Parley.Server/A.cs", text));

    private static IEnumerable<(RepositoryFile File, int Line, int? Id)> Events(IEnumerable<RepositoryFile> files) => files
        .Where(file => file.Is(".cs") && file.IsIn("src"))
        .SelectMany(file => Event().Matches(file.Text).Select(match => (
            file,
            file.Text.AsSpan(0, match.Index).Count('\n'),
            match.Groups[1].Success ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : (int?)null)));

    private static bool IsInRange(RepositoryFile file, int id) =>
        FirstIds.TryGetValue(file.Path.Split('/')[1], out int first) && id >= first && id < first + 1000;

    [GeneratedRegex(@"\[LoggerMessage\((?:[^)""]*?EventId\s*=\s*|\s*)(\d+)?")]
    private static partial Regex Event();
}

using System.Text.Json;
using Parley.EndToEnd.Tests.Processes;

namespace Parley.EndToEnd.Tests;

/// <summary>The load program for the server runs from end to end. What it measures here says nothing.</summary>
public sealed class BenchTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task Every_work_is_measured_and_written_to_the_file()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "What a server uses is read from /proc.");
        using TemporaryFolder folder = new();
        string file = folder.Below("server.json");
        await using RunningProgram bench = RunningProgram.Start(Programs.Bench, ["server", "--quick", "--json", file]);
        Assert.True(await bench.WaitForExitAsync(Limit) == 0, bench.Errors);

        using var rows = JsonDocument.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        string[] measured = [.. rows.RootElement.EnumerateArray().Select(row => row.GetProperty("work").GetString() ?? "")];
        Assert.Equal(["w3", "w5", "w1-8", "w1-64", "w1-latency", "w2", "w2-latency", "w4", "disk", "start"], measured);
        Assert.All(rows.RootElement.EnumerateArray().Where(row => row.TryGetProperty("per_second", out _)), row => Assert.True(row.GetProperty("per_second").GetDouble() > 0));
    }
}

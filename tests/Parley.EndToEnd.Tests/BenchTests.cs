using System.Text.Json;
using Parley.EndToEnd.Tests.Processes;

namespace Parley.EndToEnd.Tests;

/// <summary>The benchmarks run from end to end. What they measure here says nothing.</summary>
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
        Assert.Equal(["w3", "w3-tls", "w5", "w1-8", "w1-64", "w1-latency", "w2", "w2-latency", "w4", "disk", "start"], measured);
        Assert.All(rows.RootElement.EnumerateArray().Where(row => row.TryGetProperty("per_second", out _)), row => Assert.True(row.GetProperty("per_second").GetDouble() > 0));
    }

    [Fact]
    public async Task Every_figure_of_the_client_is_measured_and_written_to_the_file()
    {
        using TemporaryFolder folder = new();
        string file = folder.Below("client.json");
        await using RunningProgram bench = RunningProgram.Start(Programs.Bench, ["client", "--quick", "--json", file]);
        Assert.True(await bench.WaitForExitAsync(Limit) == 0, bench.Errors);

        using var rows = JsonDocument.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        string[] measured = [.. rows.RootElement.EnumerateArray().Select(row => row.GetProperty("work").GetString() ?? "")];
        Assert.Equal(
            ["send_to_shown_p50", "send_to_shown_p99", "bytes_written_by_sender", "catch_up", "catch_up_bytes_written", "catch_up_batches", "store_bytes", "hand_over", "hand_over_bytes_written_by_giver", "open_profile", "start_program", "resident_memory"],
            measured);
        Assert.All(rows.RootElement.EnumerateArray().Where(row => row.GetProperty("work").GetString() != "store_bytes"), row => Assert.True(row.GetProperty("value").GetDouble() > 0));
    }

    [Fact]
    public async Task Every_operation_of_the_protocol_is_measured_and_written_to_the_file()
    {
        using TemporaryFolder folder = new();
        string file = folder.Below("mls.json");
        await using RunningProgram bench = RunningProgram.Start(Programs.Bench, ["mls", "--quick", "--leaves", "3", "--suite", "hybrid", "--json", file]);
        Assert.True(await bench.WaitForExitAsync(Limit) == 0, bench.Errors);

        using var rows = JsonDocument.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        HashSet<string> measured = [.. rows.RootElement.EnumerateArray().Select(row => row.GetProperty("name").GetString() ?? "")];
        HashSet<string> expected =
        [
            "key_package", "protect", "unprotect", "commit", "process", "process_neighbour", "add", "join", "join_one_thread", "create", "create_one_thread",
        ];
        Assert.True(measured.SetEquals(expected), string.Join(", ", measured));
        Assert.All(rows.RootElement.EnumerateArray(), row => Assert.True(row.GetProperty("ratio").GetDouble() > 0));
    }
}

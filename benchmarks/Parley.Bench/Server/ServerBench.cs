using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Parley.Bench.Server;

/// <summary>
/// The load program for the server: one group whose every message goes to a hundred members, and five hundred pairs who talk at once.
/// Server and clients are separate processes on separate cores, the server with durable storage on. Payloads are noise in MLS framing,
/// which is all that a server sees. Latency is from the sender's write to the receiver's read, durable storage included.
/// </summary>
public static class ServerBench
{
    private const int FanOutMembers = 100;
    private const int Pairs = 500;
    private const int AccountsMax = Pairs * 2;
    private const int PayloadBytes = 300;

    /// <summary>Runs all scenarios, prints a table, and writes the rows to the file if there is one.</summary>
    public static async Task<int> RunAsync(string? jsonFile, CancellationToken cancellationToken)
    {
        bool pinned = CorePinning.PinClients();
        Console.Error.WriteLine($"{Environment.ProcessorCount} cores, .NET {Environment.Version}, {(pinned ? "server and clients on a core each" : "server and clients share the cores")}");
        await using ServerUnderLoad server = await ServerUnderLoad.StartAsync(AccountsMax, cancellationToken);
        Console.Error.WriteLine($"Signing up {AccountsMax} devices ...");
        IReadOnlyList<LoadDevice> devices = await server.SignUpAsync(AccountsMax, cancellationToken);

        var rows = new List<Row>();
        foreach (int inFlight in (int[])[8, 64])
            rows.Add(await MeasureAsync($"fan_out_{FanOutMembers}_in_flight_{inFlight}", server, await FanOut.CreateAsync(server, devices, FanOutMembers, inFlight, PayloadBytes, cancellationToken), cancellationToken));
        rows.Add(await MeasureAsync($"pairs_{Pairs}", server, await PairedTalk.CreateAsync(server, devices, Pairs, PayloadBytes, cancellationToken), cancellationToken));

        if (jsonFile is not null)
            await File.WriteAllTextAsync(jsonFile, JsonSerializer.Serialize(rows, RowJson), cancellationToken);
        return 0;
    }

    private static readonly JsonSerializerOptions RowJson = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    private static async Task<Row> MeasureAsync(string name, ServerUnderLoad server, ILoad load, CancellationToken cancellationToken)
    {
        await using (load)
        {
            var latencies = new Latencies();
            load.Start(latencies);
            await Task.Delay(TimeSpan.FromSeconds(3), cancellationToken);
            latencies.Reset();
            TimeSpan cpuBefore = server.ProcessorTime;
            long started = Stopwatch.GetTimestamp();
            await Task.Delay(TimeSpan.FromSeconds(8), cancellationToken);
            double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            double cpuPercent = (server.ProcessorTime - cpuBefore).TotalSeconds / seconds * 100;
            var row = new Row(name, Math.Round(latencies.Count / seconds), latencies.Percentile(50), latencies.Percentile(99), Math.Round(cpuPercent));
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{row.Name,-28} {row.PerSecond,10:N0}/s   p50 {row.P50Us,8:N0} µs   p99 {row.P99Us,8:N0} µs   server CPU {row.CpuPercent,4:N0} %"));
            return row;
        }
    }

    /// <summary>One measurement.</summary>
    private sealed record Row(string Name, double PerSecond, double P50Us, double P99Us, double CpuPercent);
}

/// <summary>Clients that keep the server busy until they are disposed.</summary>
internal interface ILoad : IAsyncDisposable
{
    /// <summary>Starts, and counts each delivery.</summary>
    void Start(Latencies latencies);
}

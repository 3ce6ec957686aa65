using System.Text.Json;
using System.Text.Json.Serialization;
using Parley.Bench.Server.Measuring;
using Parley.Bench.Server.Systems;
using Parley.Bench.Server.Xmpp;

namespace Parley.Bench.Server;

/// <summary>
/// The load program for the server. Server and clients are separate processes on separate cores, the server with durable storage on.
/// Payloads are noise in MLS framing, which is all that a server sees. Latency is from the sender's write to the receiver's read,
/// durable storage included.
/// </summary>
public static class ServerBench
{
    private static readonly JsonSerializerOptions RowJson = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
    };

    /// <summary>The names of all works.</summary>
    public static IReadOnlyList<string> Works { get; } = [.. ServerWork.All.Select(work => work.Name)];

    /// <summary>Measures what was asked for, prints a table, and writes the rows to the file if there is one.</summary>
    public static async Task<int> RunAsync(ServerBenchOptions options, CancellationToken cancellationToken)
    {
        bool pinned = CorePinning.PinClients();
        Console.Error.WriteLine($"{Environment.ProcessorCount} cores, .NET {Environment.Version}, {(pinned ? "server and clients on a core each" : "server and clients share the cores")}");
        ServerWork[] works = [.. ServerWork.All.Where(work => options.Works.Count == 0 ? !work.IsLong && (work.HasPeer || !options.HasPeer) : options.Works.Contains(work.Name))];
        int devices = works.Max(work => work.Devices(options.Sizes));

        var rows = new List<ServerRow>();
        await using (var parley = new ServerRun(options, works, async token => await ParleySystem.StartAsync(options.UsesPostgres, Math.Max(2, devices), options.Sizes, token)))
            rows.AddRange(await parley.RunAsync(cancellationToken));
        ServerWork[] compared = options.HasPeer ? [.. works.Where(work => work.HasPeer)] : [];
        bool isFair = compared.Length == 0 || await RunPeerAsync(options, compared, rows, cancellationToken);

        ServerTable.Write(rows, Console.Out);
        if (options.JsonFile is not null)
            await File.WriteAllTextAsync(options.JsonFile, JsonSerializer.Serialize(rows, RowJson), cancellationToken);
        return isFair ? 0 : 1;
    }

    /// <summary>Measures ejabberd. False if it has delivered what it has not archived, so that its figures are too good.</summary>
    private static async Task<bool> RunPeerAsync(ServerBenchOptions options, IReadOnlyList<ServerWork> works, List<ServerRow> rows, CancellationToken cancellationToken)
    {
        await using EjabberdSystem ejabberd = await EjabberdSystem.StartAsync(options.UsesPostgres, works.Max(work => work.Devices(options.Sizes)), options.Sizes, cancellationToken);
        var run = new ServerRun(options, works, _ => Task.FromResult<ISystemUnderLoad>(ejabberd));
        rows.AddRange(await run.RunAsync(cancellationToken));
        (bool isComplete, string found) = await ejabberd.CheckArchiveAsync(cancellationToken);
        Console.Error.WriteLine(isComplete ? found + "." : found + ": the rest was delivered without being stored.");
        return isComplete;
    }
}

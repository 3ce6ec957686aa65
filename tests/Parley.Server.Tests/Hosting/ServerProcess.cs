using System.Diagnostics;
using System.Diagnostics.Tracing;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using Microsoft.Diagnostics.NETCore.Client;

namespace Parley.Server.Tests.Hosting;

/// <summary>The real program in a process of its own.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private const string MetricsOption = "--metrics-listen";

    // .NET's provider of events, and its keyword that asks for a collection now.
    private static readonly EventPipeProvider Collection = new("Microsoft-Windows-DotNETRuntime", EventLevel.Informational, 0x800000);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly HttpClient? _metrics;
    private readonly Task<string> _errors;
    private readonly Task _reading;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

    private ServerProcess(Process process, string[] command)
    {
        _process = process;
        _metrics = Array.IndexOf(command, MetricsOption) is >= 0 and int option ? new HttpClient { BaseAddress = new Uri(command[option + 1]) } : null;
        _errors = process.StandardError.ReadToEndAsync();
        _reading = ReadAsync();
    }

    /// <summary>The program that these tests were built with.</summary>
    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "parley-server.exe" : "parley-server");

    public static ServerProcess Start(params string[] arguments) => Start([], new Dictionary<string, string>(StringComparer.Ordinal), arguments);

    /// <summary>Without its limits, for a load that comes from one address.</summary>
    public static ServerProcess StartUnlimited(params string[] arguments) => Start([], TestServer.UnlimitedEnvironment(), arguments);

    /// <summary>Starts it through another program, which becomes it, and with further variables.</summary>
    public static ServerProcess Start(IReadOnlyList<string> through, IReadOnlyDictionary<string, string> variables, params string[] arguments) =>
        StartCommand([.. through, Program, .. arguments], variables);

    /// <summary>Starts what may be another version of the program.</summary>
    public static ServerProcess StartCommand(string[] command, IReadOnlyDictionary<string, string> variables)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in variables)
            start.Environment[name] = value;
        return new ServerProcess(Process.Start(start) ?? throw new InvalidOperationException("The server's program does not start."), command);
    }

    /// <summary>
    /// A loopback address that is free, and likely stays so while no server is there: its port is below those that the system gives to
    /// outgoing connections, of which a busy machine makes thousands.
    /// </summary>
    public static string FreeAddress()
    {
        while (true)
        {
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, RandomNumberGenerator.GetInt32(10_000, 32_000));
                listener.Start();
                return $"http://{listener.LocalEndpoint}";
            }
            catch (SocketException)
            {
                // Somebody has it.
            }
        }
    }

    /// <summary>Reads the output up to a line that holds the text.</summary>
    public async Task<string> LineAsync(string text)
    {
        using var timeout = new CancellationTokenSource(Patience);
        while (await _lines.Reader.WaitToReadAsync(timeout.Token))
        {
            while (_lines.Reader.TryRead(out string? line))
            {
                if (line.Contains(text, StringComparison.Ordinal))
                    return line.Trim();
            }
        }

        throw new InvalidOperationException($"The server ended without saying '{text}': {await _errors}");
    }

    /// <summary>What it has printed since the line that was last waited for.</summary>
    public string Printed()
    {
        var printed = new StringBuilder();
        while (_lines.Reader.TryRead(out string? line))
            printed.Append(line).Append('\n');
        return printed.ToString();
    }

    /// <summary>The sum of all values of a metric. It was started with an address for its metrics.</summary>
    /// <param name="name">The metric's name.</param>
    /// <param name="label">What its labels must hold, if not all count.</param>
    public async Task<long> MetricAsync(string name, string label = "")
    {
        HttpClient metrics = _metrics ?? throw new InvalidOperationException($"The server was started without {MetricsOption}.");
        string all = await metrics.GetStringAsync("/metrics");
        return all.Split('\n')
            .Where(line => line.StartsWith(name + "{", StringComparison.Ordinal) && line.Contains(label, StringComparison.Ordinal))
            .Sum(line => long.Parse(line[(line.IndexOf('}', StringComparison.Ordinal) + 2)..].Split(' ')[0], CultureInfo.InvariantCulture));
    }

    /// <summary>What its heap holds after all has been collected that can be.</summary>
    public async Task<long> HeldBytesAsync()
    {
        long collections = await CollectionsAsync();
        var diagnostics = new DiagnosticsClient(_process.Id);
        using (EventPipeSession session = diagnostics.StartEventPipeSession([Collection], requestRundown: false, circularBufferMB: 1))
        {
            Task read = session.EventStream.CopyToAsync(Stream.Null);
            await session.StopAsync(CancellationToken.None);
            await read;
        }

        await Eventually.TrueAsync(async () => await CollectionsAsync() > collections);
        return await MetricAsync("dotnet_gc_last_collection_heap_size_bytes") - await MetricAsync("dotnet_gc_last_collection_heap_fragmentation_size_bytes");
    }

    /// <summary>Ends it without warning, as a power cut would.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Asks it to stop, as a service manager does.</summary>
    public void Stop() => Signal("-TERM");

    public void Signal(string signal)
    {
        using Process kill = Process.Start("kill", [signal, _process.Id.ToString()]);
        kill.WaitForExit();
    }

    /// <summary>Waits until it ends by itself or otherwise.</summary>
    public async Task<(int ExitCode, string Errors)> RunToEndAsync()
    {
        await _process.WaitForExitAsync();
        return (_process.ExitCode, await _errors);
    }

    /// <summary>Waits for its end, and returns what it has printed behind the line that was last waited for.</summary>
    public async Task<(int ExitCode, string Output, string Errors)> EndAsync()
    {
        using var timeout = new CancellationTokenSource(Patience);
        await _reading.WaitAsync(timeout.Token);
        await _process.WaitForExitAsync(timeout.Token);
        return (_process.ExitCode, Printed(), await _errors);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
        _metrics?.Dispose();
    }

    private Task<long> CollectionsAsync() => MetricAsync("dotnet_gc_collections_total", "generation=\"gen2\"");

    /// <summary>All along: a server whose output nobody reads would stand still.</summary>
    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
            _lines.Writer.TryWrite(line);
        _lines.Writer.Complete();
    }
}

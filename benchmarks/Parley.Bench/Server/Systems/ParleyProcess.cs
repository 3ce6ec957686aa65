using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Parley.Bench.Server.Clients;
using Parley.Bench.Server.Measuring;
using Parley.Contracts;

namespace Parley.Bench.Server.Systems;

/// <summary>The real server program on the server's core.</summary>
internal sealed class ParleyProcess : IAsyncDisposable
{
    private const string NoLimit = "1000000";

    // The operator's limits are for people; what is measured here is how much the server can do. All clients come from one address.
    private static readonly string[] Limits =
    [
        "REQUESTS_PER_SECOND", "SIGN_UPS_PER_HOUR", "SIGN_INS_PER_MINUTE", "SESSIONS_PER_MINUTE", "INVITES_PER_HOUR", "GROUPS_PER_HOUR",
        "CONNECTIONS", "ANONYMOUS_CONNECTIONS", "CONNECTIONS_PER_ADDRESS", "CONNECTIONS_PER_ACCOUNT", "FRAMES_PER_SECOND",
        "APPENDS_PER_SECOND", "APPEND_KILOBYTES_PER_SECOND", "GROUP_APPENDS_PER_SECOND", "GROUP_KILOBYTES_PER_SECOND",
    ];

    private readonly Process _process;
    private readonly ParleyStore _store;

    private ParleyProcess(Process process, ParleyStore store, Uri address)
    {
        _process = process;
        _store = store;
        Address = address;
    }

    public Uri Address { get; }

    public int Id => _process.Id;

    /// <summary>Starts the server, and returns when it says that it is ready.</summary>
    public static async Task<ParleyProcess> StartAsync(ParleyStore store, CancellationToken cancellationToken, bool usesTls = false)
    {
        ParleyProcess server = Start(store, usesTls);
        try
        {
            await server.ReadyAsync(cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>How long it takes from starting the program to the first answer that it is ready.</summary>
    public static async Task<TimeSpan> TimeStartAsync(ParleyStore store, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        await using ParleyProcess server = await StartAsync(store, cancellationToken);
        return Stopwatch.GetElapsedTime(started);
    }

    /// <summary>Makes an invite by the server's own command.</summary>
    public async Task<string> InviteAsync(CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(Program(), ["invite", .. _store.Arguments, "--uses", "1000"]) { UseShellExecute = false, RedirectStandardOutput = true };
        using Process invite = Process.Start(start)!; // A program that cannot be started throws.
        string output = await invite.StandardOutput.ReadToEndAsync(cancellationToken);
        string link = output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).LastOrDefault(word => word.Contains("/i/", StringComparison.Ordinal))
            ?? throw new InvalidOperationException($"The server makes no invite: {output}");
        return link[(link.LastIndexOf('/') + 1)..];
    }

    /// <summary>Ends it as a crash does: what it has acknowledged is stored.</summary>
    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static ParleyProcess Start(ParleyStore store, bool usesTls)
    {
        Uri address = LoopbackPorts.FreeAddress(usesTls ? "https" : "http");
        ProcessStartInfo start = CorePinning.OnServerCore(Program(), ["run", "--listen", address.AbsoluteUri, .. store.Arguments, .. usesTls ? store.MakeCertificate() : []]);
        start.RedirectStandardOutput = true;
        foreach (string limit in Limits)
            start.Environment["PARLEY_" + limit] = NoLimit;
        Process process = Process.Start(start)!; // A program that cannot be started throws.
        process.OutputDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        return new ParleyProcess(process, store, address);
    }

    private async Task ReadyAsync(CancellationToken cancellationToken)
    {
        while (!_process.HasExited)
        {
            try
            {
                using LoadStream stream = await LoadStream.ConnectAsync(Address, cancellationToken);
                await stream.RequestAsync("GET", Routes.HealthReady, null, [], cancellationToken);
                return;
            }
            catch (Exception e) when (e is SocketException or HttpRequestException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(2), cancellationToken);
            }
        }

        throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"The server has ended with exit code {_process.ExitCode}."));
    }

    /// <summary>The server that was built with this program: artifacts/bin/Parley.Server/release beside artifacts/bin/Parley.Bench/release.</summary>
    private static string Program()
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        string name = OperatingSystem.IsWindows() ? "parley-server.exe" : "parley-server";
        return Path.GetFullPath(Path.Combine(own.FullName, "..", "..", "Parley.Server", own.Name, name));
    }
}

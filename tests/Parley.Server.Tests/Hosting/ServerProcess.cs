using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Parley.Server.Tests.Hosting;

/// <summary>The real program in a process of its own.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Task<string> _errors;

    private ServerProcess(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
    }

    public static ServerProcess Start(params string[] arguments) => Start([], new Dictionary<string, string>(StringComparer.Ordinal), arguments);

    /// <summary>Starts it through another program, which becomes it, and with further variables.</summary>
    public static ServerProcess Start(IReadOnlyList<string> through, IReadOnlyDictionary<string, string> variables, params string[] arguments)
    {
        string program = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "parley-server.exe" : "parley-server");
        string[] command = [.. through, program, .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in variables)
            start.Environment[name] = value;
        return new ServerProcess(Process.Start(start) ?? throw new InvalidOperationException("The server's program does not start."));
    }

    /// <summary>A loopback address that was free a moment ago.</summary>
    public static string FreeAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return $"http://{listener.LocalEndpoint}";
    }

    /// <summary>Reads the output up to a line that holds the text.</summary>
    public async Task<string> LineAsync(string text)
    {
        using var timeout = new CancellationTokenSource(Patience);
        while (await _process.StandardOutput.ReadLineAsync(timeout.Token) is { } line)
        {
            if (line.Contains(text, StringComparison.Ordinal))
                return line.Trim();
        }

        throw new InvalidOperationException($"The server ended without saying '{text}': {await _errors}");
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

    /// <summary>Reads on, so that it can write, until it ends by itself or otherwise.</summary>
    public async Task<(int ExitCode, string Errors)> RunToEndAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is not null)
        {
            // Nobody wants to know.
        }

        await _process.WaitForExitAsync();
        return (_process.ExitCode, await _errors);
    }

    /// <summary>Waits for its end.</summary>
    public async Task<(int ExitCode, string Output, string Errors)> EndAsync()
    {
        using var timeout = new CancellationTokenSource(Patience);
        string output = await _process.StandardOutput.ReadToEndAsync(timeout.Token);
        await _process.WaitForExitAsync(timeout.Token);
        return (_process.ExitCode, output, await _errors);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
    }
}

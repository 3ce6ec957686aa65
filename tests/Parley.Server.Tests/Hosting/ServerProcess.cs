using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

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

    public static ServerProcess Start(params string[] arguments)
    {
        string program = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "parley-server.exe" : "parley-server");
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        return new ServerProcess(Process.Start(start) ?? throw new InvalidOperationException("The server's program does not start."));
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
    public void Stop()
    {
        using Process kill = Process.Start("kill", ["-TERM", _process.Id.ToString()]);
        kill.WaitForExit();
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

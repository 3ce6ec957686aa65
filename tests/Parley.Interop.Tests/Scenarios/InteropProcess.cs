using System.Diagnostics;
using System.Runtime.InteropServices;
using Grpc.Net.Client;
using Parley.Interop.Wire;

namespace Parley.Interop.Tests.Scenarios;

/// <summary>The interop client as a process of its own, on a free port of this machine, and a connection to it.</summary>
internal sealed class InteropProcess : IDisposable
{
    private const string Ready = "Listening on ";
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly GrpcChannel _channel;

    private InteropProcess(Process process, string address)
    {
        _process = process;
        _channel = GrpcChannel.ForAddress(address);
        Client = new MLSClient.MLSClientClient(_channel);
    }

    public MLSClient.MLSClientClient Client { get; }

    public static InteropProcess Start()
    {
        string dotnet = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        var start = new ProcessStartInfo(dotnet, [Path.Combine(AppContext.BaseDirectory, "parley-interop.dll")]) { UseShellExecute = false, RedirectStandardOutput = true };
        var process = Process.Start(start);
        Assert.NotNull(process);
        string? line = process.StandardOutput.ReadLine();
        Assert.StartsWith(Ready, line, StringComparison.Ordinal);
        return new InteropProcess(process, line![Ready.Length..]); // It starts with something.
    }

    public void Dispose()
    {
        _channel.Dispose();
        _process.Kill();
        _process.WaitForExit(EndLimit);
        _process.Dispose();
    }
}

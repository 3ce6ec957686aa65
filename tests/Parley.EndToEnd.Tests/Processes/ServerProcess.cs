using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Parley.EndToEnd.Tests.Processes;

/// <summary>
/// A real server on a free loopback port with a data folder of its own. It can be killed and started again on the same port and data;
/// what every one of its lives printed is kept.
/// </summary>
internal sealed partial class ServerProcess : IAsyncDisposable
{
    private readonly StringBuilder _pastOutput = new();
    private readonly string[] _tls;
    private RunningProgram? _program;

    private ServerProcess(string data, int port, (string Certificate, string Key)? tls)
    {
        Data = data;
        Address = new Uri($"{(tls is null ? "http" : "https")}://127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}");
        _tls = tls is { } files ? ["--tls-certificate", files.Certificate, "--tls-key", files.Key] : [];
    }

    /// <summary>The folder in which the server keeps everything.</summary>
    public string Data { get; }

    public Uri Address { get; }

    /// <summary>Everything that all lives of this server printed, on both streams.</summary>
    public string Printed => _pastOutput + _program?.Output + _program?.Errors;

    /// <summary>Starts a server.</summary>
    /// <param name="data">The folder in which it keeps everything.</param>
    /// <param name="tls">The files of its certificate, if it is to have one.</param>
    public static async Task<ServerProcess> StartAsync(string data, (string Certificate, string Key)? tls = null)
    {
        ServerProcess server = new(data, FreePort(), tls);
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Starts the server and waits until it prints an invite link, which it does when it is ready.</summary>
    public async Task StartAgainAsync()
    {
        RunningProgram program = RunningProgram.Start(Programs.Server, ["run", "--listen", Address.ToString().TrimEnd('/'), "--data", Data, "--print-invite", .. _tls]);
        _program = program;
        await Eventually.IsAsync(
            "the server's invite link",
            () => Link().IsMatch(program.Output) || program.HasExited,
            () => program.Output + program.Errors);
        Assert.False(program.HasExited, "The server ended at once:\n" + program.Output + program.Errors);
    }

    /// <summary>SIGKILL, as a power cut would have it.</summary>
    public async Task KillAsync()
    {
        Assert.NotNull(_program);
        await _program.KillAsync();
        _pastOutput.Append(_program.Output).Append(_program.Errors);
        await _program.DisposeAsync();
        _program = null;
    }

    /// <summary>Asks the command line, beside the running server, for a new invite link.</summary>
    public async Task<string> InviteAsync()
    {
        await using RunningProgram program = RunningProgram.Start(Programs.Server, ["invite", "--data", Data]);
        Assert.True(await program.WaitForExitAsync() == 0, program.Output + program.Errors);
        _pastOutput.Append(program.Output).Append(program.Errors);
        Match link = Link().Match(program.Output);
        Assert.True(link.Success, "No invite link in:\n" + program.Output);
        return link.Value;
    }

    /// <summary>
    /// A loopback port that nobody listens on, and that nobody is given while the server is down: the system takes the ports of outgoing
    /// connections, of which a busy machine makes thousands, from 32768 up.
    /// </summary>
    public static int FreePort()
    {
        while (true)
        {
            int port = RandomNumberGenerator.GetInt32(10_000, 32_000);
            try
            {
                using TcpListener listener = new(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_program is not null)
            await _program.DisposeAsync();
    }

    [GeneratedRegex(@"https?://\S+/i/[\w-]{22}")]
    private static partial Regex Link();
}

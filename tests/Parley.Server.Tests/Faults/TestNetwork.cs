using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace Parley.Server.Tests.Faults;

/// <summary>
/// Hosts in network namespaces of their own, joined by a bridge that leads nowhere else; this process is at its hub. It takes root, so
/// elsewhere its tests are skipped.
/// </summary>
internal sealed class TestNetwork : IAsyncDisposable
{
    private static int _networks;

    private readonly string _name = string.Create(CultureInfo.InvariantCulture, $"pl{Environment.ProcessId % 100_000}{(char)('a' + Interlocked.Increment(ref _networks))}");
    private readonly int _hosts;
    private readonly string _prefix = string.Create(CultureInfo.InvariantCulture, $"10.213.{Environment.ProcessId % 100 * 2 + _networks % 2}");

    private TestNetwork(int hosts) => _hosts = hosts;

    /// <summary>This process's own address.</summary>
    public string Hub => _prefix + ".1";

    public static async Task<TestNetwork> CreateAsync(int hosts)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
            Assert.Skip("Network namespaces take Linux and root.");
        var network = new TestNetwork(hosts);
        try
        {
            await RunAsync($"link add {network._name} type bridge");
            await RunAsync($"addr add {network.Hub}/24 dev {network._name}");
            await RunAsync($"link set {network._name} up");
            for (int i = 0; i < hosts; i++)
                await network.AddHostAsync(i);
            return network;
        }
        catch (InvalidOperationException e)
        {
            await network.DisposeAsync();
            Assert.Skip("Network namespaces are not permitted here: " + e.Message);
            throw;
        }
    }

    public IPAddress Address(int host) => IPAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"{_prefix}.{host + 2}"));

    /// <summary>What starts a program on the host.</summary>
    public IReadOnlyList<string> Through(int host) => ["ip", "netns", "exec", NameOf(host)];

    /// <summary>Cuts the host off from everything.</summary>
    public Task CutAsync(int host) => RunAsync($"link set {NameOf(host)} down");

    /// <summary>Cuts the host off from the other hosts; the hub it still reaches.</summary>
    public async Task CutFromOthersAsync(int host)
    {
        foreach (int other in Enumerable.Range(0, _hosts).Where(other => other != host))
            await RunAsync($"-n {NameOf(host)} route add blackhole {Address(other)}/32");
    }

    public async Task HealAsync(int host)
    {
        await RunAsync($"link set {NameOf(host)} up");
        await RunAsync($"-n {NameOf(host)} route flush type blackhole");
    }

    public async ValueTask DisposeAsync()
    {
        for (int i = 0; i < _hosts; i++)
            await TryRunAsync($"netns del {NameOf(i)}");
        await TryRunAsync($"link del {_name}");
    }

    private async Task AddHostAsync(int host)
    {
        string name = NameOf(host);
        await RunAsync($"netns add {name}");
        await RunAsync($"link add {name} type veth peer name eth0 netns {name}");
        await RunAsync($"link set {name} master {_name} up");
        await RunAsync($"-n {name} addr add {Address(host)}/24 dev eth0");
        await RunAsync($"-n {name} link set eth0 up");
        await RunAsync($"-n {name} link set lo up");
    }

    private string NameOf(int host) => string.Create(CultureInfo.InvariantCulture, $"{_name}{host}");

    private static async Task RunAsync(string command)
    {
        if (await TryRunAsync(command) is { } error)
            throw new InvalidOperationException($"ip {command}: {error}");
    }

    private static async Task<string?> TryRunAsync(string command)
    {
        using Process process = Process.Start(new ProcessStartInfo("ip", command) { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false })!; // A program that cannot be started throws.
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? null : error;
    }
}

using System.Net;
using System.Net.Sockets;

namespace Parley.Bench.Server.Systems;

/// <summary>Ports of loopback that nobody uses.</summary>
internal static class LoopbackPorts
{
    public static int Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public static Uri FreeAddress(string scheme = "http") => new($"{scheme}://127.0.0.1:{Free()}");
}

using System.Net;
using System.Net.Sockets;
using Orleans.Configuration;

namespace Parley.Server.Sequencing;

/// <summary>
/// Orleans inside the process, as a cluster of one. A silo always listens for other silos; here that is a free port on loopback, and
/// whoever connects is cut off before a byte is read: there are no other silos, and what can speak to a grain could append in
/// anybody's name.
/// </summary>
internal static class SequencerHosting
{
    private const string ClusterName = "parley";

    public static void UseSequencer(this WebApplicationBuilder builder) => builder.UseOrleans(silo =>
    {
        int port = FindFreePort();
        silo.UseLocalhostClustering(port, gatewayPort: 0, primarySiloEndpoint: new IPEndPoint(IPAddress.Loopback, port), ClusterName, ClusterName);
        silo.Configure<EndpointOptions>(endpoint =>
        {
            endpoint.GatewayPort = 0;
            endpoint.SiloListeningEndpoint = new IPEndPoint(IPAddress.Loopback, port);
        });
        silo.Configure<SiloConnectionOptions>(connections => connections.ConfigureSiloInboundConnection(inbound => inbound.Use(_ => connection =>
        {
            connection.Abort();
            return Task.CompletedTask;
        })));
    });

    private static int FindFreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

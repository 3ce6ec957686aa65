using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Orleans.Configuration;
using Parley.Server.Hosting;

namespace Parley.Server.Sequencing;

/// <summary>
/// Orleans inside the process, as a cluster of one. A silo always listens for other silos; here that is a free port on loopback, and
/// whoever connects is cut off before a byte is read: there are no other silos, and what can speak to a grain could append in
/// anybody's name.
/// </summary>
internal static class SequencerHosting
{
    private const string ClusterName = "parley";
    private const int RememberedGrains = 50_000;
    private const int PortMin = 10_000;
    private const int PortMax = 32_000;
    private const int PortAttemptsMax = 100;

    /// <summary>
    /// Where grains are is remembered for as many logs as are awake, not for a million: the table is there from the start.
    /// </summary>
    public static void RememberGrains(this ISiloBuilder silo) => silo.Configure<GrainDirectoryOptions>(static directory => directory.CacheSize = RememberedGrains);

    /// <summary>For a server that is no node of a cluster.</summary>
    public static void UseSequencer(this WebApplicationBuilder builder) => builder.UseOrleans(silo =>
    {
        int port = FindFreePort();
        silo.RememberGrains();
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

    /// <summary>
    /// A port that is free now and likely still is when the silo takes it: below those that the system gives to outgoing connections,
    /// of which a busy machine makes many meanwhile.
    /// </summary>
    private static int FindFreePort()
    {
        for (int attempt = 0; attempt < PortAttemptsMax; attempt++)
        {
            int port = RandomNumberGenerator.GetInt32(PortMin, PortMax);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Another program has it.
            }
        }

        throw new StartupException(ExitCode.CannotStart, $"No port from {PortMin} to {PortMax} is free on this machine's loopback interface.");
    }
}

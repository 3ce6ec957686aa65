using System.Security.Cryptography.X509Certificates;
using Orleans.Configuration;
using Orleans.Connections.Security;
using Parley.Server.Sequencing;

namespace Parley.Server.Clustering;

/// <summary>
/// Orleans as a node of a cluster. The nodes know each other from the database; they probe each other, and those that find one silent
/// vote it dead there. Every connection between them is TLS with the cluster's own certificate on both sides: what can speak to a
/// grain could append in anybody's name.
/// </summary>
internal static class ClusterHosting
{
    private const string ClusterName = "parley";

    public static void UseCluster(this WebApplicationBuilder builder, ClusterNode node)
    {
        builder.UseOrleans(silo =>
        {
            silo.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (ClusterName, ClusterName));
            silo.Configure<EndpointOptions>(endpoint =>
            {
                endpoint.AdvertisedIPAddress = node.Settings.Address.Address;
                endpoint.SiloPort = node.Settings.Address.Port;
                endpoint.SiloListeningEndpoint = node.Settings.Listen;
                endpoint.GatewayPort = 0;
            });
            silo.Configure<ClusterMembershipOptions>(ConfigureLiveness);
            silo.UseTls(node.Certificate, tls => ConfigureTls(tls, node.Certificate));
            silo.AddGrainService<NodeService>();
            silo.RememberGrains();
        });
        IServiceCollection services = builder.Services;
        services.AddSingleton(node);
        services.AddSingleton<IMembershipTable>(new MembershipTable(node.Database, TimeProvider.System)); // By that clock Orleans goes.
        services.AddSingleton<NodeFate>();
        services.AddSingleton<IFatalErrorHandler>(provider => provider.GetRequiredService<NodeFate>());
        services.AddSingleton<NodeServiceClient>();
        services.AddSingleton<Reconciliation>();
        services.AddHostedService(provider => provider.GetRequiredService<Reconciliation>());
        services.AddHostedService<PeerWatch>();
    }

    /// <summary>A silent node is out after about ten seconds: three probes, and two votes of others where there are as many.</summary>
    private static void ConfigureLiveness(ClusterMembershipOptions liveness)
    {
        liveness.ProbeTimeout = TimeSpan.FromSeconds(2);
        liveness.MaxProbeTimeout = TimeSpan.FromSeconds(4);
        liveness.NumMissedProbesLimit = 3;
        liveness.NumVotesForDeathDeclaration = 2;
        liveness.TableRefreshTimeout = TimeSpan.FromSeconds(5);
        liveness.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
        liveness.NumMissedTableIAmAliveLimit = 3;
        liveness.DeathVoteExpirationTimeout = TimeSpan.FromSeconds(60);
        liveness.MaxJoinAttemptTime = TimeSpan.FromSeconds(60);
    }

    private static void ConfigureTls(TlsOptions tls, X509Certificate2 certificate)
    {
        tls.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
        tls.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
        tls.RemoteCertificateValidation = (shown, _, _) => shown.RawDataMemory.Span.SequenceEqual(certificate.RawDataMemory.Span);
        tls.OnAuthenticateAsClient = (_, client) => client.TargetHost = ClusterName;
    }
}

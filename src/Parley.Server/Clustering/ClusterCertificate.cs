using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Parley.Server.Storage;

namespace Parley.Server.Clustering;

/// <summary>
/// The one certificate of the cluster, which every node shows and demands, on both sides of each connection: whoever can read the
/// database is a node, and nobody else. The first node makes it. What is compared are its bytes, so names, dates and issuers mean
/// nothing; a new one, for when it may have been stolen, is made after the setting was deleted and all nodes were stopped.
/// </summary>
internal static class ClusterCertificate
{
    private const string Setting = "cluster_certificate";
    private const int ValidYears = 100;

    /// <summary>The database's certificate with its private key.</summary>
    public static async Task<X509Certificate2> SettleAsync(IDatabase database)
    {
        string settled = await Settings.FindAsync(database, Setting) ?? await Settings.SettleAsync(database, Setting, Convert.ToBase64String(Create()));
        return X509CertificateLoader.LoadPkcs12(Convert.FromBase64String(settled), password: null);
    }

    private static byte[] Create()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=parley-cluster", key, HashAlgorithmName.SHA256);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddYears(-1), now.AddYears(ValidYears));
        return certificate.Export(X509ContentType.Pkcs12);
    }
}

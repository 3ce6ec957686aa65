using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Parley.Server.Tests;

/// <summary>A certificate for this machine's loopback address that has signed itself.</summary>
internal static class TestCertificate
{
    /// <summary>Writes it and its key in PEM.</summary>
    /// <param name="certificateFile">Where the certificate goes.</param>
    /// <param name="keyFile">Where its key goes.</param>
    /// <param name="validFrom">When it begins to be valid, in days from now.</param>
    /// <param name="validThrough">When it ends to be, in days from now.</param>
    /// <returns>The thumbprint.</returns>
    public static string Write(string certificateFile, string keyFile, int validFrom = -1, int validThrough = 1)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=chat.test", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddDays(validFrom), now.AddDays(validThrough));
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
        return certificate.Thumbprint;
    }
}

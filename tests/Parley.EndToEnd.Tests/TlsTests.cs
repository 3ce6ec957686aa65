using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Parley.EndToEnd.Tests.Processes;

namespace Parley.EndToEnd.Tests;

/// <summary>A server with a certificate of its own, which the programs of people trust, and one whose certificate they do not.</summary>
public sealed class TlsTests
{
    [Fact]
    public async Task People_talk_over_TLS_whose_certificate_is_renewed_beneath_the_server_and_a_stranger_s_is_refused()
    {
        using TemporaryFolder folder = new();
        (string certificate, string key) = (folder.Below("chat.pem"), folder.Below("chat.key"));
        string first = Write(certificate, key);
        await using ServerProcess server = await ServerProcess.StartAsync(folder.Below("server"), (certificate, key));
        Assert.Equal("https", server.Address.Scheme);

        // The programs trust what the system does, and this file names that.
        Person ada = new("ada", folder.Below("ada")) { TrustedCertificates = certificate };
        Person bob = new("bob", folder.Below("bob")) { TrustedCertificates = certificate };
        await ada.JoinAsync(await server.InviteAsync());
        await bob.JoinAsync(await server.InviteAsync());
        await ada.SendAsync(bob.Address, "over TLS");
        Assert.Equal(["over TLS"], await bob.ReadTextsAsync(ada.Address));

        Person eve = new("eve", folder.Below("eve"));
        Assert.Equal(Person.OfflineExitCode, (await eve.TryAsync("join", await server.InviteAsync(), "--name", "eve")).ExitCode);

        Assert.Equal(first, await ShownAsync(server.Address));
        string second = Write(certificate, key);
        await Eventually.SeesAsync("the new certificate", async () => await ShownAsync(server.Address) == second ? second : null, () => server.Printed);
        await bob.SendAsync(ada.Address, "still here");
        Assert.Equal(["over TLS", "still here"], await ada.ReadTextsAsync(bob.Address));
    }

    /// <summary>The thumbprint of what a server shows.</summary>
    private static async Task<string> ShownAsync(Uri server)
    {
        using TcpClient connection = new();
        await connection.ConnectAsync(server.Host, server.Port);
        string shown = "";
        await using SslStream stream = new(connection.GetStream(), leaveInnerStreamOpen: false, (_, certificate, _, _) =>
        {
            // Whichever it is: that it is not trusted without further ado, Eve has seen.
            shown = certificate?.GetCertHashString() ?? "";
            return certificate is not null;
        });
        await stream.AuthenticateAsClientAsync(server.Host);
        return shown;
    }

    private static string Write(string certificateFile, string keyFile)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=chat.test", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
        return certificate.Thumbprint;
    }
}

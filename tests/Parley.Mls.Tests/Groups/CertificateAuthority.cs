using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Parley.Mls.Messages.Credentials;

namespace Parley.Mls.Tests.Groups;

/// <summary>Makes X.509 credentials: a certificate for a member's key, an intermediate one, and a root that a chain is judged by.</summary>
internal sealed class CertificateAuthority : IDisposable
{
    private const string EllipticCurveKey = "1.2.840.10045.2.1";

    private readonly ECDsa _rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _intermediateKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _root;
    private readonly X509Certificate2 _intermediate;

    public CertificateAuthority()
    {
        var rootRequest = new CertificateRequest("CN=root", _rootKey, HashAlgorithmName.SHA256);
        rootRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _root = rootRequest.CreateSelfSigned(World.Now.AddYears(-1), World.Now.AddYears(5));
        var request = new CertificateRequest("CN=intermediate", _intermediateKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _intermediate = request.Create(_root, World.Now.AddYears(-1), World.Now.AddYears(4), [1]);
    }

    /// <summary>A curve's identifier makes an ECDSA key, none a key of the algorithm itself.</summary>
    public static PublicKey Key(ReadOnlyMemory<byte> key, string algorithm, string? curve)
    {
        var parameters = new AsnWriter(AsnEncodingRules.DER);
        if (curve is not null)
            parameters.WriteObjectIdentifier(curve);
        return new PublicKey(new Oid(algorithm), curve is null ? null : new AsnEncodedData(parameters.Encode()), new AsnEncodedData(key.Span));
    }

    public static PublicKey Ed25519(ReadOnlyMemory<byte> key) => Key(key, "1.3.101.112", null);

    public static PublicKey P256(ReadOnlyMemory<byte> key) => Key(key, EllipticCurveKey, "1.2.840.10045.3.1.7");

    public Credential.X509 Issue(PublicKey key)
    {
        var request = new CertificateRequest(new X500DistinguishedName("CN=member"), key, HashAlgorithmName.SHA256);
        X509SignatureGenerator generator = X509SignatureGenerator.CreateForECDsa(_intermediateKey);
        using X509Certificate2 certificate = request.Create(_intermediate.SubjectName, generator, World.Now.AddDays(-1), World.Now.AddYears(1), [2]);
        return new Credential.X509([certificate.RawData, _intermediate.RawData]);
    }

    /// <summary>What an application does: builds the chain to a root it trusts.</summary>
    public bool IsTrusted(Credential.X509 credential)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = World.Now.UtcDateTime;
        foreach (ReadOnlyMemory<byte> certificate in credential.Certificates)
            chain.ChainPolicy.ExtraStore.Add(X509CertificateLoader.LoadCertificate(certificate.Span));
        return chain.Build(chain.ChainPolicy.ExtraStore[0]);
    }

    public void Dispose()
    {
        _root.Dispose();
        _intermediate.Dispose();
        _rootKey.Dispose();
        _intermediateKey.Dispose();
    }
}

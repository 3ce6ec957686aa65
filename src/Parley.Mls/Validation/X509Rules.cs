using System.Formats.Asn1;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Validation;

/// <summary>
/// RFC 9420 §5.3: the first certificate of an X.509 credential holds the leaf's signature key. Whether the chain is to be believed is
/// for the application's <see cref="Groups.IAuthenticationService"/>. The certificate is read by its structure (RFC 5280 §4.1) and not
/// by the platform's classes, which a browser does not have.
/// </summary>
internal static class X509Rules
{
    /// <summary>A certificate with post-quantum keys and signatures is a third of it.</summary>
    public const int CertificateBytesMax = 1 << 15;

    private const string EllipticCurveKey = "1.2.840.10045.2.1";

    private static readonly Asn1Tag VersionTag = new(TagClass.ContextSpecific, 0, isConstructed: true);

    /// <summary>Checks a leaf's credential, if it is of this type.</summary>
    /// <exception cref="MlsException">There is no certificate, one is too large, or the first does not hold the leaf's signature key.</exception>
    public static void Check(SignatureAlgorithm algorithm, LeafNode leaf)
    {
        if (leaf.Credential is not Credential.X509 { Certificates: var certificates })
            return;
        MlsException.ThrowIf(certificates.IsEmpty || certificates.Any(static certificate => certificate.Length > CertificateBytesMax), MlsError.CertificateInvalid);
        MlsException.ThrowIf(!HoldsKey(certificates[0], algorithm, leaf.SignatureKey.Span), MlsError.CertificateInvalid);
    }

    private static bool HoldsKey(ReadOnlyMemory<byte> certificate, SignatureAlgorithm algorithm, ReadOnlySpan<byte> signatureKey)
    {
        try
        {
            (string keyAlgorithm, string? curve, byte[] key) = SubjectPublicKeyInfo(certificate);
            (string expectedAlgorithm, string? expectedCurve) = Identifiers(algorithm);
            return keyAlgorithm == expectedAlgorithm && curve == expectedCurve && signatureKey.SequenceEqual(key);
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    private static (string KeyAlgorithm, string? Curve, byte[] Key) SubjectPublicKeyInfo(ReadOnlyMemory<byte> encoded)
    {
        var reader = new AsnReader(encoded, AsnEncodingRules.DER);
        AsnReader certificate = reader.ReadSequence();
        reader.ThrowIfNotEmpty();
        AsnReader content = certificate.ReadSequence();
        certificate.ReadSequence(); // signatureAlgorithm
        certificate.ReadBitString(out _);
        certificate.ThrowIfNotEmpty();

        if (content.PeekTag().HasSameClassAndValue(VersionTag))
            content.ReadEncodedValue();
        content.ReadIntegerBytes(); // serialNumber
        content.ReadSequence(); // signature
        content.ReadSequence(); // issuer
        content.ReadSequence(); // validity
        content.ReadSequence(); // subject
        AsnReader keyInfo = content.ReadSequence();
        AsnReader algorithm = keyInfo.ReadSequence();
        byte[] key = keyInfo.ReadBitString(out int unusedBits);
        keyInfo.ThrowIfNotEmpty();
        if (unusedBits != 0)
            throw new AsnContentException();
        string keyAlgorithm = algorithm.ReadObjectIdentifier();
        string? curve = algorithm.HasData ? algorithm.ReadObjectIdentifier() : null;
        algorithm.ThrowIfNotEmpty();
        return (keyAlgorithm, curve, key);
    }

    /// <summary>The key's algorithm and its curve: RFC 5480 §2.1.1, RFC 8410 §3.</summary>
    private static (string KeyAlgorithm, string? Curve) Identifiers(SignatureAlgorithm algorithm) => algorithm switch
    {
        SignatureAlgorithm.EcdsaP256 => (EllipticCurveKey, "1.2.840.10045.3.1.7"),
        SignatureAlgorithm.EcdsaP384 => (EllipticCurveKey, "1.3.132.0.34"),
        SignatureAlgorithm.EcdsaP521 => (EllipticCurveKey, "1.3.132.0.35"),
        SignatureAlgorithm.Ed25519 => ("1.3.101.112", null),
        SignatureAlgorithm.Ed448 => ("1.3.101.113", null),
        _ => throw new ArgumentOutOfRangeException(nameof(algorithm)),
    };
}

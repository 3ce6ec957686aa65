using System.Formats.Asn1;
using System.Security.Cryptography;
using Parley.Mls.Crypto;

namespace Parley.Mls.Native;

/// <summary>
/// ECDH and ECDSA on one of the NIST curves, by .NET. Private keys are scalars of fixed width, big-endian; public keys are uncompressed
/// points (SEC 1 §2.3.3), the only form that MLS and RFC 9180 have. .NET checks that a point it imports is on the curve. Keys are
/// imported for each call: nothing secret outlives it.
/// </summary>
internal sealed class NistCurve
{
    private const byte UncompressedPoint = 0x04;

    private static readonly NistCurve P256 = new(ECCurve.NamedCurves.nistP256, HashAlgorithmName.SHA256,
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");

    private static readonly NistCurve P384 = new(ECCurve.NamedCurves.nistP384, HashAlgorithmName.SHA384,
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973");

    private static readonly NistCurve P521 = new(ECCurve.NamedCurves.nistP521, HashAlgorithmName.SHA512,
        "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409");

    private readonly ECCurve _curve;
    private readonly HashAlgorithmName _signatureHash;
    private readonly byte[] _order;

    private NistCurve(ECCurve curve, HashAlgorithmName signatureHash, string order)
    {
        _curve = curve;
        _signatureHash = signatureHash;
        _order = Convert.FromHexString(order);
    }

    // A scalar and a coordinate are equally long on these curves.
    private int ScalarBytes => _order.Length;

    private int PointBytes => 1 + 2 * ScalarBytes;

    public static NistCurve Of(KemAlgorithm kem) => kem switch
    {
        KemAlgorithm.P256 => P256,
        KemAlgorithm.P384 => P384,
        KemAlgorithm.P521 => P521,
        _ => throw new ArgumentOutOfRangeException(nameof(kem)),
    };

    public static NistCurve Of(SignatureAlgorithm signature) => signature switch
    {
        SignatureAlgorithm.EcdsaP256 => P256,
        SignatureAlgorithm.EcdsaP384 => P384,
        SignatureAlgorithm.EcdsaP521 => P521,
        _ => throw new ArgumentOutOfRangeException(nameof(signature)),
    };

    public bool TryDerivePublicKey(ReadOnlySpan<byte> privateKey, Span<byte> publicKey)
    {
        RequireLength(privateKey, ScalarBytes, nameof(privateKey));
        RequireLength(publicKey, PointBytes, nameof(publicKey));
        if (!IsInRange(privateKey))
            return false;
        using ECDiffieHellman own = ImportPrivateKey(privateKey, ECDiffieHellman.Create);
        ECPoint point = own.ExportParameters(includePrivateParameters: false).Q;
        publicKey[0] = UncompressedPoint;
        point.X.CopyTo(publicKey[1..]);
        point.Y.CopyTo(publicKey[(1 + ScalarBytes)..]);
        return true;
    }

    /// <summary>The shared secret is the x-coordinate (RFC 9180 §4.1).</summary>
    public bool TryAgree(ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, Span<byte> sharedSecret)
    {
        RequireLength(sharedSecret, ScalarBytes, nameof(sharedSecret));
        using ECDiffieHellman? peer = TryImportPublicKey(publicKey, ECDiffieHellman.Create);
        if (peer is null)
            return false;
        using ECDiffieHellmanPublicKey peerKey = peer.PublicKey;
        using ECDiffieHellman own = ImportPrivateKey(privateKey, ECDiffieHellman.Create);
        byte[] coordinate = own.DeriveRawSecretAgreement(peerKey);
        coordinate.CopyTo(sharedSecret);
        CryptographicOperations.ZeroMemory(coordinate);
        return true;
    }

    public (Secret PrivateKey, byte[] PublicKey) GenerateKeyPair(RandomSource random)
    {
        // The order of P-521 uses one bit of its first byte; without the mask hardly any candidate would be in range.
        byte mask = _order[0];
        byte[] publicKey = new byte[PointBytes];
        var privateKey = new Secret(ScalarBytes);
        Span<byte> candidate = privateKey.AsWritableSpan();
        for (int attempt = 0; attempt <= byte.MaxValue; attempt++)
        {
            random.Fill(candidate);
            candidate[0] &= mask;
            if (TryDerivePublicKey(candidate, publicKey))
                return (privateKey, publicKey);
        }

        privateKey.Dispose();
        throw new CryptographicException("The source of randomness gives no usable private key.");
    }

    public byte[] Sign(ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> content)
    {
        using ECDsa own = ImportPrivateKey(privateKey, ECDsa.Create);
        return own.SignData(content, _signatureHash, DSASignatureFormat.Rfc3279DerSequence);
    }

    public bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature)
    {
        if (!IsEcdsaSigValue(signature))
            return false;
        using ECDsa? peer = TryImportPublicKey(publicKey, ECDsa.Create);
        return peer is not null && peer.VerifyData(content, signature, _signatureHash, DSASignatureFormat.Rfc3279DerSequence);
    }

    /// <summary>
    /// RFC 3279 §2.2.3: a DER sequence of two positive integers. .NET checks all of it but the sign, and would take a negative number
    /// for the positive one with the same bits, so that a signature had a second form.
    /// </summary>
    private static bool IsEcdsaSigValue(ReadOnlySpan<byte> signature)
    {
        try
        {
            AsnDecoder.ReadSequence(signature, AsnEncodingRules.DER, out int start, out int length, out int end);
            ReadOnlySpan<byte> integers = signature.Slice(start, length);
            ReadOnlySpan<byte> r = AsnDecoder.ReadIntegerBytes(integers, AsnEncodingRules.DER, out int rEnd);
            ReadOnlySpan<byte> s = AsnDecoder.ReadIntegerBytes(integers[rEnd..], AsnEncodingRules.DER, out int sLength);
            return end == signature.Length && rEnd + sLength == length && r[0] < 0x80 && s[0] < 0x80;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    private static void RequireLength(ReadOnlySpan<byte> span, int length, string name)
    {
        if (span.Length != length)
            throw new ArgumentException($"{length} bytes are needed, not {span.Length}.", name);
    }

    private T ImportPrivateKey<T>(ReadOnlySpan<byte> privateKey, Func<ECParameters, T> create)
    {
        if (!IsInRange(privateKey))
            throw new ArgumentException("The private key is not a scalar of this curve.", nameof(privateKey));
        byte[] scalar = GC.AllocateUninitializedArray<byte>(ScalarBytes, pinned: true);
        try
        {
            privateKey.CopyTo(scalar);
            return create(new ECParameters { Curve = _curve, D = scalar });
        }
        finally
        {
            CryptographicOperations.ZeroMemory(scalar);
        }
    }

    /// <summary>Null if the bytes are no uncompressed point of the curve, which is the peer's fault.</summary>
    private T? TryImportPublicKey<T>(ReadOnlySpan<byte> publicKey, Func<ECParameters, T> create)
        where T : class
    {
        if (publicKey.Length != PointBytes || publicKey[0] != UncompressedPoint)
            return null;
        var point = new ECPoint { X = publicKey[1..(1 + ScalarBytes)].ToArray(), Y = publicKey[(1 + ScalarBytes)..].ToArray() };
        try
        {
            return create(new ECParameters { Curve = _curve, Q = point });
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    /// <summary>Whether 0 &lt; scalar &lt; order, in time that does not depend on the scalar: the order is subtracted and must leave a borrow.</summary>
    private bool IsInRange(ReadOnlySpan<byte> scalar)
    {
        if (scalar.Length != ScalarBytes)
            return false;
        int borrow = 0;
        int anyBit = 0;
        for (int i = ScalarBytes - 1; i >= 0; i--)
        {
            borrow = (scalar[i] - _order[i] - borrow) >>> 31;
            anyBit |= scalar[i];
        }

        return borrow != 0 && anyBit != 0;
    }
}

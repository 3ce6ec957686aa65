using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Tree;
using Parley.Sodium;

namespace Parley.Server.KeyPackages;

/// <summary>
/// Checks a KeyPackage as far as a server can, so that a broken client notices at upload and not the peer who tries to add it. Peers
/// trust none of this: they check again.
/// </summary>
internal static class KeyPackageCheck
{
    private const int LifetimeSkewSeconds = 60 * 60;

    /// <summary>RFC 9420 §10.1, for the device whose certificate this is.</summary>
    public static bool TryCheck(byte[] encoded, DeviceCertificate certificate, DateTimeOffset now, [NotNullWhen(true)] out CheckedKeyPackage? checkedKeyPackage)
    {
        checkedKeyPackage = null;
        if (encoded.Length > Limits.KeyPackageBytesMax || !Tls.TryDecode(encoded, out KeyPackage? keyPackage, out _))
            return false;
        LeafNode leaf = keyPackage.LeafNode;
        if (!IsSuiteOfDeviceKey(keyPackage.CipherSuite) || keyPackage.InitKey.Span.SequenceEqual(leaf.EncryptionKey.Span))
            return false;
        if (leaf.Credential is not Credential.Basic(var identity) || !identity.Span.SequenceEqual(certificate.Encoded.Span))
            return false;
        if (!leaf.SignatureKey.Span.SequenceEqual(certificate.DeviceKey.Span))
            return false;
        if (leaf.Source is not LeafNodeSource.KeyPackage(var lifetime) || !IsCurrent(lifetime, now))
            return false;
        if (!IsSigned(leaf.SignatureKey.Span, "LeafNodeTBS", leaf.EncodeToBeSigned([], default), leaf.Signature.Span)
            || !IsSigned(leaf.SignatureKey.Span, "KeyPackageTBS", keyPackage.EncodeToBeSigned(), keyPackage.Signature.Span))
        {
            return false;
        }

        DateTimeOffset expiresAt = DateTimeOffset.FromUnixTimeSeconds((long)Math.Min(lifetime.NotAfter, (ulong)DateTimeOffset.MaxValue.ToUnixTimeSeconds()));
        checkedKeyPackage = new CheckedKeyPackage(keyPackage.CipherSuite, SHA256.HashData(encoded), encoded, keyPackage.IsLastResort, expiresAt);
        return true;
    }

    /// <summary>The suites that sign with Ed25519, which device keys are made for.</summary>
    private static bool IsSuiteOfDeviceKey(CipherSuite suite) => suite
        is CipherSuite.XWingChaCha20Poly1305Sha256Ed25519
        or CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519
        or CipherSuite.X25519Aes128GcmSha256Ed25519;

    private static bool IsCurrent(Lifetime lifetime, DateTimeOffset now)
    {
        ulong seconds = (ulong)now.ToUnixTimeSeconds();
        return lifetime.NotBefore <= seconds + LifetimeSkewSeconds && lifetime.NotAfter > seconds;
    }

    /// <summary>RFC 9420 §5.1.2: VerifyWithLabel.</summary>
    private static bool IsSigned(ReadOnlySpan<byte> key, string label, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature)
    {
        var signContent = new TlsWriter(content.Length + 32);
        signContent.WriteVector(Encoding.ASCII.GetBytes("MLS 1.0 " + label));
        signContent.WriteVector(content);
        return Ed25519.Verify(key, signContent.WrittenSpan, signature);
    }
}

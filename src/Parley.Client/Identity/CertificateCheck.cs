using System.Diagnostics.CodeAnalysis;
using Parley.Contracts.Identity;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Tree;

namespace Parley.Client.Identity;

/// <summary>
/// Whether a leaf is the device of a person: its basic credential is a device certificate that the account key in it has signed, for a
/// device of this server, and the key the certificate names is the key the leaf signs with. Whether the account key is the right
/// person's is another question, which <see cref="KnownAccounts"/> answers.
/// </summary>
internal sealed class CertificateCheck(ICryptoProvider crypto, string server)
{
    /// <summary>The genuine certificate of a leaf.</summary>
    public bool TryRead(LeafNode leaf, [NotNullWhen(true)] out DeviceCertificate? certificate)
    {
        return TryDecode(leaf, out certificate)
            && certificate.Server == server
            && certificate.DeviceKey.Span.SequenceEqual(leaf.SignatureKey.Span)
            && IsGenuine(crypto, certificate);
    }

    /// <summary>Whether the account key in a certificate has signed it.</summary>
    public static bool IsGenuine(ICryptoProvider crypto, DeviceCertificate certificate) =>
        certificate.Verify((key, content, signature) => crypto.Verify(SignatureAlgorithm.Ed25519, key, content, signature));

    /// <summary>The certificate of a leaf, without asking whether it is genuine: for leaves that were asked when they entered the group.</summary>
    public static bool TryDecode(LeafNode leaf, [NotNullWhen(true)] out DeviceCertificate? certificate)
    {
        certificate = null;
        return leaf.Credential is Credential.Basic basic && DeviceCertificate.TryDecode(basic.Identity.Span, out certificate);
    }

    /// <summary>The certificate of a leaf of a group.</summary>
    public static DeviceCertificate Of(LeafNode member) =>
        TryDecode(member, out DeviceCertificate? certificate) ? certificate : throw new InvalidOperationException("A member was let in without a certificate.");
}

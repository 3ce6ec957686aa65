using Parley.Contracts.Identity;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Tree;

namespace Parley.Client.Identity;

/// <summary>RFC 9420 §5.3.1 by device certificates: a leaf is a device of a person, and goes on as the same device of the same person.</summary>
internal sealed class DeviceAuthentication(CertificateCheck certificates) : IAuthenticationService
{
    /// <inheritdoc/>
    public bool IsValid(LeafNode leaf) => certificates.TryRead(leaf, out _);

    /// <summary>A device may ask to be added; that only one who is a member already may have its way is the conversation's rule.</summary>
    public bool MayProposeItself(LeafNode newcomer) => certificates.TryRead(newcomer, out _);

    /// <inheritdoc/>
    public bool IsSuccessor(LeafNode current, LeafNode successor) =>
        CertificateCheck.TryDecode(current, out DeviceCertificate? before)
        && CertificateCheck.TryDecode(successor, out DeviceCertificate? after)
        && before.Handle == after.Handle
        && before.DeviceId == after.DeviceId
        && before.AccountKey.Span.SequenceEqual(after.AccountKey.Span);
}

using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Groups;

/// <summary>
/// RFC 9420 §5.3.1: the application's judgement on identities. MLS proves that a leaf holds its signature key; whether that key is
/// the person's is only for the application to say. Called for every leaf that enters a group, and for every leaf of a tree that is joined.
/// </summary>
public interface IAuthenticationService
{
    /// <summary>Whether the credential is genuine and belongs to the leaf's signature key.</summary>
    bool IsValid(LeafNode leaf);

    /// <summary>Whether a member whose leaf was <paramref name="current"/> may go on as <paramref name="successor"/>.</summary>
    bool IsSuccessor(LeafNode current, LeafNode successor);

    /// <summary>
    /// Whether one outside of the group, with this credential and signature key, may send it proposals. Called whenever a group begins,
    /// is joined, or changes its extensions. Nobody may, unless the application says otherwise.
    /// </summary>
    bool IsValid(ExternalSender sender) => false;

    /// <summary>
    /// RFC 9420 §12.1.8: whether a client that is not in the group may propose to add itself. Called for such a proposal when it comes in,
    /// after its signature was verified. Nobody may, unless the application says otherwise: a proposal that was received is committed.
    /// </summary>
    bool MayProposeItself(LeafNode newcomer) => false;
}

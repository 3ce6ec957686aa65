using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Validation;

namespace Parley.Mls.Groups;

/// <summary>A proposal that was verified, with who made it. One is equal to itself alone.</summary>
/// <param name="proposal">The proposal.</param>
/// <param name="sender">Who made it; the committer where it stands in the Commit by value.</param>
/// <param name="reference">RFC 9420 §5.2: its ProposalRef, or null where it stands by value.</param>
public sealed class QueuedProposal(Proposal proposal, Sender sender, ReadOnlyMemory<byte>? reference)
{
    /// <summary>The proposal.</summary>
    public Proposal Proposal { get; } = proposal;

    /// <summary>Who made it; the committer where it stands in the Commit by value.</summary>
    public Sender Sender { get; } = sender;

    /// <summary>RFC 9420 §5.2: its ProposalRef, or null where it stands by value.</summary>
    public ReadOnlyMemory<byte>? Reference { get; } = reference;

    /// <summary>
    /// What was computed of an Add's KeyPackage, or null if nothing was yet. It holds in every epoch and group of the suite. So what came
    /// in by itself is not verified again in the Commit that names it, however often it is tried beside others.
    /// </summary>
    internal KeyPackageProof? AddProof { get; set; }

    /// <summary>The same of an Update's leaf. It holds for its sender's leaf in this group, which is where it is queued.</summary>
    internal LeafProof? UpdateProof { get; set; }
}

using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;

namespace Parley.Mls.Groups;

/// <summary>A proposal that was verified, with who made it.</summary>
/// <param name="Proposal">The proposal.</param>
/// <param name="Sender">Who made it; the committer where it stands in the Commit by value.</param>
/// <param name="Reference">RFC 9420 §5.2: its ProposalRef, or null where it stands by value.</param>
public sealed record QueuedProposal(Proposal Proposal, Sender Sender, ReadOnlyMemory<byte>? Reference);

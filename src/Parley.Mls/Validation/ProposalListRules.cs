using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tree;

namespace Parley.Mls.Validation;

/// <summary>
/// RFC 9420 §12.2: which proposals may stand together in one Commit. The maker of a Commit and each receiver check the same list; what
/// depends on the changed tree is checked where it is applied.
/// </summary>
internal static class ProposalListRules
{
    /// <summary>
    /// Checks the list of a member's Commit, or, without a committer, a proposal that has just come in. The first Commit of a group that
    /// continues another holds a PSK that has no place in any other.
    /// </summary>
    /// <exception cref="MlsException">The list breaks a rule.</exception>
    public static void CheckCommit(CryptoSuite suite, RatchetTree tree, LeafIndex? committer, IReadOnlyList<QueuedProposal> proposals, bool isNewGroup = false)
    {
        var changed = new HashSet<LeafIndex>();
        int extensions = 0;
        foreach (QueuedProposal queued in proposals)
        {
            switch (queued.Proposal)
            {
                case Proposal.Update:
                    LeafIndex updated = SenderLeaf(queued);
                    MlsException.ThrowIf(updated == committer, MlsError.UpdateByCommitter);
                    MlsException.ThrowIf(!changed.Add(updated), MlsError.DuplicateLeafChange);
                    break;
                case Proposal.Remove remove:
                    MlsException.ThrowIf(remove.Removed == committer, MlsError.RemoveOfCommitter);
                    MlsException.ThrowIf(!changed.Add(remove.Removed), MlsError.DuplicateLeafChange);
                    break;
                case Proposal.SelfRemove:
                    MlsException.ThrowIf(committer is not null && queued.Reference is null, MlsError.SelfRemoveByValue);
                    LeafIndex leaving = SenderLeaf(queued);
                    MlsException.ThrowIf(leaving == committer, MlsError.RemoveOfCommitter);
                    MlsException.ThrowIf(!changed.Add(leaving), MlsError.DuplicateLeafChange);
                    break;
                case Proposal.GroupContextExtensions:
                    MlsException.ThrowIf(++extensions > 1, MlsError.DuplicateGroupContextExtensions);
                    break;
                case Proposal.ReInit reInit:
                    MlsException.ThrowIf(proposals.Count > 1, MlsError.ReInitNotAlone);
                    MlsException.ThrowIf(reInit.Version < Messages.ProtocolVersion.Mls10, MlsError.ReInitVersionInvalid);
                    break;
                case Proposal.ExternalInit:
                    throw new MlsException(MlsError.ExternalInitNotAllowed);
            }
        }

        CheckSupport(tree, proposals);
        CheckPsks(suite, proposals, isNewGroup);
    }

    /// <summary>Checks the list of an external Commit (§12.2, §12.4.3.2).</summary>
    /// <exception cref="MlsException">The list breaks a rule.</exception>
    public static void CheckExternalCommit(CryptoSuite suite, RatchetTree tree, IReadOnlyList<QueuedProposal> proposals)
    {
        int inits = 0;
        int removes = 0;
        var removed = new HashSet<LeafIndex>();
        foreach (QueuedProposal queued in proposals)
        {
            MlsException.ThrowIf(queued.Reference is not null && queued.Proposal is not Proposal.SelfRemove, MlsError.ExternalCommitProposalInvalid);
            switch (queued.Proposal)
            {
                case Proposal.ExternalInit:
                    inits++;
                    break;
                case Proposal.Remove remove:
                    MlsException.ThrowIf(++removes > 1, MlsError.ExternalCommitProposalInvalid);
                    MlsException.ThrowIf(!removed.Add(remove.Removed), MlsError.DuplicateLeafChange);
                    break;
                case Proposal.SelfRemove:
                    MlsException.ThrowIf(queued.Reference is null, MlsError.SelfRemoveByValue);
                    MlsException.ThrowIf(!removed.Add(SenderLeaf(queued)), MlsError.DuplicateLeafChange);
                    break;
                case Proposal.PreSharedKey or Proposal.AppDataUpdate or Proposal.AppEphemeral:
                    break;
                default:
                    throw new MlsException(MlsError.ExternalCommitProposalInvalid);
            }
        }

        MlsException.ThrowIf(inits != 1, MlsError.ExternalInitMissing);
        CheckSupport(tree, proposals);
        CheckPsks(suite, proposals, isNewGroup: false);
    }

    /// <summary>RFC 9420 §12.4: whether a Commit of these proposals needs a path.</summary>
    public static bool IsPathRequired(IReadOnlyList<QueuedProposal> proposals) =>
        proposals.Count == 0 || proposals.Any(static queued => queued.Proposal.IsPathRequired);

    /// <summary>The leaf of the sender, which an Update replaces (RFC 9420 §12.1.2) and a SelfRemove removes.</summary>
    /// <exception cref="MlsException">The sender is no member. It would have been refused when it came in; it is one only in damaged storage.</exception>
    public static LeafIndex SenderLeaf(QueuedProposal queued) =>
        queued.Sender is Sender.Member member ? member.LeafIndex : throw new MlsException(MlsError.SenderNotAllowed);

    /// <summary>The leaf that a Remove or SelfRemove removes; null for others.</summary>
    /// <exception cref="MlsException">A SelfRemove's sender is no member.</exception>
    public static LeafIndex? RemovedLeaf(QueuedProposal queued) => queued.Proposal switch
    {
        Proposal.Remove remove => remove.Removed,
        Proposal.SelfRemove => SenderLeaf(queued),
        _ => null,
    };

    /// <summary>RFC 9420 §12.2: who processes a Commit supports what is in it; those who come or go by it need not.</summary>
    private static void CheckSupport(RatchetTree tree, IReadOnlyList<QueuedProposal> proposals)
    {
        if (proposals.All(static queued => queued.Proposal.IsDefault))
            return;
        ProposalType[] types = [.. proposals.Where(static queued => !queued.Proposal.IsDefault).Select(static queued => queued.Proposal.Type).Distinct()];
        HashSet<LeafIndex> removed = [.. proposals.Select(RemovedLeaf).OfType<LeafIndex>()];
        foreach ((LeafIndex index, LeafNode leaf) in tree.Members())
            MlsException.ThrowIf(!removed.Contains(index) && !types.All(leaf.Capabilities.Supports), MlsError.ProposalNotSupported);
    }

    private static void CheckPsks(CryptoSuite suite, IReadOnlyList<QueuedProposal> proposals, bool isNewGroup)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (QueuedProposal queued in proposals)
        {
            if (queued.Proposal is not Proposal.PreSharedKey { Psk: { } psk })
                continue;
            CheckPsk(suite, psk, isNewGroup);
            MlsException.ThrowIf(!seen.Add(Convert.ToHexString(Messages.Codec.Tls.Encode(psk))), MlsError.DuplicatePsk);
        }
    }

    /// <summary>RFC 9420 §12.1.4: the rules for one PSK id.</summary>
    /// <exception cref="MlsException">It breaks a rule.</exception>
    public static void CheckPsk(CryptoSuite suite, PreSharedKeyId psk, bool isNewGroup)
    {
        MlsException.ThrowIf(psk.Nonce.Length != suite.HashBytes, MlsError.PskNonceInvalid);
        bool misused = !isNewGroup && psk is PreSharedKeyId.Resumption { Usage: not ResumptionPskUsage.Application };
        MlsException.ThrowIf(misused, MlsError.PskUsageInvalid);
    }
}

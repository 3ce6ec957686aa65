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
    /// <summary>Checks the list of a member's Commit, or, without a committer, a proposal that has just come in.</summary>
    /// <exception cref="MlsException">The list breaks a rule.</exception>
    public static void CheckCommit(CryptoSuite suite, RatchetTree tree, LeafIndex? committer, IReadOnlyList<QueuedProposal> proposals)
    {
        var changed = new HashSet<LeafIndex>();
        int extensions = 0;
        foreach (QueuedProposal queued in proposals)
        {
            switch (queued.Proposal)
            {
                case Proposal.Update:
                    LeafIndex updated = UpdatedLeaf(queued);
                    MlsException.ThrowIf(updated == committer, MlsError.UpdateByCommitter);
                    MlsException.ThrowIf(!changed.Add(updated), MlsError.DuplicateLeafChange);
                    break;
                case Proposal.Remove remove:
                    MlsException.ThrowIf(remove.Removed == committer, MlsError.RemoveOfCommitter);
                    MlsException.ThrowIf(tree.LeafAt(remove.Removed) is null, MlsError.RemoveOfBlankLeaf);
                    MlsException.ThrowIf(!changed.Add(remove.Removed), MlsError.DuplicateLeafChange);
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

        CheckPsks(suite, proposals);
    }

    /// <summary>Checks the list of an external Commit (§12.2, §12.4.3.2).</summary>
    /// <exception cref="MlsException">The list breaks a rule.</exception>
    public static void CheckExternalCommit(CryptoSuite suite, RatchetTree tree, IReadOnlyList<QueuedProposal> proposals)
    {
        int inits = 0;
        int removes = 0;
        foreach (QueuedProposal queued in proposals)
        {
            MlsException.ThrowIf(queued.Reference is not null, MlsError.ExternalCommitProposalInvalid);
            switch (queued.Proposal)
            {
                case Proposal.ExternalInit:
                    inits++;
                    break;
                case Proposal.Remove remove:
                    MlsException.ThrowIf(++removes > 1, MlsError.ExternalCommitProposalInvalid);
                    MlsException.ThrowIf(tree.LeafAt(remove.Removed) is null, MlsError.RemoveOfBlankLeaf);
                    break;
                case Proposal.PreSharedKey:
                    break;
                default:
                    throw new MlsException(MlsError.ExternalCommitProposalInvalid);
            }
        }

        MlsException.ThrowIf(inits != 1, MlsError.ExternalInitMissing);
        CheckPsks(suite, proposals);
    }

    /// <summary>RFC 9420 §12.4: whether a Commit of these proposals needs a path.</summary>
    public static bool IsPathRequired(IReadOnlyList<QueuedProposal> proposals) =>
        proposals.Count == 0 || proposals.Any(static queued => queued.Proposal.IsPathRequired);

    /// <summary>RFC 9420 §12.1.2: an Update is of its sender's leaf.</summary>
    /// <exception cref="MlsException">The sender is no member.</exception>
    public static LeafIndex UpdatedLeaf(QueuedProposal update) =>
        update.Sender is Sender.Member member ? member.LeafIndex : throw new MlsException(MlsError.SenderNotAllowed);

    private static void CheckPsks(CryptoSuite suite, IReadOnlyList<QueuedProposal> proposals)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (QueuedProposal queued in proposals)
        {
            if (queued.Proposal is not Proposal.PreSharedKey { Psk: { } psk })
                continue;
            CheckPsk(suite, psk, isNewGroup: false);
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

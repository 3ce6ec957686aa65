using System.Collections.Immutable;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Validation;

namespace Parley.Mls.Groups;

/// <content>
/// RFC 9420 §8.6, §11.2, §11.3: resumption PSKs, and new groups that continue this one. Such a group begins with one member, who makes
/// it, and a Commit that adds the others; nobody can race that Commit, so it is merged at once.
/// </content>
public sealed partial class Group
{
    /// <summary>RFC 9420 §11.2: makes the group that the ReInit of the last Commit asked for. This one stays as it is.</summary>
    /// <param name="identity">Who we are in the new group, with a signature key of its suite.</param>
    /// <param name="options">The Adds of the other members, with KeyPackages of the new suite, and how the first Commit is made.</param>
    /// <param name="now">The time that lifetimes are checked against.</param>
    /// <exception cref="MlsException">A proposal is not valid, a member is missing, or the parameters cannot be had here.</exception>
    /// <exception cref="InvalidOperationException">The group was not reinitialized.</exception>
    /// <exception cref="ArgumentException">An extension of the ReInit is not in our own capabilities.</exception>
    public ContinuedGroup Reinitialize(LeafIdentity identity, CommitOptions options, DateTimeOffset now)
    {
        Proposal.ReInit reInit = ReInit ?? throw new InvalidOperationException("This group was not reinitialized.");
        MlsException.ThrowIf(!CryptoSuite.IsSupported(_config.Crypto, reInit.CipherSuite), MlsError.UnsupportedCipherSuite);
        GroupExtensionRules.CheckGroupContext(reInit.Extensions, _config.Authentication);
        Group created = Create(_config, identity, reInit.CipherSuite, reInit.GroupId.Span, reInit.Extensions);
        return Continue(created, ResumptionPskUsage.ReInit, options, now);
    }

    /// <summary>RFC 9420 §11.3: makes a new group of some of the members of this one, in its current epoch.</summary>
    /// <param name="identity">Who we are in the new group.</param>
    /// <param name="groupId">The new group's id.</param>
    /// <param name="extensions">Its extensions, which may be others than those of this group.</param>
    /// <param name="options">The Adds of the other members, with new KeyPackages, and how the first Commit is made.</param>
    /// <param name="now">The time that lifetimes are checked against.</param>
    /// <exception cref="MlsException">A proposal is not valid, or one who is added is not in this group.</exception>
    /// <exception cref="InvalidOperationException">The group has ended for us.</exception>
    /// <exception cref="ArgumentException">An extension has no place in a GroupContext, or is not in our own capabilities.</exception>
    public ContinuedGroup Branch(
        LeafIdentity identity, ReadOnlySpan<byte> groupId, ImmutableArray<Extension> extensions, CommitOptions options, DateTimeOffset now)
    {
        ThrowIfEnded();
        return Continue(Create(_config, identity, _suite.Id, groupId, extensions), ResumptionPskUsage.Branch, options, now);
    }

    /// <summary>RFC 9420 §8.6: a copy of the resumption PSK of this or a past epoch, for use in another group; null if it is not kept.</summary>
    /// <param name="epoch">The epoch.</param>
    public Secret? FindResumptionPsk(ulong epoch)
    {
        if (IsRemoved)
            return null;
        return (epoch == Epoch ? _epoch.Secrets.ResumptionPsk : _resumptionPsks.GetValueOrDefault(epoch))?.Clone();
    }

    internal Secret? FindResumptionPsk(PreSharedKeyId.Resumption id) =>
        id.PskGroupId.Span.SequenceEqual(_epoch.Context.GroupId.Span) ? FindResumptionPsk(id.PskEpoch) : null;

    private ContinuedGroup Continue(Group created, ResumptionPskUsage usage, CommitOptions options, DateTimeOffset now)
    {
        try
        {
            ArgumentNullException.ThrowIfNull(options);
            Proposal.PreSharedKey link = PreSharedKeyProposals.Resumption(created._suite, usage, _epoch.Context.GroupId.Span, Epoch);
            List<QueuedProposal> proposals =
                [.. options.Proposals.Prepend(link).Select(static proposal => new QueuedProposal(proposal, new Sender.Member(default), null))];
            PendingCommit first = created.Commit(options, proposals, new PskLookup(_config.PreSharedKeys, FindResumptionPsk), isNewGroup: true, now);
            ContinuationRules.Check(
                _config.Authentication, this, (PreSharedKeyId.Resumption)link.Psk, first.Staged.Context, first.Staged.Tree);
            ReadOnlyMemory<byte>? welcome = first.Welcome;
            created.MergePendingCommit();
            return new ContinuedGroup(created, welcome);
        }
        catch
        {
            created.Dispose();
            throw;
        }
    }
}

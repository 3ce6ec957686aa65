using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Storage;
using Parley.Mls.Tree;
using Parley.Mls.Validation;

namespace Parley.Mls.Groups;

/// <content>RFC 9420 §12.4.1, §14: Commits of our own, and the step into the next epoch.</content>
public sealed partial class Group
{
    /// <summary>
    /// How many proposals are applied while a Commit's are chosen, Adds aside. Members could otherwise send many that cannot stand together, and each
    /// committer would try them against each other for minutes.
    /// </summary>
    private const int AppliedProposalsMax = 8192;

    /// <summary>
    /// Makes a Commit. The group stays as it is, but for the ratchet key that sealed the message: it is merged with
    /// <see cref="MergePendingCommit"/> when the Delivery Service has accepted it, or dropped with <see cref="ClearPendingCommit"/>.
    /// </summary>
    /// <exception cref="ArgumentException">An extension for the GroupInfo has no place there, or there are more proposals than a Commit holds.</exception>
    /// <exception cref="MlsException">One of the proposals is not valid; nothing has changed.</exception>
    /// <exception cref="InvalidOperationException">A Commit is pending already, or the group has ended for us.</exception>
    public PendingCommit Commit(CommitOptions options, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(options);
        ThrowIfEnded();
        if (Pending is not null)
            throw new InvalidOperationException("A Commit is pending already.");
        return Commit(options, ProposalsFor(options, now), Psks(), isNewGroup: false, now);
    }

    private PendingCommit Commit(CommitOptions options, List<QueuedProposal> proposals, PskLookup psks, bool isNewGroup, DateTimeOffset now)
    {
        if (options.GroupInfoExtensions.HasDuplicate() || !options.GroupInfoExtensions.All(static extension => GroupExtensionRules.IsForApplicationsInGroupInfo(extension.Type)))
            throw new ArgumentException("An extension has no place in a GroupInfo, is made by the group itself, or stands there twice.", nameof(options));
        if (proposals.Count > MessageLimits.ProposalsMax)
            throw new ArgumentException($"A Commit holds {MessageLimits.ProposalsMax} proposals at most.", nameof(options));
        LeafIdentity identity = options.Identity ?? Identity;
        ProposalListRules.CheckCommit(_suite, _epoch.Tree, OwnLeafIndex, proposals, isNewGroup);
        ProvisionalGroup group = ProvisionalGroup.Apply(_epoch, _config, proposals, now, isOurs: true);
        var making = new CommitMaking
        {
            Epoch = _epoch,
            Config = _config,
            Psks = psks,
            InitSecret = _epoch.Secrets.InitSecret,
            Sender = new Sender.Member(OwnLeafIndex),
            Committer = OwnLeafIndex,
            Signer = Identity.Signer,
            Identity = identity,
            IsNewIdentity = options.Identity is not null,
            Format = options.IsPublic ? WireFormat.PublicMessage : _config.HandshakeFormat,
            AuthenticatedData = options.AuthenticatedData,
        };
        bool hasPath = options.ForcesPath || options.Identity is not null || ProposalListRules.IsPathRequired(proposals);
        using MadeCommit made = making.Make(proposals, group, _epoch.OwnLeaf, hasPath);
        EpochState next = made.ToState(_config, CommitStaging.KeptPrivateKeys(_epoch, group, _updateKeys));
        var staged = new StagedCommit(_epoch, OwnLeafIndex, proposals, group, next, next.Context);
        ReadOnlyMemory<byte>? welcome = SealWelcome(staged, made, identity, options);
        Pending = new PendingCommit(staged, made.Content, Seal(made.Content), welcome, made.Path?.Own.LeafKey.Clone(), made.Path?.Own.PathSecret.Clone());
        _log.Put(StateKey.PendingCommit, Pending.Serialize());
        _identities.Add(identity);
        return Pending;
    }

    /// <summary>The Delivery Service has accepted our Commit: enters its epoch.</summary>
    /// <exception cref="InvalidOperationException">No Commit is pending.</exception>
    public void MergePendingCommit()
    {
        PendingCommit pending = Pending ?? throw new InvalidOperationException("No Commit is pending.");
        Enter(pending.Staged);
    }

    /// <summary>Another Commit was first: drops ours.</summary>
    public void ClearPendingCommit()
    {
        if (Pending is null)
            return;
        Pending.Dispose();
        Pending = null;
        _log.Delete(StateKey.PendingCommit);
    }

    /// <summary>
    /// Enters the epoch of a Commit that was received, to be stored together with what <see cref="Process"/> wrote: a Commit that came as a
    /// PrivateMessage is not opened a second time. A pending Commit of our own is dropped.
    /// </summary>
    /// <exception cref="InvalidOperationException">It was staged in another epoch or by another group, or merged or disposed before.</exception>
    public void Merge(StagedCommit commit)
    {
        ArgumentNullException.ThrowIfNull(commit);
        if (!commit.IsStagedOn(_epoch) || (commit.Next is null && !commit.RemovesSelf))
            throw new InvalidOperationException("The Commit was staged in another epoch or by another group, or has been merged or disposed.");
        Enter(commit);
    }

    private void Enter(StagedCommit commit)
    {
        if (commit.TakeNext() is not { } next)
        {
            End();
            return;
        }

        EpochState former = _epoch;
        ForgetProposals();
        KeepPast(former, next.Tree);
        _epoch = next;
        Identity = LeafIdentity.Of(next.OwnLeaf, _identities);
        _identities = [Identity];
        ClearPendingCommit();
        former.PrivateKeys.DisposeReplacedBy(next.PrivateKeys);
        WriteEpoch(former);
        former.Secrets.Dispose();
    }

    /// <summary>RFC 9420 §12.4.2: we were removed; all secrets go.</summary>
    private void End()
    {
        ForgetProposals();
        ClearPendingCommit();
        foreach (PastEpoch past in _past)
            DeletePast(past);
        _past.Clear();
        DeleteSecrets();
        IsRemoved = true;
        WriteEnded();
        _epoch.Dispose();
    }

    private void KeepPast(EpochState former, RatchetTree next)
    {
        KeepResumptionPsk(former);
        if (_config.PastEpochsMax == 0)
        {
            former.MessageSecrets.Delete();
            return;
        }

        var replaced = new Dictionary<LeafIndex, LeafNode?>();
        foreach ((NodeIndex index, _) in next.ChangesFrom(former.Tree))
        {
            if (index.IsLeaf)
            {
                var leaf = new LeafIndex(index.Value / 2);
                replaced.Add(leaf, former.Tree.LeafAt(leaf));
            }
        }

        var past = new PastEpoch(former.Context.Epoch, former.EncodedContext, former.Secrets.SenderDataSecret.Clone(), former.MessageSecrets, replaced);
        _past.Add(past);
        _log.Put(StateKey.PastEpoch(past.Epoch), past.Serialize());
        while (_past.Count > _config.PastEpochsMax)
        {
            DeletePast(_past[0]);
            _past.RemoveAt(0);
        }
    }

    private void DeletePast(PastEpoch past)
    {
        past.MessageSecrets.Delete();
        _log.Delete(StateKey.PastEpoch(past.Epoch));
        past.Dispose();
    }

    private void KeepResumptionPsk(EpochState former)
    {
        if (_config.ResumptionPsksMax == 0)
            return;
        _resumptionPsks.Add(former.Context.Epoch, former.Secrets.ResumptionPsk.Clone());
        _log.Put(StateKey.ResumptionPsk(former.Context.Epoch), former.Secrets.ResumptionPsk.AsSpan().ToArray());
        while (_resumptionPsks.Count > _config.ResumptionPsksMax)
        {
            ulong oldest = _resumptionPsks.Keys[0];
            _resumptionPsks[oldest].Dispose();
            _resumptionPsks.RemoveAt(0);
            _log.Delete(StateKey.ResumptionPsk(oldest));
        }
    }

    private List<QueuedProposal> ProposalsFor(CommitOptions options, DateTimeOffset now)
    {
        var own = options.Proposals.Select(proposal => new QueuedProposal(proposal, new Sender.Member(OwnLeafIndex), null)).ToList();
        if (!options.IncludesReceivedProposals)
            return own;

        // draft-ietf-mls-extensions-09 §6.3.1: beside a pending SelfRemove a Remove of the same leaf is not valid.
        HashSet<LeafIndex> leaving = SelfRemovers();
        own.RemoveAll(queued => queued.Proposal is Proposal.Remove remove && leaving.Contains(remove.Removed));
        List<QueuedProposal> received = [.. ChosenProposals(own, options.MayInclude).Take(MessageLimits.ProposalsMax - own.Count)];
        List<QueuedProposal> all = [.. received, .. own];
        if (received.Count == 0 || CanApply(all, now))
            return all;

        // Some of those received cannot stand beside the others. An Add is in the way of Adds alone, so they come last, one after
        // the other: of two that add the same client the first is heard.
        List<QueuedProposal> chosen = Compatible([.. received.Where(static queued => queued.Proposal is not Proposal.Add)], own, now);
        List<QueuedProposal> without = [.. chosen, .. own];
        if (!CanApply(without, now))
            return own;
        ProvisionalGroup group = ProvisionalGroup.Apply(_epoch, _config, without, now, isOurs: true);
        return [.. chosen, .. received.Where(queued => queued.Proposal is Proposal.Add && group.TryAdd(queued)), .. own];
    }

    /// <summary>Tries halves apart, our own always in, as far as the effort goes.</summary>
    private List<QueuedProposal> Compatible(List<QueuedProposal> received, List<QueuedProposal> own, DateTimeOffset now)
    {
        var chosen = new List<QueuedProposal>();
        int effort = AppliedProposalsMax;
        var parts = new Stack<List<QueuedProposal>>([received]);
        while (parts.TryPop(out List<QueuedProposal>? part))
        {
            List<QueuedProposal> tried = [.. chosen, .. part, .. own];
            effort -= tried.Count;
            if (effort < 0)
                break;
            if (CanApply(tried, now))
            {
                chosen.AddRange(part);
            }
            else if (part.Count > 1)
            {
                parts.Push(part[(part.Count / 2)..]);
                parts.Push(part[..(part.Count / 2)]);
            }
        }

        return chosen;
    }

    private bool CanApply(List<QueuedProposal> proposals, DateTimeOffset now)
    {
        try
        {
            ProposalListRules.CheckCommit(_suite, _epoch.Tree, OwnLeafIndex, proposals);
            Psks().Secret(_suite, ProvisionalGroup.Apply(_epoch, _config, proposals, now, isOurs: true).Psks).Dispose();
            return true;
        }
        catch (MlsException)
        {
            return false;
        }
    }

    /// <summary>RFC 9420 §12.2: of the proposals received, those we may commit: not about ourselves, Removes before Updates, SelfRemoves before both, one for each leaf.</summary>
    private List<QueuedProposal> ChosenProposals(List<QueuedProposal> own, Func<QueuedProposal, bool> mayInclude)
    {
        if (_proposals.All.Count == 0)
            return [];
        HashSet<LeafIndex> taken = [OwnLeafIndex, .. own.Select(static queued => queued.Proposal).OfType<Proposal.Remove>().Select(static remove => remove.Removed)];
        bool extensionsTaken = own.Exists(static queued => queued.Proposal is Proposal.GroupContextExtensions);
        List<QueuedProposal> received = [.. _proposals.All.Where(mayInclude)];
        var chosen = new List<QueuedProposal>();
        foreach (QueuedProposal queued in received)
        {
            if (queued.Proposal is Proposal.SelfRemove && taken.Add(ProposalListRules.SenderLeaf(queued)))
                chosen.Add(queued);
        }

        foreach (QueuedProposal queued in received)
        {
            if (queued.Proposal is Proposal.Remove remove && taken.Add(remove.Removed))
                chosen.Add(queued);
        }

        // The latest Update of a leaf is the one that counts.
        foreach (QueuedProposal queued in Enumerable.Reverse(received))
        {
            if (queued.Proposal is Proposal.Update && taken.Add(ProposalListRules.SenderLeaf(queued)))
                chosen.Add(queued);
        }

        foreach (QueuedProposal queued in received)
        {
            bool isChosen = queued.Proposal switch
            {
                Proposal.Add or Proposal.PreSharedKey or Proposal.AppDataUpdate or Proposal.AppEphemeral => true,
                Proposal.GroupContextExtensions => !extensionsTaken,
                Proposal.ReInit => received.Count == 1 && own.Count == 0,
                _ => false,
            };
            extensionsTaken |= queued.Proposal is Proposal.GroupContextExtensions;
            if (isChosen)
                chosen.Add(queued);
        }

        return chosen;
    }

    private ReadOnlyMemory<byte>? SealWelcome(StagedCommit staged, MadeCommit made, LeafIdentity identity, CommitOptions options)
    {
        if (made.Group.Added.Count == 0)
            return null;
        try
        {
            // RFC 9420 §12.4.1: the GroupInfo shows the new state, and is signed with the key in the new leaf. We are not removed by our own Commit.
            return WelcomeSealing.Seal(made, staged.Next!, identity, options, _config.ThreadsMax);
        }
        catch (MlsException)
        {
            staged.Dispose();
            throw;
        }
    }
}

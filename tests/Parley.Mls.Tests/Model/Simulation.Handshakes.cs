using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tests.Groups;
using Parley.Mls.Tests.Tree;

namespace Parley.Mls.Tests.Model;

/// <content>Commits: made, sent, ordered, and followed; and what all must agree on after each.</content>
internal sealed partial class Simulation
{
    private void MakeCommit(Peer peer)
    {
        if (!CanAct(peer) || peer.Group.Pending is not null)
            return;

        // Most are made by those who are up to date; the others lose, as they must.
        if (peer.Group.Epoch != _log.Epoch && Chance(70))
            return;
        Prepare(peer, OptionsFor(peer));
    }

    private void Prepare(Peer peer, CommitOptions options)
    {
        if (Chance(10) && peer.CanCrash)
        {
            // Made and lost again by a crash before it was stored.
            peer.Group.Commit(options, World.Now);
            peer.Client.Restart();
            Require(peer.Group.Pending is null, "a Commit that was not stored is there");
        }

        PendingCommit pending = peer.Client.Commit(options);
        peer.Outbox.Add(new DeliveryService.Entry(peer, pending.Message.ToArray(), true, peer.Group.Epoch) { WelcomeHasTree = options.WelcomeHasRatchetTree });
    }

    /// <summary>Makes a Commit and has it accepted at once.</summary>
    private void SendCommit(Peer peer, CommitOptions options)
    {
        Prepare(peer, options);
        while (peer.Outbox.Count > 0)
            Send(peer);
    }

    /// <summary>Sends the oldest message of an outbox. Whether it was taken is seen in the log alone.</summary>
    private void Send(Peer peer)
    {
        if (peer.Outbox.Count == 0)
            return;
        DeliveryService.Entry entry = peer.Outbox[0];
        peer.Outbox.RemoveAt(0);
        if (Chance(5) && !entry.IsCommit)
            return; // Lost for good. A Commit is sent again until it is answered.
        if (!_log.TryAppend(entry))
            return;
        if (entry.IsCommit)
            AcceptPending(entry, peer.Group.Pending!); // What is in the outbox is pending until the log is read.
        else
            See(new Attacker.Evidence(entry.Epoch, Decode(entry.Message)));
        if (Chance(60))
        {
            foreach (Peer member in _peers.ToList())
            {
                if (Chance(80))
                    CatchUp(member, int.MaxValue);
            }
        }
    }

    private void AcceptPending(DeliveryService.Entry entry, PendingCommit pending)
    {
        StagedCommit staged = pending.Staged;
        if (_settings.Fault == Fault.TwoCommits)
            entry.Twin = _peers.SelectMany(static peer => peer.Outbox).FirstOrDefault(other => other.IsCommit && other.Epoch == entry.Epoch);
        Welcome? welcome = pending.Welcome is { } encoded ? Assert.IsType<MlsMessage.Welcome>(Decode(encoded.Span)).Message : null;
        var accepted = new Accepted(
            entry, ((Content.CommitContent)pending.Content.Content.Content).Commit, staged.Proposals, staged.Context, staged.Next!.Secrets.EpochAuthenticator.AsSpan().ToArray())
        {
            Committer = staged.Committer,
            Welcome = welcome,
        };
        foreach (Member removed in staged.Removed)
            Remove(_settings.Fault == Fault.RemovedKeepsReading ? OneWhoStays(staged) : _leaves[removed.Index], removed.Index);
        foreach (Member added in staged.Added)
        {
            Peer joiner = PeerOf(added.Leaf);
            _leaves.Add(added.Index, joiner);
            joiner.NextFirstEpoch = entry.Epoch + 1;
            joiner.Invitations.Enqueue(new Peer.Invitation(welcome!, entry.WelcomeHasTree ? null : staged.Tree.ToExtension(), _log.Count - 1, entry.Epoch + 1));
        }

        Accept(accepted);
    }

    /// <summary>Those who go keep what they have: the state of the last epoch they were in, their messages of it unread.</summary>
    private void Remove(Peer peer, LeafIndex index)
    {
        Turn(peer);
        _leaves.Remove(index);
    }

    /// <summary>A Commit has won: from here on it is known what all members must come to.</summary>
    private void Accept(Accepted accepted)
    {
        GroupContext former = _epochs[^1].Context;
        Count(accepted);
        _oracle.Apply(accepted.Proposals, accepted.Committer, accepted.Commit.Path);
        _appData.Apply(accepted.Proposals);
        _epochs.Add(new Epoch([.. _leaves.Values], accepted.Context, accepted.Authenticator, _oracle.TreeHash, _appData.Entries));
        Require(
            _oracle.Members.All(member => _leaves.TryGetValue(member.Index, out Peer? peer) && IsOf(peer, member.Leaf)), "a member is not where the oracle has it");
        See(new Attacker.Evidence(accepted.Entry.Epoch, Decode(accepted.Entry.Message))
        {
            Commit = accepted.Commit,
            ProvisionalContext = Tls.Encode(accepted.Context with { ConfirmedTranscriptHash = former.ConfirmedTranscriptHash }),
            Welcome = accepted.Welcome,
            NextContext = accepted.Context,
            NextAuthenticator = accepted.Authenticator,
        });
    }

    private void Count(Accepted accepted)
    {
        foreach (QueuedProposal queued in accepted.Proposals)
            Count(queued is { Proposal: Proposal.PreSharedKey { Psk: PreSharedKeyId.Resumption } } ? "ResumptionPsk" : $"{queued.Proposal.Type}");
        bool isExternal = accepted.Committer is null;
        if (isExternal)
            Count(accepted.Proposals.Any(static queued => queued.Proposal is Proposal.Remove) ? "Resync" : "ExternalJoin");
        if (accepted.Proposals.Any(static queued => queued.Sender is Sender.NewMemberProposal))
            Count("NewMemberProposal");
        if (accepted.Proposals.Any(static queued => queued.Sender is Sender.External))
            Count("ExternalProposal");
        IEnumerable<LeafNode?> changed =
            [isExternal ? null : accepted.Commit.Path?.LeafNode, .. accepted.Proposals.Select(static queued => (queued.Proposal as Proposal.Update)?.LeafNode)];
        if (changed.OfType<LeafNode>().Any(leaf => _oracle.Members.All(member => !member.Leaf.SignatureKey.Span.SequenceEqual(leaf.SignatureKey.Span))))
            Count("NewIdentity");
    }

    private Peer OneWhoStays(StagedCommit commit) =>
        _leaves.First(leaf => leaf.Key != commit.Committer && !commit.Removed.Any(removed => removed.Index == leaf.Key)).Value;

    /// <summary>Processes what is next in the log, and joins where a Welcome says so.</summary>
    private void CatchUp(Peer peer, int count)
    {
        for (; count > 0; count--)
        {
            if (!peer.IsActive)
            {
                if (peer.Invitations.Count == 0)
                    return;
                Join(peer, peer.Invitations.Dequeue());
            }
            else if (peer.Cursor < _log.Count)
            {
                Follow(peer, _log[peer.Cursor]);
                peer.Cursor++;
            }
            else
            {
                return;
            }
        }
    }

    private void Follow(Peer peer, DeliveryService.Entry entry)
    {
        if (IsRepeated(peer, peer.Cursor))
        {
            TakeUpAgain(peer, entry);
            return;
        }

        if (entry.Twin is not null && _peers.IndexOf(peer) % 2 == 1)
            entry = entry.Twin;
        if (Chance(5) && peer.CanCrash)
        {
            // A crash after the message was processed and before anything was stored.
            Process(peer.Group, entry)?.Dispose();
            peer.Client.Restart();
        }

        if (IsOwn(peer.Group, entry))
            peer.Group.MergePendingCommit();
        else if (Process(peer.Group, entry) is { } staged)
            peer.Group.Merge(staged);
        peer.Client.Save();
        if (Chance(10))
            Restart(peer);
        if (!entry.IsCommit)
            return;
        Require(peer.Group.Pending is null, $"{peer} has a Commit pending that has lost");
        peer.Outbox.RemoveAll(waiting => waiting.Epoch < peer.Group.Epoch);
        if (peer.Group.IsRemoved)
            peer.IsActive = false;
        else
            Check(peer);
    }

    /// <summary>Whether a member proposed twice in the same bytes: those of a PublicMessage follow from what it says.</summary>
    private bool IsRepeated(Peer peer, int position)
    {
        for (int i = position - 1; _log[position].Sender == peer && i >= 0 && !_log[i].IsCommit; i--)
        {
            if (_log[i].Message.AsSpan().SequenceEqual(_log[position].Message))
                return true;
        }

        return false;
    }

    /// <summary>It is what the member has already, or its own message; nothing new.</summary>
    private static void TakeUpAgain(Peer peer, DeliveryService.Entry entry)
    {
        int count = peer.Group.ReceivedProposals.Count();
        try
        {
            peer.Group.Process(Decode(entry.Message), World.Now);
        }
        catch (MlsException refused)
        {
            Require(refused.Error == MlsError.OwnMessage, $"{peer} refuses its own proposal for {refused.Error}");
        }

        peer.Client.Save();
        Require(peer.Group.ReceivedProposals.Count() == count, $"{peer} has its own proposal twice");
    }

    private static bool IsOwn(Group group, DeliveryService.Entry entry) =>
        group.Pending is { } pending && pending.Message.Span.SequenceEqual(entry.Message);

    /// <summary>The Commit of another, to be merged or dropped.</summary>
    private static StagedCommit? Process(Group group, DeliveryService.Entry entry) =>
        IsOwn(group, entry) ? null : (group.Process(Decode(entry.Message), World.Now) as Received.Commit)?.Staged;

    private void Join(Peer peer, Peer.Invitation invitation)
    {
        peer.Client.Join(invitation.Welcome, invitation.Tree);
        peer.IsActive = true;
        peer.Cursor = invitation.Position + 1;
        peer.FirstEpoch = invitation.Epoch;
        peer.Outbox.Clear();
        Check(peer);
        RefuteJoiner(peer);
    }

    /// <summary>One who has joined, whichever way, opens nothing that was sent before.</summary>
    private void RefuteJoiner(Peer peer)
    {
        ulong first = peer.FirstEpoch;
        Peer source = _settings.Fault == Fault.JoinerReadsEarlier ? AnyOf(_epochs[(int)first - 1].Members) : peer;
        if (!source.IsActive)
            return;
        using var attacker = new Attacker($"{peer}, who joined in epoch {first},", source.Client.Copy());
        foreach (Attacker.Evidence evidence in _history)
        {
            if (evidence.Epoch < first)
                Refute(attacker, evidence);
        }
    }

    /// <summary>All members of an epoch agree with the one who made it, with the oracle, and on what is exported.</summary>
    private void Check(Peer peer)
    {
        Group group = peer.Group;
        Epoch epoch = _epochs[(int)group.Epoch];
        Require(group.Context.TreeHash.Span.SequenceEqual(epoch.TreeHash), $"{peer} has another tree hash in epoch {group.Epoch} than the oracle");
        Require(group.EpochAuthenticator.AsSpan().SequenceEqual(epoch.Authenticator), $"{peer} has another epoch authenticator in epoch {group.Epoch}");
        Require(group.Context.Encode().AsSpan().SequenceEqual(epoch.Context.Encode()), $"{peer} has another GroupContext in epoch {group.Epoch}");
        using Secret exported = group.Export("model", "context"u8, 32);
        epoch.Exported ??= exported.AsSpan().ToArray();
        Require(exported.AsSpan().SequenceEqual(epoch.Exported), $"{peer} exports another secret in epoch {group.Epoch}");
        foreach ((ComponentId component, byte[] data) in epoch.AppData)
            Require(group.FindAppData(component)?.Span.SequenceEqual(data) == true, $"{peer} has other data of component {component} in epoch {group.Epoch}");
        Require(AppDataOracle.Count(group.Context) == epoch.AppData.Count, $"{peer} has data of other components in epoch {group.Epoch}");
        ExportSafely(peer, epoch);
        Require(group.MemberCount == epoch.Members.Count, $"{peer} counts other members in epoch {group.Epoch}");
        if (Chance(20))
            Soundness.Assert(peer.Client);
    }

    /// <summary>draft-ietf-mls-extensions-09 §4.4: all export the same secret for a component, and none a second time.</summary>
    private void ExportSafely(Peer peer, Epoch epoch)
    {
        foreach (ComponentId component in (ComponentId[])[ComponentId.AppAck, Ledger])
        {
            byte[] exported = peer.Client.ExportSafely(component, isStored: _settings.Fault != Fault.ExportNotStored);
            epoch.SafelyExported.TryAdd(component, exported);
            Require(exported.AsSpan().SequenceEqual(epoch.SafelyExported[component]), $"{peer} exports another secret of {component} in epoch {peer.Group.Epoch}");
            if (Chance(20))
                Restart(peer);
            Require(!CanExport(peer.Group, component), $"{peer} exports the secret of {component} again");
        }
    }

    private static bool CanExport(Group group, ComponentId component)
    {
        try
        {
            group.SafeExportSecret(component).Dispose();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>A Commit that was taken into the log, with what its maker knows of the epoch it leads to.</summary>
    private sealed record Accepted(
        DeliveryService.Entry Entry, Commit Commit, IReadOnlyList<QueuedProposal> Proposals, GroupContext Context, byte[] Authenticator)
    {
        /// <summary>Null if it joins by this Commit.</summary>
        public LeafIndex? Committer { get; init; }

        public Welcome? Welcome { get; init; }
    }

    private static bool CanAct(Peer peer) => peer.IsActive && !peer.Group.IsReinitialized;

    private Peer PeerOf(LeafNode leaf) => _owners[Convert.ToHexString(leaf.SignatureKey.Span)];

    private bool IsOf(Peer peer, LeafNode leaf) => PeerOf(leaf) == peer;
}

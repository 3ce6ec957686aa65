using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tests.Groups;
using Parley.Mls.Tests.Tree;

namespace Parley.Mls.Tests.Model;

/// <content>Proposals and Commits: made, sent, ordered, and followed.</content>
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

    private CommitOptions OptionsFor(Peer peer)
    {
        List<Proposal> proposals = [];
        List<Member> members = [.. peer.Group.Members];
        int adds = members.Count < _settings.MembersMax ? _random.Next(4) : 0;
        List<Member> others = [.. members.Where(member => member.Index != peer.Group.OwnLeafIndex)];
        int removes = members.Count > 4 ? _random.Next(3) : 0;
        for (int i = 0; i < removes; i++)
        {
            Member removed = AnyOf(others);
            others.Remove(removed);
            proposals.Add(new Proposal.Remove(removed.Index));
            if (Chance(20))
                proposals.Insert(_random.Next(proposals.Count + 1), World.AddOf(PeerOf(removed.Leaf).Client)); // Out and in again.
        }

        List<Peer> outside = [.. _peers.Where(candidate => !members.Exists(member => IsOf(candidate, member.Leaf)))];
        for (int i = 0; i < adds; i++)
        {
            Peer added = outside.Count > 0 && Chance(60) ? AnyOf(outside) : NewPeer();
            outside.Remove(added);
            proposals.Add(World.AddOf(added.Client));
        }

        bool resumes = adds == 0 && removes == 0 && Chance(30) && ResumptionPskFor(peer) is { } resumption && Add(proposals, resumption);
        if (Chance(10))
            proposals.Add(new Proposal.PreSharedKey(new PreSharedKeyId.External("shared"u8.ToArray(), Nonce())));
        if (Chance(8))
            proposals.Add(Extensions());
        return new CommitOptions
        {
            Proposals = proposals,
            ForcesPath = Chance(70),
            IncludesReceivedProposals = !resumes && Chance(80),
            WelcomeHasRatchetTree = Chance(50),
        };
    }

    private static bool Add(List<Proposal> proposals, Proposal proposal)
    {
        proposals.Add(proposal);
        return true;
    }

    /// <summary>The resumption PSK of an epoch that every member of the present one was in.</summary>
    private Proposal.PreSharedKey? ResumptionPskFor(Peer peer)
    {
        ulong epoch = peer.Group.Epoch;
        if (epoch != _log.Epoch || epoch == 0)
            return null;
        ulong since = Math.Max(_epochs[^1].Members.Max(static member => member.NextFirstEpoch), epoch < 5 ? 0 : epoch - 5);
        return since >= epoch
            ? null
            : new Proposal.PreSharedKey(new PreSharedKeyId.Resumption(
                ResumptionPskUsage.Application, _world.GroupId, since + (ulong)_random.Next((int)(epoch - since)), Nonce()));
    }

    private Proposal.GroupContextExtensions Extensions()
    {
        var required = new RequiredCapabilities([], [], [Messages.Credentials.CredentialType.Basic]);
        return new Proposal.GroupContextExtensions(Chance(50) ? [] : [new Extension(ExtensionType.RequiredCapabilities, required.Encode())]);
    }

    private byte[] Nonce()
    {
        byte[] nonce = new byte[_world.Suite.HashBytes];
        _world.Suite.Provider.FillRandom(nonce);
        return nonce;
    }

    private void Propose(Peer peer)
    {
        if (!CanAct(peer))
            return;
        byte[] message = peer.Client.Propose(group => _random.Next(5) switch
        {
            0 => group.ProposeRemove(AnyOf([.. group.Members]).Index),
            1 when group.MemberCount < _settings.MembersMax && Outsider(group) is { } outsider =>
                group.ProposeAdd(outsider.Client.NewKeyPackage().KeyPackage, World.Now),
            _ => group.ProposeUpdate(),
        });
        peer.Outbox.Add(new DeliveryService.Entry(peer, message, false, peer.Group.Epoch));
    }

    private Peer? Outsider(Group group) => _peers.Find(candidate => !group.Members.Any(member => IsOf(candidate, member.Leaf)));

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
        _oracle.Apply(accepted.Proposals, accepted.Committer, accepted.Commit.Path);
        _epochs.Add(new Epoch([.. _leaves.Values], accepted.Context, accepted.Authenticator, _oracle.TreeHash));
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

    /// <summary>One outside joins by itself, or a member, with whatever became of its state, comes back in place of itself.</summary>
    private void CommitFromOutside(Peer peer)
    {
        if (Chance(30) && peer.IsActive)
            return; // Coming back is rarer.
        if (peer.External is null)
        {
            Peer? helper = _epochs[^1].Members.Find(member => member != peer && CanAct(member) && member.Group.Epoch == _log.Epoch);
            bool isMember = _leaves.ContainsValue(peer);
            if (helper is null || (!isMember && _leaves.Count >= _settings.MembersMax))
                return;
            bool hasTree = Chance(50);
            byte[] commit = peer.Client.CommitExternally(
                helper.Group.CreateGroupInfo(hasTree),
                new ExternalCommitOptions { Replaces = isMember ? _leaves.First(leaf => leaf.Value == peer).Key : null },
                hasTree ? null : helper.Group.ExportRatchetTree());
            peer.External = new DeliveryService.Entry(peer, commit, true, _log.Epoch);
        }

        if (Chance(30))
            return; // It is sent later, maybe too late.
        DeliveryService.Entry entry = peer.External;
        peer.External = null;
        if (!_log.TryAppend(entry))
            return;
        if (_leaves.ContainsValue(peer))
            Remove(peer, _leaves.First(leaf => leaf.Value == peer).Key);
        peer.Client.JoinExternally();
        peer.IsActive = true;
        peer.Cursor = _log.Count;
        peer.FirstEpoch = peer.NextFirstEpoch = peer.Group.Epoch;
        peer.Outbox.Clear();
        peer.Invitations.Clear();
        _leaves.Add(peer.Group.OwnLeafIndex, peer);
        var message = Assert.IsType<MlsMessage.Public>(Decode(entry.Message)).Message;
        Commit accepted = ((Content.CommitContent)message.Content.Content).Commit;
        Accept(new Accepted(
            entry,
            accepted,
            [.. accepted.Proposals.Select(static proposal => new QueuedProposal(((ProposalOrRef.ByValue)proposal).Proposal, new Sender.NewMemberCommit(), null))],
            peer.Group.Context,
            peer.Group.EpochAuthenticator));
        Check(peer);
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
        Peer source = _settings.Fault == Fault.JoinerReadsEarlier ? AnyOf(_epochs[(int)invitation.Epoch - 1].Members) : peer;
        if (source.IsActive is false)
            return;
        using var attacker = new Attacker($"{peer}, who joined in epoch {invitation.Epoch},", Clone(source));
        foreach (Attacker.Evidence evidence in _history)
        {
            if (evidence.Epoch < invitation.Epoch)
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
        Require(group.MemberCount == epoch.Members.Count, $"{peer} counts other members in epoch {group.Epoch}");
        if (Chance(20))
            Soundness.Assert(peer.Client);
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

    private Peer PeerOf(LeafNode leaf) => _peers.Find(peer => IsOf(peer, leaf)) ?? throw new InvalidOperationException("A leaf of nobody.");

    private static bool IsOf(Peer peer, LeafNode leaf) => peer.Client.Identity.Signer.PublicKey.Span.SequenceEqual(leaf.SignatureKey.Span);
}

using System.Collections.Immutable;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Tests.Model;

/// <content>RFC 9420 §12.4.3.2: external Commits.</content>
internal sealed partial class Simulation
{
    /// <summary>One outside joins by itself, or a member, with whatever became of its state, comes back in place of itself.</summary>
    private void CommitFromOutside(Peer peer)
    {
        if (Chance(30) && peer.IsActive)
            return; // Coming back is rarer.
        peer.Entrance ??= EntranceOf(peer);
        if (peer.Entrance is not { } entrance || Chance(30))
            return; // It is sent later, maybe too late.
        peer.Entrance = null;
        if (!_log.TryAppend(entrance.Entry))
            return;
        if (entrance.Options.Replaces is { } replaced)
            Remove(peer, replaced);
        var proposals = Queued(entrance).ToImmutableArray();
        foreach (LeafIndex leaver in proposals.Where(static queued => queued.Proposal is Proposal.SelfRemove).Select(static queued => ((Sender.Member)queued.Sender).LeafIndex))
            Remove(_leaves[leaver], leaver);
        peer.Client.JoinExternally();
        peer.IsActive = true;
        peer.Cursor = _log.Count;
        peer.FirstEpoch = peer.NextFirstEpoch = peer.Group.Epoch;
        peer.Outbox.Clear();
        peer.Invitations.Clear();
        _leaves.Add(peer.Group.OwnLeafIndex, peer);
        Accept(new Accepted(entrance.Entry, CommitIn(entrance), proposals, peer.Group.Context, peer.Group.EpochAuthenticator));
        Check(peer);
        RefuteJoiner(peer);
    }

    /// <summary>Makes an external Commit with the help of a member that is up to date, if there is one.</summary>
    private Peer.Admission? EntranceOf(Peer peer)
    {
        Peer? helper = _epochs[^1].Members.Find(member => member != peer && CanAct(member) && member.Group.Epoch == _log.Epoch);
        bool isMember = _leaves.ContainsValue(peer);
        if (helper is null || (!isMember && _leaves.Count >= _settings.MembersMax))
            return null;
        bool hasTree = Chance(50);
        LeafIndex? own = isMember ? _leaves.First(leaf => leaf.Value == peer).Key : null;
        var options = new ExternalCommitOptions
        {
            Replaces = own,
            PreSharedKeys = Chance(20) ? [SharedKey()] : [],
            AppDataUpdates = Chance(20) ? [LedgerUpdate(helper.Group.FindAppData(Ledger))] : [],
            SelfRemoves = [.. SelfRemoves().Where(leaving => ((Sender.Member)leaving.Content.Sender).LeafIndex != own)],
        };
        byte[] commit = peer.Client.CommitExternally(helper.Group.CreateGroupInfo(hasTree), options, hasTree ? null : helper.Group.ExportRatchetTree());
        return new Peer.Admission(new DeliveryService.Entry(peer, commit, true, _log.Epoch), options);
    }

    /// <summary>What members sent in this epoch to leave by.</summary>
    private IEnumerable<PublicMessage> SelfRemoves()
    {
        for (int i = _log.Count - 1; i >= 0 && !_log[i].IsCommit; i--)
        {
            if (Decode(_log[i].Message) is MlsMessage.Public { Message: { Content.Content: Content.ProposalContent { Proposal: Proposal.SelfRemove } } leaving })
                yield return leaving;
        }
    }

    private static IEnumerable<QueuedProposal> Queued(Peer.Admission entrance)
    {
        var leaving = new Queue<PublicMessage>(entrance.Options.SelfRemoves);
        foreach (ProposalOrRef entry in CommitIn(entrance).Proposals)
        {
            yield return entry is ProposalOrRef.ByValue { Proposal: { } proposal }
                ? new QueuedProposal(proposal, new Sender.NewMemberCommit(), null)
                : new QueuedProposal(new Proposal.SelfRemove(), leaving.Dequeue().Content.Sender, ((ProposalOrRef.ByReference)entry).Reference);
        }
    }

    private static Commit CommitIn(Peer.Admission entrance)
    {
        PublicMessage message = Assert.IsType<MlsMessage.Public>(Decode(entrance.Entry.Message)).Message;
        return ((Content.CommitContent)message.Content.Content).Commit;
    }
}

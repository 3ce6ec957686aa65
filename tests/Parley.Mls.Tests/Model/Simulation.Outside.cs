using System.Collections.Immutable;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tests.Groups;

namespace Parley.Mls.Tests.Model;

/// <content>RFC 9420 §12.4.3.2, §12.1.8: external Commits and external proposals.</content>
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

    /// <summary>RFC 9420 §12.1.8: one outside asks to be added.</summary>
    private void ProposeItself(Peer peer)
    {
        if (!CanEnter(peer))
            return;
        SendFromOutside(peer, ExternalProposals.Add(
            _world.Config.Crypto, _world.GroupId, _log.Epoch, peer.Client.NewKeyPackage().KeyPackage, peer.Client.Identity.Signer));
    }

    /// <summary>RFC 9420 §12.1.8.1: a server that the group knows proposes, as long as the group's extensions name it.</summary>
    private void ProposeAsServer()
    {
        if (_epochs[^1].Context.Extensions.Find(ExtensionType.ExternalSenders) is null)
            return;
        Peer peer = AnyOf(_peers);
        Proposal proposal = _random.Next(3) switch
        {
            0 when CanEnter(peer) => World.AddOf(peer.Client),
            1 when _leaves.Count > 4 => new Proposal.Remove(AnyOf([.. _leaves.Keys])),
            _ => SharedKey(),
        };
        SendFromOutside(_server, ExternalProposals.Create(
            _world.Config.Crypto, _settings.Suite, _world.GroupId, _log.Epoch, 0, proposal, _server.Client.Identity.Signer));
    }

    private void SendFromOutside(Peer sender, byte[] message)
    {
        Require(_log.TryAppend(new DeliveryService.Entry(sender, message, false, _log.Epoch)), "a proposal for the last epoch is not taken");
        See(new Attacker.Evidence(_log.Epoch, Decode(message)));
    }

    private bool CanEnter(Peer peer) => !peer.IsActive && !_leaves.ContainsValue(peer) && _leaves.Count < _settings.MembersMax;

    private Extension ServerAsSender() =>
        new(ExtensionType.ExternalSenders, new ExternalSenders([new(_server.Client.Identity.Signer.PublicKey, _server.Client.Identity.Credential)]).Encode());

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

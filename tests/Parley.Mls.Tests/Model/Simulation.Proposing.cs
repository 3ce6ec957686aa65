using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Tests.Groups;

namespace Parley.Mls.Tests.Model;

/// <content>Proposals: sent by themselves, or put into Commits.</content>
internal sealed partial class Simulation
{
    // Beyond it the ledger is begun anew; its entries are bytes that ascend.
    private const byte LedgerEntryMax = 0xf0;

    private void Propose(Peer peer)
    {
        if (!CanAct(peer))
            return;
        byte[] message = peer.Client.Propose(group => _random.Next(12) switch
        {
            0 or 1 => group.Propose(new Proposal.Remove(AnyOf([.. group.Members]).Index), World.Now),
            2 or 3 when group.MemberCount < _settings.MembersMax && Outsider(group) is { } outsider =>
                group.Propose(new Proposal.Add(outsider.Client.NewKeyPackage().KeyPackage), World.Now),
            4 or 10 when group.MemberCount > 4 && CanLeave(peer) => group.ProposeSelfRemove(),
            5 => group.ProposeUpdate(NewIdentity(peer)),
            6 => group.Propose(AppDataUpdate(group), World.Now),
            7 => group.ProposeAppAck(),
            8 => group.Propose(SharedKey(), World.Now),
            9 when Chance(30) => group.Propose(Extensions(group), World.Now),
            _ => group.ProposeUpdate(),
        });
        peer.Outbox.Add(new DeliveryService.Entry(peer, message, false, peer.Group.Epoch));

        // Later most are too late: an epoch does not wait for proposals.
        if (peer.Outbox.Count == 1 && Chance(60))
            Send(peer);
    }

    private CommitOptions OptionsFor(Peer peer)
    {
        List<Proposal> proposals = [];
        List<Member> members = [.. peer.Group.Members];
        int adds = members.Count < _settings.MembersMax ? _random.Next(Math.Max(4, _settings.MembersMax / 5)) : 0;
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

        HashSet<Peer> inside = [.. members.Select(member => PeerOf(member.Leaf))];
        List<Peer> outside = [.. _peers.Where(candidate => !inside.Contains(candidate))];
        for (int i = 0; i < adds; i++)
        {
            Peer added = outside.Count > 0 && Chance(60) ? AnyOf(outside) : NewPeer();
            outside.Remove(added);
            proposals.Add(World.AddOf(added.Client));
        }

        Proposal.PreSharedKey? resumption = adds == 0 && removes == 0 && Chance(60) ? ResumptionPskFor(peer) : null;
        if (resumption is not null)
            proposals.Add(resumption);
        if (Chance(10))
            proposals.Add(SharedKey());
        if (Chance(8))
            proposals.Add(Extensions(peer.Group));
        else if (Chance(15))
            proposals.Add(AppDataUpdate(peer.Group));
        if (Chance(5))
            proposals.Add(new Proposal.AppEphemeral(ComponentId.AppAck, peer.Group.CreateAppAck().Encode()));
        return new CommitOptions
        {
            Proposals = proposals,
            Identity = Chance(10) ? NewIdentity(peer) : null,
            ForcesPath = Chance(70),
            IncludesReceivedProposals = resumption is null && Chance(80),
            WelcomeHasRatchetTree = Chance(50),
        };
    }

    /// <summary>Another signature key, and now and then another name.</summary>
    private LeafIdentity NewIdentity(Peer peer)
    {
        LeafIdentity identity = peer.Client.NewIdentity(Chance(30) ? $"{peer}, key {_owners.Count}" : null);
        Owns(peer, identity);
        return identity;
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

    private Proposal.PreSharedKey SharedKey() => new(new PreSharedKeyId.External("shared"u8.ToArray(), Nonce()));

    /// <summary>Other extensions; the data of components stays or goes, and the server is named, or no more.</summary>
    private Proposal.GroupContextExtensions Extensions(Group group)
    {
        List<Extension> extensions = [];
        if (Chance(50))
            extensions.Add(new Extension(ExtensionType.RequiredCapabilities, new RequiredCapabilities([], [], [CredentialType.Basic]).Encode()));
        if (Chance(70) && group.Context.Extensions.Find(ExtensionType.AppDataDictionary) is { } dictionary)
            extensions.Add(dictionary);
        if (Chance(70))
            extensions.Add(ServerAsSender());
        return new Proposal.GroupContextExtensions([.. extensions]);
    }

    private Proposal.AppDataUpdate AppDataUpdate(Group group)
    {
        if (group.FindAppData(Note) is null || Chance(30))
            return new Proposal.AppDataUpdate(Note, new[] { (byte)_random.Next(256) });
        return Chance(20) ? new Proposal.AppDataUpdate(Note, null) : LedgerUpdate(group.FindAppData(Ledger));
    }

    private Proposal.AppDataUpdate LedgerUpdate(ReadOnlyMemory<byte>? current)
    {
        byte last = current is { Length: > 0 } entries ? entries.Span[^1] : (byte)0;
        return new Proposal.AppDataUpdate(Ledger, last > LedgerEntryMax ? (ReadOnlyMemory<byte>?)null : new[] { (byte)(last + 1 + _random.Next(8)) });
    }

    /// <summary>What a member acknowledges is what it has read in this epoch.</summary>
    private static void CheckAcknowledged(Peer peer)
    {
        if (!CanAct(peer))
            return;
        long acknowledged = peer.Group.CreateAppAck().ReceivedRanges.Sum(static range => (long)range.LastGeneration - range.FirstGeneration + 1);
        int read = peer.Read.Count(letter => letter.Epoch == peer.Group.Epoch);
        Require(acknowledged == read, $"{peer} acknowledges {acknowledged} messages of {read}");
    }

    /// <summary>A member leaves once in an epoch.</summary>
    private bool CanLeave(Peer peer)
    {
        bool leaves = peer.LeftIn != peer.Group.Epoch;
        peer.LeftIn = peer.Group.Epoch;
        return leaves;
    }

    private Peer? Outsider(Group group)
    {
        HashSet<Peer> inside = [.. group.Members.Select(member => PeerOf(member.Leaf))];
        return _peers.Find(candidate => !inside.Contains(candidate));
    }

    private byte[] Nonce()
    {
        byte[] nonce = new byte[_world.Suite.HashBytes];
        _world.Suite.Provider.FillRandom(nonce);
        return nonce;
    }
}

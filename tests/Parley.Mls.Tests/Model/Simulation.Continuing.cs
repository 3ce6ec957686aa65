using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Tests.Groups;

namespace Parley.Mls.Tests.Model;

/// <content>RFC 9420 §11.2, §11.3: groups that continue this one.</content>
internal sealed partial class Simulation
{
    /// <summary>Some of the members make a group of their own, agree in it, and leave it.</summary>
    private void Branch(Peer maker)
    {
        if (!CanAct(maker) || maker.Group.Epoch != _log.Epoch)
            return;
        List<Peer> others = [.. _epochs[^1].Members.Where(peer => peer != maker && CanAct(peer) && peer.Group.Epoch == _log.Epoch && Chance(50)).Take(5)];
        Dictionary<Peer, KeyPackageBundle> bundles = others.ToDictionary(static peer => peer, static peer => peer.Client.NewKeyPackage());
        var adds = new CommitOptions { Proposals = [.. bundles.Values.Select(static bundle => new Proposal.Add(bundle.KeyPackage))] };
        ContinuedGroup branch = maker.Group.Branch(maker.Client.Identity, "branch"u8, [], adds, World.Now);
        using Group made = branch.Group;
        using Secret expected = made.Export("model", [], 32);
        foreach (Peer peer in others)
        {
            Welcome welcome = Assert.IsType<MlsMessage.Welcome>(Decode(branch.Welcome!.Value.Span)).Message; // Somebody is added.
            using StagedWelcome staged = StagedWelcome.Stage(peer.Client.Config, peer.Client.Identity, welcome, bundles[peer], findGroup: _ => peer.Group);
            using Group joined = staged.Join();
            using Secret exported = joined.Export("model", [], 32);
            Require(joined.EpochAuthenticator.AsSpan().SequenceEqual(made.EpochAuthenticator), $"{peer} is in another branch than {maker}");
            Require(exported.AsSpan().SequenceEqual(expected.AsSpan()), $"{peer} exports another secret in the branch of {maker}");
            peer.Client.Drop(bundles[peer]);
        }

        foreach (Peer peer in others.Append(maker))
            Require(peer.Group.TakeWrites().Count == 0, $"{peer} has something to write after a branch");
        Count("Branch");
    }

    private void ReInit()
    {
        Peer ender = AnyOf(_epochs[^1].Members);
        SendCommit(ender, new CommitOptions
        {
            Proposals = [new Proposal.ReInit("next"u8.ToArray(), ProtocolVersion.Mls10, _settings.Suite, [])],
            IncludesReceivedProposals = false,
        });
        foreach (Peer peer in _epochs[^1].Members)
        {
            CatchUp(peer, int.MaxValue);
            Restart(peer);
            Require(peer.Group.IsReinitialized, $"{peer} does not know that the group has ended");
            Assert.Throws<InvalidOperationException>(() => peer.Group.Protect([]));
        }

        List<Peer> members = _epochs[^1].Members;
        Peer maker = AnyOf(members);
        var adds = new CommitOptions { Proposals = [.. members.Where(peer => peer != maker).Select(static peer => World.AddOf(peer.Client))] };
        ContinuedGroup next = maker.Group.Reinitialize(maker.Client.Identity, adds, World.Now);
        byte[] authenticator = next.Group.EpochAuthenticator;
        Welcome? welcome = next.Welcome is { } encoded ? Assert.IsType<MlsMessage.Welcome>(Decode(encoded.Span)).Message : null;
        foreach (Peer peer in members)
        {
            if (peer == maker)
                peer.Client.Enter(next.Group);
            else
                peer.Client.Join(welcome!, findGroup: _ => peer.Group);
            Require(peer.Group.EpochAuthenticator.AsSpan().SequenceEqual(authenticator), $"{peer} is in another group than {maker}");
        }

        string text = $"{maker} goes on";
        byte[] message = maker.Client.Send(text);
        foreach (Peer peer in members)
            Require(peer == maker || peer.Client.Read(message) == text, $"{peer} does not go on");
    }
}

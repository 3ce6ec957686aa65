using System.Collections.Immutable;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Tests.Groups;

/// <content>What must be refused.</content>
internal sealed partial class FailureAttempt
{
    private Action? NextBad(out string name)
    {
        (string Name, Func<Action?> Make)[] all =
        [
            ("a bit that is wrong in an application message", () => ProcessFlipped(Message(_other, static group => group.Protect("text"u8)))),
            ("a bit that is wrong in a proposal", () => ProcessFlipped(Message(_other, static group => group.ProposeUpdate()))),
            ("a bit that is wrong in a Commit", () => ProcessFlipped(HonestCommit())),
            ("a message that comes again or too late", Repeat),
            ("a proposal with a change, signed again", ForgedProposal),
            ("a Commit with a change, signed again", ForgedCommit),
            ("a Commit that cannot be made", BadCommit),
            ("a proposal that cannot be made", BadProposal),
            ("a Commit merged that may not be", BadMerge),
            ("our own message", () => Process(Message(_victim, static group => group.Protect("text"u8)))),
            ("a message of another kind", OtherKind),
            ("an external Commit with a change", BadExternalCommit),
            ("a group that cannot continue this one", BadContinuation),
            ("a component's secret that cannot be exported", ExportAgain),
            ("a Commit beside one that is pending", () => _victim.Group.Pending is null ? null : () => _victim.Group.Commit(new CommitOptions(), World.Now)),
            ("application data before the proposals", () => _victim.Group.MustCommitFirst ? () => _victim.Group.Protect("text"u8) : null),
        ];
        (name, Func<Action?> make) = all[_random.Next(all.Length)];
        return make();
    }

    private Action? Process(byte[]? message) =>
        message is not null && MlsMessage.TryDecode(message, out MlsMessage? decoded, out _) ? () => _victim.Group.Process(decoded, World.Now) : null;

    private Action? ProcessFlipped(byte[]? message) => message is null ? null : Process(Flip(message));

    private byte[] Flip(byte[] bytes)
    {
        byte[] flipped = [.. bytes];
        flipped[_random.Next(flipped.Length)] ^= (byte)(1 << _random.Next(8));
        return flipped;
    }

    private static byte[]? Message(Client client, Func<Group, byte[]> make)
    {
        if (client.Group.MustCommitFirst)
            return null;
        byte[] message = make(client.Group);
        client.Save();
        return message;
    }

    private byte[] HonestCommit()
    {
        byte[] commit = _other.Commit(new CommitOptions { Proposals = Some(), IncludesReceivedProposals = _random.Next(2) == 0 }).Message.ToArray();
        _other.Clear();
        return commit;
    }

    private ImmutableArray<Proposal> Some() => _random.Next(5) switch
    {
        0 => [World.AddOf(_world.NewClient())],
        1 => [new Proposal.PreSharedKey(new PreSharedKeyId.External("id"u8.ToArray(), new byte[_world.Suite.HashBytes]))],
        2 => [World.RemoveOf(_world.Members.Find(member => member != _other && member != _victim)!)],
        _ => [],
    };

    private Action? Repeat() => _seen.Count == 0 ? null : Process(_seen[_random.Next(_seen.Count)]);

    private Action? ForgedProposal()
    {
        Proposal honest = _random.Next(4) switch
        {
            0 => new Proposal.Update(Forge.UpdateLeaf(_other)),
            1 => World.AddOf(_world.NewClient()),
            2 => new Proposal.AppDataUpdate(Component, new byte[1]),
            _ => new Proposal.GroupContextExtensions([new Extension(ExtensionType.RequiredCapabilities, new RequiredCapabilities([], [], []).Encode())]),
        };
        return Tls.TryDecode(Flip(honest.Encode()), out Proposal? changed, out _) ? Process(Forged(new Content.ProposalContent(changed))) : null;
    }

    private Action? ForgedCommit()
    {
        Commit honest = Forge.HonestCommit(_other, [.. Some()]);
        return Tls.TryDecode(Flip(honest.Encode()), out Commit? changed, out _) ? Process(Forged(new Content.CommitContent(changed))) : null;
    }

    private byte[] Forged(Content content)
    {
        WireFormat format = _random.Next(2) == 0 ? WireFormat.PublicMessage : WireFormat.PrivateMessage;
        MlsMessage message = Forge.Seal(_other, Forge.Sign(_other, content, format));
        _other.Save();
        return message.Encode<MlsMessage>();
    }

    private Action BadCommit()
    {
        Proposal[] bad = _random.Next(9) switch
        {
            0 => [World.RemoveOf(_victim)],
            1 => [new Proposal.Remove(new LeafIndex(77))],
            2 => [new Proposal.PreSharedKey(new PreSharedKeyId.External("unknown"u8.ToArray(), new byte[_world.Suite.HashBytes]))],
            3 => [World.AddOf(_other)],
            4 => [new Proposal.GroupContextExtensions([new Extension(ExtensionType.RatchetTree, default)])],
            5 => [World.AddOf(_world.NewClient()), Unencryptable()],
            6 => [new Proposal.AppDataUpdate(Component, null)],
            7 => [new Proposal.SelfRemove()],
            _ => [new Proposal.ReInit("next"u8.ToArray(), Messages.ProtocolVersion.Mls10, World.DefaultSuite, []), World.RemoveOf(_other)],
        };
        return () => _victim.Group.Commit(new CommitOptions { Proposals = bad, IncludesReceivedProposals = _random.Next(2) == 0 }, World.Now);
    }

    /// <summary>A KeyPackage whose init key nobody can encrypt to, signed by its owner.</summary>
    private Proposal.Add Unencryptable() =>
        new(Forge.KeyPackage(_world.NewClient(), change: static keyPackage => keyPackage with { InitKey = new byte[32] }));

    private Action BadProposal()
    {
        KeyPackage changed = Forge.KeyPackage(_world.NewClient(), change: static keyPackage => keyPackage with { InitKey = keyPackage.LeafNode.EncryptionKey });
        return _random.Next(5) switch
        {
            0 => () => _victim.Group.Propose(new Proposal.Add(changed), World.Now),
            3 => () => _victim.Group.Propose(new Proposal.AppDataUpdate(Component, new byte[2]), World.Now),
            4 => () => _victim.Group.ProposeUpdate(_victim.Identity with { Capabilities = World.DefaultCapabilities with { CipherSuites = [] } }),
            1 => () => _victim.Group.Propose(new Proposal.Add(_world.NewClient().NewKeyPackage().KeyPackage), World.Now.AddYears(1)),
            _ => () => _victim.Group.Propose(new Proposal.Remove(new LeafIndex(77)), World.Now),
        };
    }

    private Action BadMerge()
    {
        Assert.True(MlsMessage.TryDecode(HonestCommit(), out MlsMessage? commit, out _));
        Client third = _world.Members.Find(member => member != _other && member != _victim)!;
        StagedCommit staged = ((Received.Commit)third.Group.Process(commit, World.Now)).Staged;
        third.Group.TakeWrites();
        third.Restart(); // It goes on as if it had not seen the Commit.
        if (_random.Next(2) == 0)
            staged.Dispose();
        return _random.Next(3) == 0 && _victim.Group.Pending is null ? () => _victim.Group.MergePendingCommit() : () => _victim.Group.Merge(staged);
    }

    private Action? OtherKind() => _random.Next(3) switch
    {
        0 => Process(_other.Group.CreateGroupInfo(true)),
        1 => Process(new MlsMessage.KeyPackage(_world.NewClient().NewKeyPackage().KeyPackage).Encode<MlsMessage>()),
        _ => Process(Welcome()),
    };

    private byte[] Welcome()
    {
        byte[] welcome = _other.Commit(new CommitOptions { Proposals = [World.AddOf(_world.NewClient())], IncludesReceivedProposals = false }).Welcome!.Value.ToArray();
        _other.Clear();
        return welcome;
    }

    private Action? BadExternalCommit()
    {
        Client joiner = _world.NewClient();
        byte[] groupInfo = _other.Group.CreateGroupInfo(true);
        if (_random.Next(2) == 0)
            return ProcessFlipped(joiner.CommitExternally(groupInfo));
        ProposalOrRef extra = new ProposalOrRef.ByValue(_random.Next(3) switch
        {
            0 => World.AddOf(_world.NewClient()),
            1 => new Proposal.Remove(new LeafIndex(77)),
            _ => new Proposal.AppDataUpdate(Component, null),
        });
        return Process(Forge.ExternalCommit(joiner, groupInfo, commit => commit with { Proposals = commit.Proposals.Add(extra) }).Encode<MlsMessage>());
    }

    private Action BadContinuation()
    {
        var adds = new CommitOptions { Proposals = [World.AddOf(_world.NewClient())] };
        if (_random.Next(2) == 0)
            return () => _victim.Group.Reinitialize(_victim.Identity, adds, World.Now);
        return () =>
        {
            _world.Judge.AcceptsSuccessors = false; // Nobody takes the one who is added for a member.
            try
            {
                _victim.Group.Branch(_victim.Identity, "branch"u8, [], adds, World.Now);
            }
            finally
            {
                _world.Judge.AcceptsSuccessors = true;
            }
        };
    }

    private Action ExportAgain()
    {
        _victim.ExportSafely(Component);
        return () => _victim.Group.SafeExportSecret(Component);
    }
}

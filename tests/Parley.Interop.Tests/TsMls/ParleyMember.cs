using System.Text;
using Parley.Mls;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Native;

namespace Parley.Interop.Tests.TsMls;

/// <summary>A member that is ours.</summary>
internal sealed class ParleyMember(string name, CipherSuite suite, WireFormat handshakeFormat) : MixedMember(name, suite, handshakeFormat), IDisposable
{
    private static readonly NativeCryptoProvider Crypto = new(RandomSource.System);
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    private readonly GroupConfig _config = new()
    {
        Crypto = Crypto,
        Authentication = new BelievesAll(),
        PreSharedKeys = new SharedPsk(),
        HandshakeFormat = handshakeFormat,
    };

    private readonly LeafIdentity _identity = new(
        SignatureKeyPair.Generate(Crypto, new CryptoSuite(Crypto, suite).Parameters.Signature),
        new Credential.Basic(Encoding.UTF8.GetBytes(name)),
        new Capabilities([ProtocolVersion.Mls10], [suite], [], [], [CredentialType.Basic]),
        []);

    private KeyPackageBundle? _bundle;
    private Group? _group;

    /// <summary>Whether the suite is ours, too.</summary>
    public static bool Supports(CipherSuite suite) => CryptoSuite.IsSupported(Crypto, suite);

    public override MemberStatus Status => Group.IsRemoved
        ? new MemberStatus(Group.Epoch, "", "", 0, IsRemoved: true)
        : new MemberStatus(
            Group.Epoch,
            Convert.ToHexString(Group.EpochAuthenticator),
            Convert.ToHexString(Group.Context.TreeHash.Span),
            Group.OwnLeafIndex.Value,
            IsRemoved: false);

    public override bool KeepsOwnProposals => false;

    private Group Group => _group ?? throw new InvalidOperationException("The member is in no group.");

    public override byte[] NewKeyPackage()
    {
        var lifetime = new Lifetime((ulong)Now.AddHours(-1).ToUnixTimeSeconds(), (ulong)Now.AddDays(1).ToUnixTimeSeconds());
        _bundle = KeyPackageBundle.Create(Crypto, Suite, _identity, lifetime, []);
        return new MlsMessage.KeyPackage(_bundle.KeyPackage).Encode<MlsMessage>();
    }

    public override void Create(byte[] groupId) => _group = Group.Create(_config, _identity, Suite, groupId, []);

    public override string? TryJoin(byte[] welcome, byte[]? ratchetTree) => Refusal(() =>
    {
        RatchetTreeExtension? tree = null;
        if (ratchetTree is not null)
            Assert.True(Tls.TryDecode(ratchetTree, out tree, out DecodeError error), $"{error}");
        KeyPackageBundle bundle = _bundle ?? throw new InvalidOperationException("The member has made no KeyPackage.");
        using StagedWelcome staged = StagedWelcome.Stage(_config, _identity, Assert.IsType<MlsMessage.Welcome>(Decode(welcome)).Message, bundle, tree);
        _group = staged.Join();
    });

    public override byte[] Propose(Change change) => change switch
    {
        Change.Add add => Group.ProposeAdd(Assert.IsType<MlsMessage.KeyPackage>(Decode(add.KeyPackage)).Message, Now),
        Change.Remove remove => Group.ProposeRemove(new LeafIndex(remove.Leaf)),
        Change.Update => Group.ProposeUpdate(),
        _ => throw new ArgumentException("No such change.", nameof(change)),
    };

    public override MadeCommit Commit(CommitOrder order)
    {
        using PendingCommit pending = Group.Commit(
            new CommitOptions { Proposals = [.. order.Changes.Select(ToProposal)], ForcesPath = order.ForcesPath, WelcomeHasRatchetTree = order.TreeInside },
            Now);
        var made = (Message: pending.Message.ToArray(), Welcome: pending.Welcome?.ToArray());
        Group.MergePendingCommit();
        return new MadeCommit(made.Message, made.Welcome, Group.ExportRatchetTree().Encode());
    }

    public override string? TryProcess(byte[] message) => Refusal(() =>
    {
        if (Group.Process(Decode(message), Now) is Received.Commit commit)
            Group.Merge(commit.Staged);
    });

    public override byte[] Protect(byte[] data) => Group.Protect(data);

    public override byte[] Unprotect(byte[] message) => Assert.IsType<Received.Application>(Group.Process(Decode(message), Now)).Data.ToArray();

    public void Dispose()
    {
        _group?.Dispose();
        _bundle?.Dispose();
        _identity.Signer.Dispose();
    }

    private static Proposal ToProposal(Change change) => change switch
    {
        Change.Add add => new Proposal.Add(Assert.IsType<MlsMessage.KeyPackage>(Decode(add.KeyPackage)).Message),
        Change.Remove remove => new Proposal.Remove(new LeafIndex(remove.Leaf)),
        Change.Psk psk => new Proposal.PreSharedKey(new PreSharedKeyId.External(PskId, psk.Nonce)),
        _ => throw new ArgumentException("Not within a Commit.", nameof(change)),
    };

    private static string? Refusal(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (MlsException refused)
        {
            return refused.Error.ToString();
        }
    }

    private static MlsMessage Decode(byte[] message)
    {
        Assert.True(MlsMessage.TryDecode(message, out MlsMessage? decoded, out DecodeError error), $"{error}");
        return decoded;
    }

    private sealed class BelievesAll : IAuthenticationService
    {
        public bool IsValid(LeafNode leaf) => true;

        public bool IsSuccessor(LeafNode current, LeafNode successor) => true;
    }

    private sealed class SharedPsk : IPreSharedKeys
    {
        public Secret? Find(PreSharedKeyId id) => id is PreSharedKeyId.External external && external.PskId.Span.SequenceEqual(PskId) ? new Secret(PskSecret) : null;
    }
}

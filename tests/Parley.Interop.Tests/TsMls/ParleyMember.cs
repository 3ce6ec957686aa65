using System.Text;
using Parley.Mls;
using Parley.Mls.BouncyCastle;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Native;

namespace Parley.Interop.Tests.TsMls;

/// <summary>A member that is ours.</summary>
internal sealed class ParleyMember(string name, CipherSuite suite, WireFormat handshakeFormat, ParleyMember? former = null)
    : MixedMember(name, suite, handshakeFormat), IDisposable
{
    private static readonly BouncyCastleCryptoProvider Crypto = new(new NativeCryptoProvider(RandomSource.System));
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
        new Capabilities([ProtocolVersion.Mls10], [suite], [(ExtensionType)ApplicationExtension], [], [CredentialType.Basic]),
        []);

    private KeyPackageBundle? _bundle;
    private Group? _group;
    private PendingExternalCommit? _external;

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
        _bundle = KeyPackageBundle.Create(Crypto, Suite, _identity, Lifetime.Between(Now.AddHours(-1), Now.AddDays(1)), []);
        return new MlsMessage.KeyPackage(_bundle.KeyPackage).Encode<MlsMessage>();
    }

    /// <summary>Whether the group that it creates has an external sender, with its own key.</summary>
    public bool HasExternalSender { get; init; }

    public override void Create(byte[] groupId)
    {
        var senders = new ExternalSenders([new ExternalSender(_identity.Signer.PublicKey, _identity.Credential)]);
        _group = Group.Create(_config, _identity, Suite, groupId, HasExternalSender ? [new Extension(ExtensionType.ExternalSenders, senders.Encode())] : []);
    }

    public override string? TryJoin(byte[] welcome, byte[]? ratchetTree) => Refusal(() =>
    {
        RatchetTreeExtension? tree = ratchetTree is null ? null : Tree(ratchetTree);
        KeyPackageBundle bundle = _bundle ?? throw new InvalidOperationException("The member has made no KeyPackage.");
        using StagedWelcome staged = StagedWelcome.Stage(_config, _identity, Assert.IsType<MlsMessage.Welcome>(Decode(welcome)).Message, bundle, tree, _ => former?.Group);
        _group = staged.Join();
    });

    public override byte[] Propose(Change change) => change is Change.Update ? Group.ProposeUpdate() : Group.Propose(ToProposal(change), Now);

    public override byte[] ProposeItself(byte[] groupInfo)
    {
        GroupContext group = Assert.IsType<MlsMessage.GroupInfo>(Decode(groupInfo)).Message.GroupContext;
        KeyPackageBundle bundle = _bundle ?? throw new InvalidOperationException("The client has made no KeyPackage.");
        return ExternalProposals.Add(Crypto, group.GroupId.Span, group.Epoch, bundle.KeyPackage, _identity.Signer);
    }

    /// <summary>Proposes as the external sender.</summary>
    public byte[] ProposeFromOutside(Change change) =>
        ExternalProposals.Create(Crypto, Suite, Group.Context.GroupId.Span, Group.Epoch, 0, ToProposal(change), _identity.Signer);

    public override MadeCommit Commit(CommitOrder order)
    {
        PendingCommit pending = Group.Commit(
            new CommitOptions { Proposals = [.. order.Changes.Select(ToProposal)], ForcesPath = order.ForcesPath, WelcomeHasRatchetTree = order.TreeInside },
            Now);
        return new MadeCommit(pending.Message.ToArray(), pending.Welcome?.ToArray(), pending.ExportRatchetTree().Encode());
    }

    public override void Merge()
    {
        if (_external is null)
        {
            Group.MergePendingCommit();
            return;
        }

        _group?.Dispose();
        _group = _external.Join();
        _external = null;
    }

    public override Invitation Invite() => new(Group.CreateGroupInfo(withRatchetTree: false), Group.ExportRatchetTree().Encode());

    public override string? TryCommitExternally(byte[] groupInfo, byte[] ratchetTree, bool replacesFormer, Change.Psk? psk, out byte[]? commit)
    {
        string? refusal = Refusal(() =>
        {
            GroupInfo info = Assert.IsType<MlsMessage.GroupInfo>(Decode(groupInfo)).Message;
            var options = new ExternalCommitOptions
            {
                Replaces = replacesFormer ? Group.OwnLeafIndex : null,
                PreSharedKeys = psk is null ? [] : [(Proposal.PreSharedKey)ToProposal(psk)],
            };
            _external = VerifiedGroupInfo.Verify(_config, info, Tree(ratchetTree)).Commit(_identity, options, Now);
        });
        commit = _external?.Message.ToArray();
        return refusal;
    }

    public override MixedMember Successor(CipherSuite successorSuite) => new ParleyMember(Name, successorSuite, HandshakeFormat, this);

    public override MadeCommit Continue(bool isBranch, byte[] groupId, IReadOnlyList<byte[]> keyPackages)
    {
        Group old = former?.Group ?? throw new InvalidOperationException("The member is nobody's successor.");
        var options = new CommitOptions { Proposals = [.. keyPackages.Select(static keyPackage => ToProposal(new Change.Add(keyPackage)))], WelcomeHasRatchetTree = false };
        ContinuedGroup made = isBranch ? old.Branch(_identity, groupId, old.Context.Extensions, options, Now) : old.Reinitialize(_identity, options, Now);
        _group = made.Group;
        return new MadeCommit([], made.Welcome?.ToArray(), Group.ExportRatchetTree().Encode());
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
        _external?.Dispose();
        _bundle?.Dispose();
        _identity.Signer.Dispose();
    }

    private static Proposal ToProposal(Change change) => change switch
    {
        Change.Add add => new Proposal.Add(Assert.IsType<MlsMessage.KeyPackage>(Decode(add.KeyPackage)).Message),
        Change.Remove remove => new Proposal.Remove(new LeafIndex(remove.Leaf)),
        Change.Psk psk => new Proposal.PreSharedKey(new PreSharedKeyId.External(PskId, psk.Nonce)),
        Change.Extension extension => new Proposal.GroupContextExtensions([new Extension((ExtensionType)ApplicationExtension, extension.Data)]),
        Change.ReInit reInit => new Proposal.ReInit(reInit.GroupId, ProtocolVersion.Mls10, reInit.Suite, []),
        _ => throw new ArgumentException("No such change.", nameof(change)),
    };

    private static RatchetTreeExtension Tree(byte[] encoded)
    {
        Assert.True(Tls.TryDecode(encoded, out RatchetTreeExtension? tree, out DecodeError error), $"{error}");
        return tree;
    }

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

        public bool IsValid(ExternalSender sender) => true;

        public bool MayProposeItself(LeafNode newcomer) => true;
    }

    private sealed class SharedPsk : IPreSharedKeys
    {
        public Secret? Find(PreSharedKeyId id) => id is PreSharedKeyId.External external && external.PskId.Span.SequenceEqual(PskId) ? new Secret(PskSecret) : null;
    }
}

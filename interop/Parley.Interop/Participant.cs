using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Tree;

namespace Parley.Interop;

/// <summary>One actor of a scenario in one group: first with a KeyPackage of its own, then as a member.</summary>
internal sealed class Participant : IDisposable
{
    private const int PastEpochsMax = 64;
    private static readonly TimeSpan LifetimeHalf = TimeSpan.FromDays(30);

    private readonly ICryptoProvider _crypto;
    private Group? _group;
    private KeyPackageBundle? _bundle;
    private Participant? _former;

    public Participant(ICryptoProvider crypto, CipherSuite suite, ReadOnlyMemory<byte> name)
    {
        _crypto = crypto;
        Name = name;
        Suite = new CryptoSuite(crypto, suite);
        var capabilities = new Capabilities([ProtocolVersion.Mls10], [.. SupportedSuites(crypto)], [], [], [CredentialType.Basic]);
        Identity = new LeafIdentity(SignatureKeyPair.Generate(crypto, Suite.Parameters.Signature), new Credential.Basic(name), capabilities, []);
    }

    /// <summary>The content of its basic credential.</summary>
    public ReadOnlyMemory<byte> Name { get; }

    public CryptoSuite Suite { get; }

    public LeafIdentity Identity { get; }

    public KnownPreSharedKeys PreSharedKeys { get; } = new();

    public bool EncryptsHandshake { get; private set; }

    public Group Group => _group ?? throw new InvalidOperationException("This participant is in no group.");

    public KeyPackageBundle Bundle => _bundle ?? throw new InvalidOperationException("This participant has no KeyPackage.");

    /// <summary>The same actor in the group that this one's continues.</summary>
    public Participant Former
    {
        get => _former ?? throw new InvalidOperationException("This participant's group continues no other.");
        set => _former = value;
    }

    public static IEnumerable<CipherSuite> SupportedSuites(ICryptoProvider crypto) =>
        CipherSuites.All.Select(static parameters => parameters.Id).Where(suite => CryptoSuite.IsSupported(crypto, suite));

    public void CreateKeyPackage(DateTimeOffset now)
    {
        _bundle = KeyPackageBundle.Create(_crypto, Suite.Id, Identity, Lifetime.Between(now - LifetimeHalf, now + LifetimeHalf), []);
    }

    public GroupConfig Config(bool encryptsHandshake)
    {
        EncryptsHandshake = encryptsHandshake;
        return new GroupConfig
        {
            Crypto = _crypto,
            Authentication = new BelievesAll(),
            PreSharedKeys = PreSharedKeys,
            HandshakeFormat = encryptsHandshake ? WireFormat.PrivateMessage : WireFormat.PublicMessage,
            PastEpochsMax = PastEpochsMax,
            ResumptionPsksMax = PastEpochsMax,
        };
    }

    public void Enter(Group group) => _group = group;

    public void Join(Welcome welcome, bool encryptsHandshake, RatchetTreeExtension? tree)
    {
        using StagedWelcome staged = StagedWelcome.Stage(Config(encryptsHandshake), Identity, welcome, Bundle, tree, FindFormer);
        Enter(staged.Join());
    }

    public static bool IsOf(LeafNode leaf, ReadOnlySpan<byte> identity) => leaf.Credential is Credential.Basic basic && basic.Identity.Span.SequenceEqual(identity);

    public void Dispose()
    {
        _group?.Dispose();
        _bundle?.Dispose();
        Identity.Signer.Dispose();
        PreSharedKeys.Dispose();
    }

    private Group? FindFormer(ReadOnlyMemory<byte> groupId) =>
        _former is not null && _former.Group.Context.GroupId.Span.SequenceEqual(groupId.Span) ? _former.Group : null;

    /// <summary>The scenarios' actors are who they say they are.</summary>
    private sealed class BelievesAll : IAuthenticationService
    {
        public bool IsValid(LeafNode leaf) => true;

        public bool IsSuccessor(LeafNode current, LeafNode successor) => true;

        public bool IsValid(ExternalSender sender) => true;

        public bool MayProposeItself(LeafNode newcomer) => true;
    }
}

using System.Collections.Immutable;
using Parley.Mls.Crypto;
using Parley.Mls.Framing;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Schedule;
using Parley.Mls.Storage;
using Parley.Mls.Tree;
using Parley.Mls.Validation;

namespace Parley.Mls.Groups;

/// <summary>
/// One member's view of an MLS group (RFC 9420). Synchronous, without I/O, clock or locks: one caller at a time. Every change it makes
/// to its state is also a <see cref="StateWrite"/>; the caller takes them with <see cref="TakeWrites"/> and stores them in one
/// transaction with whatever the change was for, before a ciphertext leaves or a plaintext is shown. If that transaction fails, the
/// group is disposed and restored from what is stored.
/// </summary>
public sealed partial class Group : IDisposable
{
    // RFC 9420 §6.1: what a message's signature is bound to.
    private const string FramedContentLabel = "FramedContentTBS";

    private readonly GroupConfig _config;
    private readonly CryptoSuite _suite;
    private readonly StateLog _log = new();
    private readonly ProposalCache _proposals = new();
    private readonly List<OwnProposal> _ownProposals = [];
    private readonly Dictionary<KeyBytes, Secret> _updateKeys = [];
    private readonly List<PastEpoch> _past = [];
    private readonly SortedList<ulong, Secret> _resumptionPsks = [];
    private EpochState _epoch;

    // Beside the one in use those that a Commit or an Update of ours would bring into use.
    private List<LeafIdentity> _identities;

    private Group(GroupConfig config, IEnumerable<LeafIdentity> identities, EpochState epoch)
    {
        _config = config;
        _identities = [.. identities];
        Identity = LeafIdentity.Of(epoch.OwnLeaf, _identities);
        _suite = epoch.Suite;
        _epoch = epoch;
    }

    /// <summary>RFC 9420 §8.1: the group's state in this epoch.</summary>
    public GroupContext Context => _epoch.Context;

    /// <summary>The epoch.</summary>
    public ulong Epoch => _epoch.Context.Epoch;

    /// <summary>Our own leaf.</summary>
    public LeafIndex OwnLeafIndex => _epoch.Self;

    /// <summary>
    /// What our own leaf shows, and the key it is signed with. Another one takes its place when a Commit is merged that holds it: see
    /// <see cref="CommitOptions.Identity"/> and <see cref="ProposeUpdate"/>.
    /// </summary>
    public LeafIdentity Identity { get; private set; }

    /// <summary>The members, from left to right.</summary>
    public IEnumerable<Member> Members => _epoch.Tree.Members().Select(static member => new Member(member.Index, member.Leaf));

    /// <summary>How many members there are.</summary>
    public int MemberCount => _epoch.Tree.MemberCount;

    /// <summary>Whether a Commit that removes us was merged. Nothing can be sent or opened any more.</summary>
    public bool IsRemoved { get; private set; }

    /// <summary>Whether the group was ended by a ReInit (RFC 9420 §12.4.2). Nothing can be sent any more.</summary>
    public bool IsReinitialized => ReInit is not null;

    /// <summary>The proposal that ended the group, or null. The group it asks for is made with <see cref="Reinitialize"/>, or by another member.</summary>
    public Proposal.ReInit? ReInit => _epoch.ReInit;

    /// <summary>Our own Commit that has not taken effect yet, or null.</summary>
    public PendingCommit? Pending { get; private set; }

    /// <summary>RFC 9420 §12.1: the proposals received and verified in this epoch, each with who made it.</summary>
    public IEnumerable<QueuedProposal> ReceivedProposals => _proposals.All;

    /// <summary>RFC 9420 §12.4: whether proposals were received that we must commit before we send application data.</summary>
    public bool MustCommitFirst => Pending is null && _proposals.All.Count > 0 && ChosenProposals([], static _ => true).Count > 0;

    /// <summary>RFC 9420 §8.7: equal for all members that are in the same state. A new array.</summary>
    /// <exception cref="InvalidOperationException">We were removed.</exception>
    public byte[] EpochAuthenticator =>
        IsRemoved ? throw new InvalidOperationException("We were removed from this group.") : _epoch.Secrets.EpochAuthenticator.AsSpan().ToArray();

    /// <summary>draft-ietf-mls-extensions-09 §4.6: a component's data in the GroupContext, or null.</summary>
    public ReadOnlyMemory<byte>? FindAppData(ComponentId component) => AppDataRules.Dictionary(Context.Extensions)?.Find(component);

    /// <summary>RFC 9420 §11: makes a group with us as its only member, in epoch 0. Its state is in the first <see cref="TakeWrites"/>.</summary>
    /// <exception cref="ArgumentException">The suite is not supported, or an extension has no place in a GroupContext or is not in our own capabilities.</exception>
    public static Group Create(GroupConfig config, LeafIdentity identity, CipherSuite suite, ReadOnlySpan<byte> groupId, ImmutableArray<Extension> extensions)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(identity);
        var cryptoSuite = new CryptoSuite(config.Crypto, suite);
        byte[] id = groupId.ToArray();
        HpkeKeyPair leafKey = cryptoSuite.GenerateHpkeKeyPair();
        LeafNode leaf = identity.WithGrease(config.Crypto, Grease.ExtensionType(config.Crypto))
            .Sign(cryptoSuite, leafKey.PublicKey, new LeafNodeSource.Update(), id, default);
        try
        {
            GroupExtensionRules.CheckGroupContext(extensions, config.Authentication);
            new LeafNodeRules(cryptoSuite, config, id, extensions).Check(leaf, LeafPlace.Update, default(LeafIndex), now: null);
        }
        catch (MlsException broken)
        {
            leafKey.Dispose();
            throw new ArgumentException($"A group cannot be made of this: {broken.Error}.", nameof(extensions), broken);
        }

        var tree = RatchetTree.Create(leaf);
        var context = new GroupContext(suite, id, 0, tree.TreeHash(cryptoSuite), default, extensions);
        var keys = new TreePrivateKeys();
        keys.Set(NodeIndex.OfLeaf(default), leafKey.PrivateKey);
        using var epochSecret = new Secret(cryptoSuite.HashBytes);
        config.Crypto.FillRandom(epochSecret.AsWritableSpan());
        EpochSecrets secrets = EpochSecrets.FromEpochSecret(cryptoSuite, epochSecret.AsSpan());
        byte[] tag = cryptoSuite.Mac(secrets.ConfirmationKey.AsSpan(), []);
        SecretTree messageSecrets = SecretTree.Create(cryptoSuite, 0, 1, config.RatchetLimits, secrets.TakeEncryptionSecret());
        byte[] interim = KeySchedule.InterimTranscriptHash(cryptoSuite, [], tag);
        return Start(config, identity, new EpochState(cryptoSuite, context, tree, default, keys, secrets, messageSecrets, interim, tag, null));
    }

    /// <summary>RFC 9420 §6.3: seals application data for the members of this epoch.</summary>
    /// <param name="applicationData">The data.</param>
    /// <param name="authenticatedData">Bytes that travel beside it, authenticated and not encrypted.</param>
    /// <returns>An encoded MLSMessage. Not to be sent before <see cref="TakeWrites"/> is stored: its keys must not be used twice.</returns>
    /// <exception cref="InvalidOperationException">The group has ended for us, or <see cref="MustCommitFirst"/>.</exception>
    public byte[] Protect(ReadOnlySpan<byte> applicationData, ReadOnlySpan<byte> authenticatedData = default)
    {
        ThrowIfEnded();
        if (MustCommitFirst)
            throw new InvalidOperationException("Proposals were received; they must be committed before application data is sent (RFC 9420 §12.4).");
        byte[] signature = SignApplication(applicationData, authenticatedData);
        using Scratch content = Scratch.Take(applicationData.Length + signature.Length);
        PrivateMessages.WriteApplication(content.Writer, applicationData, signature, _config.Padding);
        return Seal(ContentType.Application, authenticatedData, content.Writer.WrittenSpan);
    }

    /// <summary>RFC 9420 §8.5: a secret bound to this epoch. The caller disposes it.</summary>
    /// <exception cref="InvalidOperationException">The group has ended for us.</exception>
    public Secret Export(string label, ReadOnlySpan<byte> context, int length)
    {
        ArgumentNullException.ThrowIfNull(label);
        if (IsRemoved)
            throw new InvalidOperationException("We were removed from this group.");
        return KeySchedule.Export(_suite, _epoch.Secrets.ExporterSecret, label, context, length);
    }

    /// <summary>
    /// draft-ietf-mls-extensions-09 §4.4: SafeExportSecret, a secret of this epoch for one component, as long as the suite's hash. It is
    /// exported once; afterwards the group has nothing left that it could be derived from, here or stored. The caller disposes it,
    /// and does not use it before <see cref="TakeWrites"/> is stored.
    /// </summary>
    /// <exception cref="InvalidOperationException">It was exported in this epoch before, or the group has ended for us.</exception>
    public Secret SafeExportSecret(ComponentId component)
    {
        if (IsRemoved)
            throw new InvalidOperationException("We were removed from this group.");
        return _epoch.Secrets.ExporterTree.Take(_suite, component)
            ?? throw new InvalidOperationException("The component's secret was exported in this epoch before.");
    }

    /// <summary>RFC 9420 §12.4.3: an encoded MLSMessage with the GroupInfo of this epoch, for one who joins by external Commit.</summary>
    /// <exception cref="InvalidOperationException">The group has ended for us.</exception>
    public byte[] CreateGroupInfo(bool withRatchetTree)
    {
        ThrowIfEnded();
        GroupInfo unsigned = _epoch.CreateGroupInfo(withRatchetTree, withExternalPub: true, Identity.SendsGrease, []);
        using var signed = new SignContent("GroupInfoTBS", unsigned.CapacityHint);
        unsigned.WriteToBeSigned(signed.Writer);
        GroupInfo info = unsigned with { Signature = signed.Sign(_suite, Identity.Signer) };
        return new MlsMessage.GroupInfo(info).Encode<MlsMessage>(info.CapacityHint);
    }

    /// <summary>The public tree, to be given to a new member apart from its Welcome.</summary>
    public RatchetTreeExtension ExportRatchetTree() => _epoch.Tree.ToExtension();

    /// <summary>Zeroes all secrets in memory. What is stored stays.</summary>
    public void Dispose()
    {
        Pending?.Dispose();
        _epoch.Dispose();
        _past.ForEach(static past => past.Dispose());
        foreach (Secret secret in _resumptionPsks.Values)
            secret.Dispose();
        foreach (Secret secret in _updateKeys.Values)
            secret.Dispose();
        _log.Dispose();
    }

    internal static Group Start(GroupConfig config, LeafIdentity identity, EpochState epoch)
    {
        var group = new Group(config, [identity], epoch);
        group.WriteEpoch(null);
        return group;
    }

    /// <summary>A group as it was when it began and nothing was written yet: all its state is to be written again.</summary>
    internal static Group RestoreUnwritten(
        GroupConfig config, LeafIdentity identity, IEnumerable<KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>> entries)
    {
        Group group = Restore(config, identity, entries);
        group.WriteEpoch(null);
        return group;
    }

    internal IReadOnlyList<StateWrite> PeekWrites() => _log.Peek();

    private void ThrowIfEnded()
    {
        if (IsRemoved)
            throw new InvalidOperationException("We were removed from this group.");
        if (IsReinitialized)
            throw new InvalidOperationException("This group was reinitialized and sends nothing more.");
    }

    private AuthenticatedContent Sign(Content content, ReadOnlyMemory<byte> authenticatedData, WireFormat format)
    {
        var framed = new FramedContent(_epoch.Context.GroupId, Epoch, new Sender.Member(OwnLeafIndex), authenticatedData, content);
        using var signed = new SignContent(FramedContentLabel, content.CapacityHint());
        AuthenticatedContent.WriteToBeSigned(signed.Writer, format, framed, _epoch.EncodedContext);
        return new AuthenticatedContent(format, framed, new FramedContentAuthData(signed.Sign(_suite, Identity.Signer), null));
    }

    private byte[] SignApplication(ReadOnlySpan<byte> applicationData, ReadOnlySpan<byte> authenticatedData)
    {
        using var signed = new SignContent(FramedContentLabel, applicationData.Length);
        AuthenticatedContent.WriteApplicationToBeSigned(
            signed.Writer, _epoch.Context.GroupId.Span, Epoch, OwnLeafIndex, authenticatedData, applicationData, _epoch.EncodedContext);
        return signed.Sign(_suite, Identity.Signer);
    }

    private byte[] Seal(AuthenticatedContent content)
    {
        if (content.WireFormat != WireFormat.PrivateMessage)
            return new MlsMessage.Public(PublicMessages.Seal(_suite, _epoch.Secrets.MembershipKey, content, _epoch.EncodedContext)).Encode<MlsMessage>();
        using Scratch written = Scratch.Take(content.Content.Content.CapacityHint());
        PrivateMessages.WriteContent(written.Writer, content, _config.Padding);
        return Seal(content.Content.Content.Type, content.Content.AuthenticatedData.Span, written.Writer.WrittenSpan);
    }

    private byte[] Seal(ContentType type, ReadOnlySpan<byte> authenticatedData, ReadOnlySpan<byte> content) => PrivateMessages.Seal(
        _suite, _epoch.Secrets.SenderDataSecret, _epoch.MessageSecrets, OwnLeafIndex, _epoch.Context.GroupId.Span, Epoch, type, authenticatedData, content);

    private PskLookup Psks() => new(_config.PreSharedKeys, FindResumptionPsk);
}

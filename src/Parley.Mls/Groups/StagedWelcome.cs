using System.Collections.Immutable;
using System.Security.Cryptography;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Schedule;
using Parley.Mls.Tree;
using Parley.Mls.Validation;

namespace Parley.Mls.Groups;

/// <summary>
/// RFC 9420 §12.4.3.1: a Welcome that was opened and verified. The application looks at the group it leads to, and then joins or
/// disposes it. Whether it is a group we are in already is for the caller to see (by <see cref="Context"/>'s group id).
/// </summary>
public sealed class StagedWelcome : IDisposable
{
    private readonly GroupConfig _config;
    private readonly LeafIdentity _identity;
    private readonly RatchetTree _tree;
    private IReadOnlyList<Member>? _members;
    private EpochState? _epoch;

    private StagedWelcome(GroupConfig config, LeafIdentity identity, EpochState epoch, GroupInfo info)
    {
        _config = config;
        _identity = identity;
        _epoch = epoch;
        Signer = info.Signer;
        GroupInfoExtensions = info.Extensions;
        Context = epoch.Context;
        _tree = epoch.Tree;
    }

    /// <summary>The group's state.</summary>
    public GroupContext Context { get; }

    /// <summary>The members, ourselves among them.</summary>
    public IReadOnlyList<Member> Members => _members ??= [.. _tree.Members().Select(static member => new Member(member.Index, member.Leaf))];

    /// <summary>Who let us in.</summary>
    public LeafIndex Signer { get; }

    /// <summary>What the one who let us in tells us beside the group's state, known to us or not (<see cref="CommitOptions.GroupInfoExtensions"/>).</summary>
    public ImmutableArray<Extension> GroupInfoExtensions { get; }

    /// <summary>Opens and verifies a Welcome.</summary>
    /// <param name="config">Policy.</param>
    /// <param name="identity">Who we are; the signer is the one of the KeyPackage.</param>
    /// <param name="welcome">The Welcome.</param>
    /// <param name="bundle">The KeyPackage it is for. Deleted by its owner after the join is stored.</param>
    /// <param name="ratchetTree">The tree, if the Welcome does not carry it.</param>
    /// <param name="findGroup">
    /// Finds a group of ours by its id, or null: the one that a reinitialized or branched group continues, which it is checked against
    /// (RFC 9420 §11.2, §11.3). Without it such a Welcome is refused.
    /// </param>
    /// <exception cref="MlsException">The Welcome breaks a rule.</exception>
    /// <exception cref="ArgumentException">The KeyPackage is not of this identity.</exception>
    public static StagedWelcome Stage(
        GroupConfig config,
        LeafIdentity identity,
        Welcome welcome,
        KeyPackageBundle bundle,
        RatchetTreeExtension? ratchetTree = null,
        Func<ReadOnlyMemory<byte>, Group?>? findGroup = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(welcome);
        ArgumentNullException.ThrowIfNull(bundle);
        LeafIdentity.Of(bundle.KeyPackage.LeafNode, [identity]);
        MlsException.ThrowIf(welcome.CipherSuite != bundle.KeyPackage.CipherSuite, MlsError.UnsupportedCipherSuite);
        var suite = new CryptoSuite(config.Crypto, welcome.CipherSuite);
        var opening = new WelcomeOpening(suite, welcome);
        using GroupSecrets secrets = opening.OpenGroupSecrets(bundle);
        PreSharedKeyId.Resumption? link = CheckPsks(suite, secrets.Psks);
        Group? former = link is null ? null : findGroup?.Invoke(link.PskGroupId);
        using Secret pskSecret = new PskLookup(config.PreSharedKeys, id => former?.FindResumptionPsk(id)).Secret(suite, secrets.Psks);
        GroupInfo info = opening.OpenGroupInfo(secrets, pskSecret);
        MlsException.ThrowIf(info.GroupContext.CipherSuite != welcome.CipherSuite, MlsError.UnsupportedCipherSuite);
        RatchetTree tree = GroupInfoRules.Check(suite, config, info, ratchetTree, signer => opening.IsSignedBy(signer, info));
        LeafIndex self = FindSelf(tree, bundle);
        if (link is not null)
        {
            // A reinitialized or branched group begins with the Commit that adds its members.
            MlsException.ThrowIf(info.GroupContext.Epoch != 1, MlsError.ResumptionEpochInvalid);
            ContinuationRules.Check(config.Authentication, former!, link, info.GroupContext, tree); // There is one: its PSK was found.
        }

        return new StagedWelcome(config, identity, Epoch(suite, config, info, tree, self, bundle, secrets, pskSecret), info);
    }

    /// <summary>
    /// Joins. The group's whole state is in its first <see cref="Group.TakeWrites"/>. That we are in no group of the same id must have been
    /// seen to before (RFC 9420 §12.4.3): else its state would be written over that of the other.
    /// </summary>
    /// <exception cref="InvalidOperationException">It was joined or disposed before.</exception>
    public Group Join()
    {
        EpochState epoch = _epoch ?? throw new InvalidOperationException("The Welcome was joined or disposed before.");
        _epoch = null;
        return Group.Start(_config, _identity, epoch);
    }

    /// <summary>Drops the Welcome and zeroes what was derived from it.</summary>
    public void Dispose()
    {
        _epoch?.Dispose();
        _epoch = null;
    }

    private static LeafIndex FindSelf(RatchetTree tree, KeyPackageBundle bundle)
    {
        byte[] own = bundle.KeyPackage.LeafNode.Encode();
        foreach ((LeafIndex index, LeafNode leaf) in tree.Members())
        {
            if (leaf.EncryptionKey.Span.SequenceEqual(bundle.KeyPackage.LeafNode.EncryptionKey.Span) && leaf.Encode().AsSpan().SequenceEqual(own))
                return index;
        }

        throw new MlsException(MlsError.OwnLeafMissing);
    }

    /// <summary>Checks the PSK ids, and finds the one by which the group continues another.</summary>
    private static PreSharedKeyId.Resumption? CheckPsks(CryptoSuite suite, ImmutableArray<PreSharedKeyId> psks)
    {
        PreSharedKeyId.Resumption? link = null;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (PreSharedKeyId psk in psks)
        {
            ProposalListRules.CheckPsk(suite, psk, isNewGroup: true);
            MlsException.ThrowIf(!seen.Add(Convert.ToHexString(psk.Encode())), MlsError.DuplicatePsk);
            if (psk is not PreSharedKeyId.Resumption { Usage: not ResumptionPskUsage.Application } found)
                continue;
            MlsException.ThrowIf(link is not null, MlsError.PskUsageInvalid);
            link = found;
        }

        return link;
    }

    private static EpochState Epoch(
        CryptoSuite suite, GroupConfig config, GroupInfo info, RatchetTree tree, LeafIndex self, KeyPackageBundle bundle, GroupSecrets secrets, Secret pskSecret)
    {
        var keys = new TreePrivateKeys();
        EpochSecrets? epochSecrets = null;
        try
        {
            keys.Set(NodeIndex.OfLeaf(self), bundle.EncryptionPrivateKey.Clone());
            if (secrets.PathSecret is not null)
                SetPathKeys(suite, tree, self, info.Signer, secrets.PathSecret, keys);
            CheckKnowsItsPath(tree, self, keys);
            epochSecrets = KeySchedule.EpochSecrets(suite, secrets.JoinerSecret, pskSecret, info.GroupContext.Encode());
            byte[] tag = suite.Mac(epochSecrets.ConfirmationKey.AsSpan(), info.GroupContext.ConfirmedTranscriptHash.Span);
            MlsException.ThrowIf(!CryptographicOperations.FixedTimeEquals(tag, info.ConfirmationTag.Span), MlsError.ConfirmationTagInvalid);
            SecretTree messageSecrets = SecretTree.Create(
                suite, info.GroupContext.Epoch, tree.LeafCount, config.RatchetLimits, epochSecrets.TakeEncryptionSecret());
            byte[] interim = KeySchedule.InterimTranscriptHash(suite, info.GroupContext.ConfirmedTranscriptHash.Span, tag);
            return new EpochState(suite, info.GroupContext, tree, self, keys, epochSecrets, messageSecrets, interim, tag, null);
        }
        catch
        {
            keys.Dispose();
            epochSecrets?.Dispose();
            throw;
        }
    }

    /// <summary>
    /// RFC 9420 §4.2: we know the private key of each parent above us that is not blank and does not list us as unmerged. One who was not
    /// told them could follow no further Commit, and would learn so only then.
    /// </summary>
    private static void CheckKnowsItsPath(RatchetTree tree, LeafIndex self, TreePrivateKeys keys)
    {
        Subtree node = tree.Root;
        while (node is Subtree.Branch branch)
        {
            bool known = branch.Node is not { } parent || keys[branch.Index] is not null || parent.UnmergedLeaves.Contains(self);
            MlsException.ThrowIf(!known, MlsError.PathSecretMissing);
            node = branch.Toward(self);
        }
    }

    /// <summary>RFC 9420 §12.4.3.1: the private keys from the common ancestor of us and the committer up to the root.</summary>
    private static void SetPathKeys(CryptoSuite suite, RatchetTree tree, LeafIndex self, LeafIndex committer, Secret pathSecret, TreePrivateKeys keys)
    {
        IReadOnlyList<PathNode> path = tree.FilteredDirectPath(committer);
        int common = 0;
        while (common < path.Count && !path[common].Copath.Covers(self))
            common++;
        MlsException.ThrowIf(common == path.Count, MlsError.PathKeyMismatch);
        using FreshPath fresh = TreeKem.Derive(suite, pathSecret, path.Count - common);
        foreach ((PathNode node, HpkeKeyPair pair) in path.Skip(common).Zip(fresh.KeyPairs))
        {
            bool matches = tree.EncryptionKeyAt(node.Index) is { } publicKey && publicKey.Span.SequenceEqual(pair.PublicKey);
            MlsException.ThrowIf(!matches, MlsError.PathKeyMismatch);
        }

        fresh.MovePrivateKeys(path.Skip(common), keys);
    }
}

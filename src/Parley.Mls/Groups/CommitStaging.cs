using System.Security.Cryptography;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Schedule;
using Parley.Mls.Tree;
using Parley.Mls.Validation;

namespace Parley.Mls.Groups;

/// <summary>
/// RFC 9420 §12.4.2: from a verified Commit to the epoch it begins, in the RFC's order. Everything is computed beside the group;
/// whatever rule is broken, what was computed is zeroed and the group is as it was.
/// </summary>
internal sealed class CommitStaging
{
    private readonly EpochState _epoch;
    private readonly GroupConfig _config;
    private readonly PskLookup _psks;
    private readonly CryptoSuite _suite;

    public CommitStaging(EpochState epoch, GroupConfig config, PskLookup psks)
    {
        _epoch = epoch;
        _config = config;
        _psks = psks;
        _suite = epoch.Suite;
    }

    /// <summary>The secrets that only the path's maker has.</summary>
    internal readonly record struct OwnPath(Secret LeafKey, Secret PathSecret);

    /// <summary>Stages a Commit whose content has been verified.</summary>
    /// <param name="content">The Commit.</param>
    /// <param name="proposals">Its proposals, references resolved.</param>
    /// <param name="updateKeys">The private keys of our own Update proposals, by public key.</param>
    /// <param name="own">Set if the Commit is ours and has a path.</param>
    /// <param name="now">The time lifetimes are checked against.</param>
    /// <exception cref="MlsException">The Commit breaks a rule.</exception>
    public StagedCommit Stage(
        AuthenticatedContent content, IReadOnlyList<QueuedProposal> proposals, IReadOnlyDictionary<KeyBytes, Secret> updateKeys, OwnPath? own, DateTimeOffset? now)
    {
        var commit = ((Content.CommitContent)content.Content.Content).Commit;
        bool isExternal = content.Content.Sender is Sender.NewMemberCommit;
        if (isExternal)
            ProposalListRules.CheckExternalCommit(_suite, _epoch.Tree, proposals);
        else
            ProposalListRules.CheckCommit(_suite, _epoch.Tree, ((Sender.Member)content.Content.Sender).LeafIndex, proposals);
        MlsException.ThrowIf(commit.Path is null && ProposalListRules.IsPathRequired(proposals), MlsError.PathMissing);

        ProvisionalGroup group = ProvisionalGroup.Apply(_epoch, _config, proposals, now);
        LeafIndex committer = isExternal ? group.Tree.NextLeaf() : ((Sender.Member)content.Content.Sender).LeafIndex;
        if (commit.Path is not null)
            MlsException.ThrowIf(committer.Value >= Messages.Codec.MessageLimits.LeavesMax, MlsError.UnexpectedMessage);
        IReadOnlyList<PathNode> filtered = commit.Path is null ? [] : group.ApplyPath(committer, FormerLeaf(proposals, committer, isExternal), commit.Path);
        if (group.Removed.Any(removed => removed.Index == _epoch.Self))
            return new StagedCommit(_epoch, committer, proposals, group, null, group.Context(_epoch.Context.ConfirmedTranscriptHash));

        TreePrivateKeys keys = KeptPrivateKeys(_epoch, group, updateKeys);
        try
        {
            using Secret commitSecret = CommitSecret(commit, group, committer, filtered, keys, own);
            using Secret initSecret = InitSecret(group);
            EpochState next = NextEpoch(content, group, keys, commitSecret, initSecret);
            return new StagedCommit(_epoch, committer, proposals, group, next, next.Context);
        }
        catch
        {
            // The keys that were derived here go; those shared with the current epoch stay.
            keys.DisposeReplacedBy(_epoch.PrivateKeys);
            throw;
        }
    }

    /// <summary>RFC 9420 §12.4.1, §12.4.2: the new epoch's secrets and context; checks the confirmation tag.</summary>
    private EpochState NextEpoch(AuthenticatedContent content, ProvisionalGroup group, TreePrivateKeys keys, Secret commitSecret, Secret initSecret)
    {
        byte[] confirmedHash = KeySchedule.ConfirmedTranscriptHash(_suite, _epoch.InterimTranscriptHash, content);
        GroupContext context = group.Context(confirmedHash);
        using Secret pskSecret = _psks.Secret(_suite, group.Psks);
        using NewEpoch secrets = NewEpoch.Derive(_suite, initSecret, commitSecret, pskSecret, context);
        byte[] expected = _suite.Mac(secrets.Secrets.ConfirmationKey.AsSpan(), confirmedHash);
        ReadOnlyMemory<byte> tag = content.Auth.ConfirmationTag!.Value; // No Commit is read or made without one.
        MlsException.ThrowIf(!CryptographicOperations.FixedTimeEquals(expected, tag.Span), MlsError.ConfirmationTagInvalid);
        return secrets.ToState(_config, group, _epoch.Self, keys, expected);
    }

    private LeafNode? FormerLeaf(IReadOnlyList<QueuedProposal> proposals, LeafIndex committer, bool isExternal)
    {
        if (!isExternal)
            return _epoch.Tree.LeafAt(committer);
        // RFC 9420 §12.2: one who removes an old leaf of its own must be an acceptable successor to it.
        Proposal.Remove? remove = proposals.Select(static queued => queued.Proposal).OfType<Proposal.Remove>().FirstOrDefault();
        return remove is null ? null : _epoch.Tree.LeafAt(remove.Removed);
    }

    /// <summary>The private keys that are still those of their nodes, and the one of our own Update if it is put into effect.</summary>
    internal static TreePrivateKeys KeptPrivateKeys(EpochState epoch, ProvisionalGroup group, IReadOnlyDictionary<KeyBytes, Secret> updateKeys)
    {
        TreePrivateKeys keys = epoch.PrivateKeys.Where(index =>
            epoch.Tree.EncryptionKeyAt(index) is { } old && group.Tree.EncryptionKeyAt(index) is { } current && old.Span.SequenceEqual(current.Span));
        Member? updated = group.Updated.Find(member => member.Index == epoch.Self);
        if (updated is not null && updateKeys.TryGetValue(new KeyBytes(updated.Leaf.EncryptionKey), out Secret? updateKey))
            keys.Set(NodeIndex.OfLeaf(epoch.Self), updateKey.Clone());
        return keys;
    }

    private Secret CommitSecret(
        Commit commit, ProvisionalGroup group, LeafIndex committer, IReadOnlyList<PathNode> filtered, TreePrivateKeys keys, OwnPath? own)
    {
        if (commit.Path is null)
            return new Secret(_suite.HashBytes);
        if (own is { } ownPath)
            return SetOwnPath(_suite, committer, filtered, keys, ownPath);
        byte[] provisionalContext = Messages.Codec.Tls.Encode(group.Context(_epoch.Context.ConfirmedTranscriptHash));
        return TreeKem.Decrypt(_suite, filtered, commit.Path, _epoch.Self, keys, group.NewLeaves, provisionalContext);
    }

    /// <summary>Derives the path of a Commit of our own from its first secrets.</summary>
    private static Secret SetOwnPath(CryptoSuite suite, LeafIndex committer, IReadOnlyList<PathNode> filtered, TreePrivateKeys keys, OwnPath own)
    {
        using FreshPath fresh = TreeKem.Derive(suite, own.PathSecret, filtered.Count);
        keys.Set(NodeIndex.OfLeaf(committer), own.LeafKey.Clone());
        fresh.MovePrivateKeys(filtered, keys);
        return fresh.CommitSecret.Clone();
    }

    // RFC 9420 §8.3: an external Commit brings its own init secret.
    private Secret InitSecret(ProvisionalGroup group)
    {
        if (group.ExternalInit is null)
            return _epoch.Secrets.InitSecret.Clone();
        return KeySchedule.OpenExternalInit(_suite, _epoch.Secrets.ExternalSecret, group.ExternalInit.KemOutput.Span)
            ?? throw new MlsException(MlsError.ExternalInitInvalid);
    }
}

using System.Collections.Immutable;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Schedule;
using Parley.Mls.Tree;

namespace Parley.Mls.Groups;

/// <summary>
/// RFC 9420 §12.4.1: from a list of proposals to a signed Commit and the secrets of the epoch it begins, in the RFC's order. A member and
/// one who joins by an external Commit differ in what they put in here, not in what is done with it.
/// </summary>
internal sealed class CommitMaking
{
    /// <summary>The epoch that the Commit ends.</summary>
    public required PublicGroup Epoch { get; init; }

    public required GroupConfig Config { get; init; }

    public required PskLookup Psks { get; init; }

    /// <summary>The last epoch's init secret, or the external one.</summary>
    public required Secret InitSecret { get; init; }

    public required Sender Sender { get; init; }

    public required LeafIndex Committer { get; init; }

    /// <summary>The key that the message is signed with: the one in the committer's old leaf, if it has one.</summary>
    public required SignatureKeyPair Signer { get; init; }

    /// <summary>What the path's leaf shows.</summary>
    public required LeafIdentity Identity { get; init; }

    /// <summary>Whether the leaf shows what this group has not judged yet, so that we judge it before the others do.</summary>
    public required bool IsNewIdentity { get; init; }

    public required WireFormat Format { get; init; }

    public required ReadOnlyMemory<byte> AuthenticatedData { get; init; }

    private CryptoSuite Suite => Epoch.Suite;

    /// <summary>Makes the Commit of proposals that were checked and applied.</summary>
    /// <param name="proposals">The proposals, in their order.</param>
    /// <param name="group">What they make of the group; the path is put into it.</param>
    /// <param name="formerLeaf">The leaf that the path's leaf must be an acceptable successor to, or null if there is none.</param>
    /// <param name="hasPath">Whether there is a path.</param>
    /// <exception cref="MlsException">A PSK is not known here, or the committer's leaf breaks a rule.</exception>
    public MadeCommit Make(IReadOnlyList<QueuedProposal> proposals, ProvisionalGroup group, LeafNode? formerLeaf, bool hasPath)
    {
        MadePath? path = hasPath ? MakePath(group, formerLeaf) : null;
        try
        {
            var entries = proposals.Select(static queued => queued.Reference is { } reference
                ? (ProposalOrRef)new ProposalOrRef.ByReference(reference)
                : new ProposalOrRef.ByValue(queued.Proposal));
            AuthenticatedContent signed = Sign(new Commit([.. entries], path?.Update).WithEncoding());
            byte[] confirmedHash = KeySchedule.ConfirmedTranscriptHash(Suite, Epoch.InterimTranscriptHash, signed);
            using Secret pskSecret = Psks.Secret(Suite, group.Psks);
            using Secret commitSecret = path?.Fresh.CommitSecret.Clone() ?? new Secret(Suite.HashBytes);
            NewEpoch secrets = NewEpoch.Derive(Suite, InitSecret, commitSecret, pskSecret, group.Context(confirmedHash));
            byte[] tag = Suite.Mac(secrets.Secrets.ConfirmationKey.AsSpan(), confirmedHash);
            return new MadeCommit(signed with { Auth = signed.Auth with { ConfirmationTag = tag } }, Committer, group, secrets, path);
        }
        catch
        {
            path?.Dispose();
            throw;
        }
    }

    private AuthenticatedContent Sign(Commit commit)
    {
        var framed = new FramedContent(Epoch.Context.GroupId, Epoch.Context.Epoch, Sender, AuthenticatedData, new Content.CommitContent(commit));
        using var signed = new SignContent("FramedContentTBS", commit.CapacityHint());
        AuthenticatedContent.WriteToBeSigned(signed.Writer, Format, framed, Epoch.EncodedContext);
        return new AuthenticatedContent(Format, framed, new FramedContentAuthData(signed.Sign(Suite, Signer), null));
    }

    private MadePath MakePath(ProvisionalGroup group, LeafNode? formerLeaf)
    {
        HpkeKeyPair leafKey = Suite.GenerateHpkeKeyPair();
        var pathSecret = new Secret(Suite.HashBytes);
        Config.Crypto.FillRandom(pathSecret.AsWritableSpan());
        IReadOnlyList<PathNode> filtered = group.FilteredDirectPath(Committer);
        FreshPath fresh = TreeKem.Derive(Suite, pathSecret, filtered.Count);
        try
        {
            ImmutableArray<ReadOnlyMemory<byte>> publicKeys = [.. fresh.KeyPairs.Select(static pair => (ReadOnlyMemory<byte>)pair.PublicKey)];
            LeafIdentity shown = IsNewIdentity ? Identity.WithGrease(Config.Crypto, Grease.ExtensionType(Config.Crypto)) : Identity;
            LeafNode leaf = group.CreatePath(Committer, shown, leafKey.PublicKey, filtered, publicKeys);
            if (IsNewIdentity)
                group.CheckOwnLeaf(Committer, formerLeaf);
            byte[] provisionalContext = group.Context(Epoch.Context.ConfirmedTranscriptHash).Encode();
            var update = new UpdatePath(leaf, TreeKem.Encrypt(Suite, filtered, fresh, group.NewLeaves, provisionalContext, Config.ThreadsMax));
            return new MadePath(update, filtered, fresh, new CommitStaging.OwnPath(leafKey.PrivateKey, pathSecret));
        }
        catch
        {
            fresh.Dispose();
            leafKey.Dispose();
            pathSecret.Dispose();
            throw;
        }
    }
}

/// <summary>A Commit of our own, with the secrets of the epoch it begins.</summary>
internal sealed class MadeCommit(AuthenticatedContent content, LeafIndex committer, ProvisionalGroup group, NewEpoch secrets, MadePath? path) : IDisposable
{
    public AuthenticatedContent Content { get; } = content;

    public ProvisionalGroup Group { get; } = group;

    public NewEpoch Secrets { get; } = secrets;

    public MadePath? Path { get; } = path;

    /// <summary>The committer's state in the new epoch, which owns its secrets and the private keys from now on.</summary>
    public EpochState ToState(GroupConfig config, TreePrivateKeys keys)
    {
        if (Path is not null)
        {
            keys.Set(NodeIndex.OfLeaf(committer), Path.Own.LeafKey.Clone());
            Path.Fresh.MovePrivateKeys(Path.Filtered, keys);
        }

        return Secrets.ToState(config, Group, committer, keys, Content.Auth.ConfirmationTag!.Value.ToArray()); // Every Commit made has one.
    }

    public void Dispose()
    {
        Secrets.Dispose();
        Path?.Dispose();
    }
}

/// <summary>The path of a Commit of our own, and the secrets it was made from.</summary>
internal sealed class MadePath(UpdatePath update, IReadOnlyList<PathNode> filtered, FreshPath fresh, CommitStaging.OwnPath own) : IDisposable
{
    public UpdatePath Update { get; } = update;

    public IReadOnlyList<PathNode> Filtered { get; } = filtered;

    public FreshPath Fresh { get; } = fresh;

    public CommitStaging.OwnPath Own { get; } = own;

    public void Dispose()
    {
        Fresh.Dispose();
        Own.LeafKey.Dispose();
        Own.PathSecret.Dispose();
    }
}

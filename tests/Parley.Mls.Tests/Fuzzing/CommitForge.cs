using System.Collections.Immutable;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Schedule;
using Parley.Mls.Tests.Groups;
using Parley.Mls.Tree;

namespace Parley.Mls.Tests.Fuzzing;

/// <summary>
/// Completes a Commit's path: parent hash, keys and ciphertexts are honest where the input leaves them out, as far as its proposals
/// can be applied at all. And it finds the confirmation tag, so that what breaks no rule is accepted.
/// </summary>
internal sealed class CommitForge(FuzzGroup group, ContentForge contents, Sender sender)
{
    private readonly EpochState _epoch = group.Group.EpochState();
    private ProvisionalGroup? _next;
    private byte[]? _commitSecret;

    /// <summary>The Commit with its path completed; its proposals are complete already.</summary>
    public Commit Complete(Commit commit)
    {
        try
        {
            _next = ProvisionalGroup.Apply(_epoch, group.World.Config, Queued(commit), World.Now);
            if (commit.Path is null)
                _commitSecret = new byte[_epoch.Suite.HashBytes];
            return commit.Path is null ? commit : commit with { Path = CompletePath(_next, commit.Path) };
        }
        catch (MlsException)
        {
            // A rule is broken before the path: that is what this input tries.
            return commit;
        }
    }

    /// <summary>The tag of the epoch that the Commit begins, or zeros if it cannot begin one.</summary>
    public byte[] ConfirmationTag(AuthenticatedContent signed)
    {
        CryptoSuite suite = _epoch.Suite;
        if (_next is null || _commitSecret is null)
            return new byte[suite.HashBytes];
        try
        {
            byte[] confirmedHash = KeySchedule.ConfirmedTranscriptHash(suite, _epoch.InterimTranscriptHash, signed);
            using Secret pskSecret = new PskLookup(group.World.Psks, static _ => null).Secret(suite, _next.Psks);
            using var commitSecret = new Secret(_commitSecret);
            using Secret initSecret = _next.ExternalInit is null ? _epoch.Secrets.InitSecret.Clone() : ReceiveInit(_next.ExternalInit);
            using NewEpoch secrets = NewEpoch.Derive(suite, initSecret, commitSecret, pskSecret, _next.Context(confirmedHash));
            return suite.Mac(secrets.Secrets.ConfirmationKey.AsSpan(), confirmedHash);
        }
        catch (MlsException)
        {
            return new byte[suite.HashBytes];
        }
    }

    /// <summary>An honest ExternalInit of the epoch.</summary>
    public static Proposal.ExternalInit ExternalInit(EpochState epoch)
    {
        using HpkeKeyPair external = KeySchedule.ExternalKeyPair(epoch.Suite, epoch.Secrets.ExternalSecret);
        Assert.True(epoch.Suite.TryExportSender(
            external.PublicKey, [], "MLS 1.0 external init secret"u8, epoch.Suite.HashBytes, out byte[] kemOutput, out Secret? initSecret));
        initSecret.Dispose();
        return new Proposal.ExternalInit(kemOutput);
    }

    private Secret ReceiveInit(Proposal.ExternalInit externalInit)
    {
        using HpkeKeyPair external = KeySchedule.ExternalKeyPair(_epoch.Suite, _epoch.Secrets.ExternalSecret);
        return _epoch.Suite.ExportReceiver(
                external.PrivateKey.AsSpan(), external.PublicKey, externalInit.KemOutput.Span, [], "MLS 1.0 external init secret"u8, _epoch.Suite.HashBytes)
            ?? throw new MlsException(MlsError.ExternalInitInvalid);
    }

    private List<QueuedProposal> Queued(Commit commit)
    {
        var queued = new List<QueuedProposal>();
        foreach (ProposalOrRef entry in commit.Proposals)
        {
            if (entry is ProposalOrRef.ByValue { Proposal: { } proposal })
                queued.Add(new QueuedProposal(proposal, sender, null));
            else if (entry is ProposalOrRef.ByReference { Reference: var reference })
                queued.Add(group.Find(reference) ?? throw new MlsException(MlsError.UnknownProposalReference));
        }

        return queued;
    }

    private UpdatePath CompletePath(ProvisionalGroup next, UpdatePath path)
    {
        CryptoSuite suite = _epoch.Suite;
        LeafIndex committer = sender is Sender.Member { LeafIndex: var index } ? index : next.Tree.NextLeaf();
        if (committer.Value >= 2 * (uint)next.Tree.LeafCount)
            return path;
        IReadOnlyList<PathNode> filtered = next.Tree.WithRoomFor(committer).FilteredDirectPath(committer);
        using Secret secret = suite.DeriveSecret(new byte[suite.HashBytes], "path of a fuzzer");
        using FreshPath fresh = TreeKem.Derive(suite, secret, filtered.Count);
        ImmutableArray<UpdatePathNode> nodes = path.Nodes.IsEmpty
            ? [.. fresh.KeyPairs.Select(static pair => new UpdatePathNode(pair.PublicKey, []))]
            : [.. path.Nodes.Select((node, i) => node with { EncryptionKey = contents.PublicKey(node.EncryptionKey, i < filtered.Count ? fresh.KeyPairs[i].PublicKey : default) })];
        LeafNode leaf = path.LeafNode;
        if (leaf.Source is LeafNodeSource.Commit { ParentHash.Length: <= 1 } && nodes.Length == filtered.Count)
            leaf = leaf with { Source = new LeafNodeSource.Commit(ParentHash.OfPath(suite, filtered, [.. nodes.Select(static node => node.EncryptionKey)]).LeafParentHash) };
        leaf = contents.Complete(leaf, contents.LeafOf(sender), committer);

        // With as many ciphertexts as there must be, so that the rules for the path can be tried before its secrets are encrypted.
        var shaped = new UpdatePath(leaf, [.. nodes.Select((node, i) => i < filtered.Count ? Shaped(node, filtered[i], next) : node)]);
        next.ApplyPath(committer, contents.LeafOf(sender), shaped);
        _commitSecret = fresh.CommitSecret!.AsSpan().ToArray(); // Derive always sets it.
        byte[] context = next.Context(_epoch.Context.ConfirmedTranscriptHash).Encode();
        ImmutableArray<UpdatePathNode> honest = TreeKem.Encrypt(suite, filtered, fresh, next.NewLeaves, context);
        return shaped with { Nodes = [.. nodes.Select((node, i) => node.EncryptedPathSecret.IsEmpty ? node with { EncryptedPathSecret = honest[i].EncryptedPathSecret } : node)] };
    }

    private static UpdatePathNode Shaped(UpdatePathNode node, PathNode place, ProvisionalGroup next)
    {
        int count = RatchetTree.Resolution(place.Copath, next.NewLeaves).Count;
        return node.EncryptedPathSecret.IsEmpty ? node with { EncryptedPathSecret = [.. Enumerable.Repeat(new HpkeCiphertext(default, default), count)] } : node;
    }
}

using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tree;

namespace Parley.Mls.Groups;

/// <summary>
/// RFC 9420 §12.4.2: a Commit that was verified and whose new epoch was computed, but not yet entered. Only <see cref="Group"/> makes
/// one. The application looks at what it would change and then merges or disposes it; until then the group is as it was.
/// </summary>
public sealed class StagedCommit : IDisposable
{
    private readonly TreePrivateKeys _sharedKeys;

    internal StagedCommit(EpochState current, LeafIndex committer, IReadOnlyList<QueuedProposal> proposals, ProvisionalGroup provisional, EpochState? next, GroupContext context)
    {
        _sharedKeys = current.PrivateKeys;
        BaseEpoch = current.Context.Epoch;
        Committer = committer;
        Proposals = proposals;
        Added = [.. provisional.Added.Select(static added => new Member(added.Index, added.KeyPackage.LeafNode))];
        Removed = provisional.Removed;
        Updated = provisional.Updated;
        RemovesSelf = next is null;
        Next = next;
        Context = context;
        Tree = provisional.Tree;
        CommitterLeaf = provisional.Tree.LeafAt(committer)!; // The committer cannot be removed by its own Commit.
        IsExternal = provisional.ExternalInit is not null;
        IsReInit = provisional.ReInit is not null;
    }

    /// <summary>The epoch it was made in.</summary>
    public ulong BaseEpoch { get; }

    /// <summary>Who made it.</summary>
    public LeafIndex Committer { get; }

    /// <summary>The committer's leaf after the Commit.</summary>
    public LeafNode CommitterLeaf { get; }

    /// <summary>Whether the committer joins by it, instead of being a member already.</summary>
    public bool IsExternal { get; }

    /// <summary>Whether it ends the group, to be followed by another with other parameters.</summary>
    public bool IsReInit { get; }

    /// <summary>What it puts into effect, each with who proposed it.</summary>
    public IReadOnlyList<QueuedProposal> Proposals { get; }

    /// <summary>Who joins by Add.</summary>
    public IReadOnlyList<Member> Added { get; }

    /// <summary>Who leaves, with the leaf each had.</summary>
    public IReadOnlyList<Member> Removed { get; }

    /// <summary>Who is updated by an Update proposal.</summary>
    public IReadOnlyList<Member> Updated { get; }

    /// <summary>Whether we are among those who leave. Merging it ends our use of the group.</summary>
    public bool RemovesSelf { get; }

    /// <summary>The group's new state.</summary>
    public GroupContext Context { get; }

    internal EpochState? Next { get; private set; }

    internal RatchetTree Tree { get; }

    /// <summary>Drops the Commit and zeroes what was computed for it.</summary>
    public void Dispose()
    {
        // The private keys that did not change are shared with the epoch it was staged on, and stay.
        Next?.PrivateKeys.DisposeReplacedBy(_sharedKeys);
        Next?.Secrets.Dispose();
        Next?.MessageSecrets.Dispose();
        Next = null;
    }

    /// <summary>Whether it was staged on this very state: another member's would bring that member's keys.</summary>
    internal bool IsStagedOn(EpochState epoch) => ReferenceEquals(_sharedKeys, epoch.PrivateKeys);

    internal EpochState? TakeNext()
    {
        EpochState? taken = Next;
        Next = null;
        return taken;
    }
}

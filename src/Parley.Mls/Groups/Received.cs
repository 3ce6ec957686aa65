using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Groups;

/// <summary>What a message turned out to be, decrypted and verified.</summary>
public abstract record Received
{
    private Received()
    {
    }

    /// <summary>Application data. Its keys are deleted; it cannot be opened again.</summary>
    /// <param name="Sender">The sender's leaf index; our own, if the group was restored from an older copy and has forgotten what it sent.</param>
    /// <param name="SenderLeaf">The sender's leaf in the epoch of the message, which need not be the current one.</param>
    /// <param name="Data">The data; the caller owns it.</param>
    /// <param name="AuthenticatedData">What travelled beside it, authenticated and not encrypted.</param>
    /// <param name="Epoch">The epoch of the message.</param>
    public sealed record Application(LeafIndex Sender, LeafNode SenderLeaf, ReadOnlyMemory<byte> Data, ReadOnlyMemory<byte> AuthenticatedData, ulong Epoch)
        : Received;

    /// <summary>A proposal, kept until the epoch ends.</summary>
    /// <param name="Queued">The proposal and who made it.</param>
    public sealed record Proposal(QueuedProposal Queued) : Received;

    /// <summary>A Commit, to be merged or dropped.</summary>
    /// <param name="Staged">What it would change.</param>
    public sealed record Commit(StagedCommit Staged) : Received;
}

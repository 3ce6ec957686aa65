using Parley.Contracts;
using Parley.Mls.Messages.Framing;

namespace Parley.Client.Conversations;

/// <summary>What a log's entry shows of itself without being opened.</summary>
/// <param name="GroupId">The group.</param>
/// <param name="Epoch">The epoch.</param>
/// <param name="Type">The kind of content.</param>
/// <param name="Supersedes">For a Commit: the one whose place it takes, by its sequence number, or null.</param>
internal readonly record struct EntryHeader(ReadOnlyMemory<byte> GroupId, ulong Epoch, ContentType Type, ulong? Supersedes)
{
    /// <summary>
    /// Of a message that has a place in a log: a PrivateMessage; a member's Commit in the open, by which it gets keys that it cannot have used;
    /// and a device's wish to be added again. Null for all else, and for an epoch that none can follow.
    /// </summary>
    public static EntryHeader? Of(MlsMessage message) => Read(message) is { Epoch: < ulong.MaxValue } header ? header : null;

    private static EntryHeader? Read(MlsMessage message) => message switch
    {
        MlsMessage.Private { Message: var m } => new EntryHeader(m.GroupId, m.Epoch, m.ContentType, Supersession.Read(m.AuthenticatedData.Span)),
        MlsMessage.Public { Message.Content: { Sender: Sender.Member, Content: Mls.Messages.Framing.Content.CommitContent } open } => new EntryHeader(open.GroupId, open.Epoch, ContentType.Commit, Supersession.Read(open.AuthenticatedData.Span)),
        MlsMessage.Public { Message.Content: { Sender: Sender.NewMemberProposal, Content: Mls.Messages.Framing.Content.ProposalContent } open } => new EntryHeader(open.GroupId, open.Epoch, ContentType.Proposal, Supersedes: null),
        _ => null,
    };
}

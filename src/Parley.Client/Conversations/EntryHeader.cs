using Parley.Mls.Messages.Framing;

namespace Parley.Client.Conversations;

/// <summary>What a log's entry shows of itself without being opened.</summary>
internal readonly record struct EntryHeader(ReadOnlyMemory<byte> GroupId, ulong Epoch, ContentType Type)
{
    /// <summary>
    /// Of a message that has a place in a log: a PrivateMessage; a member's Commit in the open, by which it gets keys that it cannot have used;
    /// and a device's wish to be added again. Null for all else.
    /// </summary>
    public static EntryHeader? Of(MlsMessage message) => message switch
    {
        MlsMessage.Private { Message: var m } => new EntryHeader(m.GroupId, m.Epoch, m.ContentType),
        MlsMessage.Public { Message.Content: { Sender: Sender.Member, Content: Mls.Messages.Framing.Content.CommitContent } open } => new EntryHeader(open.GroupId, open.Epoch, ContentType.Commit),
        MlsMessage.Public { Message.Content: { Sender: Sender.NewMemberProposal, Content: Mls.Messages.Framing.Content.ProposalContent } open } => new EntryHeader(open.GroupId, open.Epoch, ContentType.Proposal),
        _ => null,
    };
}

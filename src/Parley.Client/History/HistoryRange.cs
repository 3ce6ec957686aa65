using Parley.Client.Store;
using Parley.Mls.Messages.Codec;

namespace Parley.Client.History;

/// <summary>What is asked for: the messages of one conversation between two places of its log.</summary>
/// <param name="Id">Names the wish; 16 random bytes.</param>
/// <param name="Conversation">Of which conversation.</param>
/// <param name="After">The sequence number that all of them are above.</param>
/// <param name="Before">The sequence number that all of them are below.</param>
internal sealed record HistoryRange(ReadOnlyMemory<byte> Id, ConversationId Conversation, ulong After, ulong Before)
{
    public const int IdBytes = 16;

    /// <summary>Whether a message belongs to it. One of which this device does not know the place was there before all whose place is known.</summary>
    public bool Contains(ulong sequence) => sequence < Before && (sequence > After || (sequence == 0 && After == 0));

    public static HistoryRange Read(TlsReader reader) =>
        new(reader.ReadBytes(IdBytes), StoredId.ReadConversation(reader), reader.ReadUInt64(), reader.ReadUInt64());

    public void Write(TlsWriter writer)
    {
        writer.WriteBytes(Id.Span);
        writer.WriteBytes(Conversation.ToArray());
        writer.WriteUInt64(After);
        writer.WriteUInt64(Before);
    }
}

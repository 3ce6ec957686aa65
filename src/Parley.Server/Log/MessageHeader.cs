using Parley.Mls.Messages.Codec;

namespace Parley.Server.Log;

/// <summary>RFC 9420 §6: what a message holds, as far as the server can see.</summary>
internal enum MessageContent : byte
{
    Application = 1,
    Proposal = 2,
    Commit = 3,
}

/// <summary>
/// All that the Delivery Service reads of an MLS message: where it belongs and whether it ends an epoch. The rest is ciphertext to
/// it, and stays unread.
/// </summary>
internal sealed record MessageHeader(LogName Group, ulong Epoch, MessageContent Content)
{
    private const ushort Mls10 = 1;
    private const ushort PublicMessage = 1;
    private const ushort PrivateMessage = 2;
    private const ushort Welcome = 3;

    /// <summary>Reads a PrivateMessage or PublicMessage. Null if the bytes are neither, or are addressed to no group.</summary>
    public static MessageHeader? TryParse(ReadOnlyMemory<byte> message)
    {
        var reader = new TlsReader(message);
        if (reader.ReadUInt16() != Mls10)
            return null;
        return reader.ReadUInt16() switch
        {
            PrivateMessage => ParsePrivateMessage(reader),
            PublicMessage => ParsePublicMessage(reader),
            _ => null,
        };
    }

    /// <summary>Whether the bytes begin as an MLSMessage that holds a Welcome. Only its addressees can tell more.</summary>
    public static bool IsWelcome(ReadOnlyMemory<byte> message)
    {
        var reader = new TlsReader(message);
        return reader.ReadUInt16() == Mls10 && reader.ReadUInt16() == Welcome;
    }

    /// <summary>RFC 9420 §6.3: the whole structure, so that nothing can hide behind it.</summary>
    private static MessageHeader? ParsePrivateMessage(TlsReader reader)
    {
        ReadOnlyMemory<byte> groupId = reader.ReadVector();
        ulong epoch = reader.ReadUInt64();
        var content = (MessageContent)reader.ReadUInt8();
        reader.ReadVector(); // authenticated_data
        reader.ReadVector(); // encrypted_sender_data
        reader.ReadVector(); // ciphertext
        return reader.Finish() ? Create(groupId, epoch, content) : null;
    }

    /// <summary>RFC 9420 §6 and §6.2: a PublicMessage begins with its FramedContent, whose head is all that is needed.</summary>
    private static MessageHeader? ParsePublicMessage(TlsReader reader)
    {
        ReadOnlyMemory<byte> groupId = reader.ReadVector();
        ulong epoch = reader.ReadUInt64();
        bool indexed = reader.ReadUInt8() is 1 or 2; // Sender: member and external carry an index, new members do not.
        if (indexed)
            reader.ReadUInt32();
        reader.ReadVector(); // authenticated_data
        var content = (MessageContent)reader.ReadUInt8();
        return reader.Error == DecodeError.None && content != MessageContent.Application ? Create(groupId, epoch, content) : null;
    }

    private static MessageHeader? Create(ReadOnlyMemory<byte> groupId, ulong epoch, MessageContent content) =>
        Enum.IsDefined(content) && LogName.TryParseGroup(groupId.Span, out LogName? group) ? new MessageHeader(group, epoch, content) : null;
}

using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Mls.Messages.Codec;

namespace Parley.Client.Store;

/// <summary>Ids as they stand in what is stored or sent: so many bytes, without a length. The reader fails where there are none.</summary>
internal static class StoredId
{
    /// <summary>Reads a conversation's id.</summary>
    public static ConversationId ReadConversation(TlsReader reader)
    {
        if (!ConversationId.TryParse(reader.ReadBytes(ConversationId.Bytes).Span, out ConversationId id))
            reader.Fail(DecodeError.Truncated);
        return id;
    }

    /// <summary>Reads a device's id.</summary>
    public static DeviceId ReadDevice(TlsReader reader)
    {
        if (!DeviceId.TryParse(reader.ReadBytes(Limits.DeviceIdBytes).Span, out DeviceId device))
            reader.Fail(DecodeError.Truncated);
        return device;
    }

    /// <summary>Reads a message's id.</summary>
    public static MessageId ReadMessage(TlsReader reader)
    {
        if (!MessageId.TryParse(reader.ReadBytes(MessageId.Bytes).Span, out MessageId id))
            reader.Fail(DecodeError.Truncated);
        return id;
    }
}

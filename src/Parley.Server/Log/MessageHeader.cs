using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;

namespace Parley.Server.Log;

/// <summary>
/// All that the Delivery Service reads of an MLS message: where it belongs and whether it ends an epoch. The rest is ciphertext to
/// it, and stays unread.
/// </summary>
internal readonly record struct MessageHeader(LogName Group, ulong Epoch, ContentType Content)
{
    /// <summary>Reads a PrivateMessage or PublicMessage. Null if the bytes are neither, or name no group that can be here.</summary>
    public static MessageHeader? TryParse(ReadOnlyMemory<byte> message)
    {
        var reader = new TlsReader(message);
        MlsMessage read = MlsMessage.Read(reader);
        if (!reader.Finish())
            return null;
        return read switch
        {
            MlsMessage.Private(var m) => Create(m.GroupId, m.Epoch, m.ContentType),
            MlsMessage.Public(var m) => Create(m.Content.GroupId, m.Content.Epoch, m.Content.Content.Type),
            _ => null,
        };
    }

    /// <summary>Whether the bytes are a Welcome.</summary>
    public static bool IsWelcome(ReadOnlyMemory<byte> message)
    {
        var reader = new TlsReader(message);
        return MlsMessage.Read(reader) is MlsMessage.Welcome && reader.Finish();
    }

    private static MessageHeader? Create(ReadOnlyMemory<byte> groupId, ulong epoch, ContentType content) =>
        LogName.TryParseGroup(groupId.Span, out LogName? group) ? new MessageHeader(group, epoch, content) : null;
}

using Parley.Contracts;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;

namespace Parley.Server.Log;

/// <summary>
/// All that the Delivery Service reads of an MLS message: where it belongs and whether it ends an epoch. The rest is ciphertext to
/// it, and stays unread.
/// </summary>
/// <param name="Group">The log.</param>
/// <param name="Epoch">The epoch.</param>
/// <param name="Content">The kind of content.</param>
/// <param name="Supersedes">The Commit whose place this one takes, by its sequence number; null if there is none.</param>
internal readonly record struct MessageHeader(LogName Group, ulong Epoch, ContentType Content, ulong? Supersedes)
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
            MlsMessage.Private(var m) => Create(m.GroupId, m.Epoch, m.ContentType, m.AuthenticatedData),
            MlsMessage.Public(var m) => Create(m.Content.GroupId, m.Content.Epoch, m.Content.Content.Type, m.Content.AuthenticatedData),
            _ => null,
        };
    }

    /// <summary>Whether the bytes are a Welcome.</summary>
    public static bool IsWelcome(ReadOnlyMemory<byte> message)
    {
        var reader = new TlsReader(message);
        return MlsMessage.Read(reader) is MlsMessage.Welcome && reader.Finish();
    }

    private static MessageHeader? Create(ReadOnlyMemory<byte> groupId, ulong epoch, ContentType content, ReadOnlyMemory<byte> authenticatedData)
    {
        if (!LogName.TryParseGroup(groupId.Span, out LogName? group))
            return null;
        return new MessageHeader(group, epoch, content, content == ContentType.Commit ? Supersession.Read(authenticatedData.Span) : null);
    }
}

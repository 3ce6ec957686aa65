using System.Diagnostics.CodeAnalysis;
using System.Text;
using Parley.Client.Content;
using Parley.Contracts.Identity;
using Parley.Mls.Messages.Codec;

namespace Parley.Client.Conversations;

/// <summary>One stored item of a timeline. Messages are kept as their MIMI content, whatever of it this version can show.</summary>
/// <param name="At">When the server received it.</param>
/// <param name="Sender">Who sent it, or null.</param>
/// <param name="Id">A message's id, or null.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Body">What it holds.</param>
internal sealed record TimelineRecord(DateTimeOffset At, Handle? Sender, MessageId? Id, DeliveryState State, TimelineBody Body)
{
    /// <summary>Its place in the log; 0 for what has none, and where it was not noted.</summary>
    public ulong Sequence { get; init; }

    /// <summary>The member whose word it is that the sender sent it; null where the sender's signature proves it.</summary>
    public Handle? HandedOverBy { get; init; }

    /// <summary>What a reader is shown.</summary>
    public TimelineContent Content => Body switch
    {
        TimelineBody.Notice notice => new TimelineContent.Notice(notice.Sentence),
        TimelineBody.Unreadable unreadable => new TimelineContent.Unreadable(unreadable.Why, unreadable.Fix),
        TimelineBody.Message message => Show(message.Mimi),
        _ => throw new InvalidOperationException("All kinds of bodies are named."),
    };

    /// <summary>What a reader is shown of encoded MIMI content.</summary>
    public static TimelineContent Show(ReadOnlyMemory<byte> mimi)
    {
        if (!MimiCodec.TryDecode(mimi, out MimiContent? content))
            return new TimelineContent.Unknown("malformed message");
        return MessageBody.Read(content) switch
        {
            MessageBody.Text text => new TimelineContent.Text(text.Body),
            MessageBody.Action action => new TimelineContent.Action(action.Body),
            MessageBody.Profile => new TimelineContent.Unknown("profile"),
            MessageBody.Receipt => new TimelineContent.Unknown("receipt"),
            MessageBody.Internal => new TimelineContent.Unknown(InternalMessage.ContentType),
            MessageBody.Unknown unknown => new TimelineContent.Unknown(unknown.ContentType),
            _ => throw new InvalidOperationException("All kinds of messages are named."),
        };
    }

    public byte[] Encode()
    {
        var writer = new TlsWriter();
        writer.WriteUInt64((ulong)At.ToUnixTimeMilliseconds());
        writer.WriteVector(Encoding.ASCII.GetBytes(Sender?.Value ?? ""));
        writer.WriteVector(Id is { } id ? id.ToArray() : []);
        writer.WriteUInt8((byte)State);
        Body.Write(writer);
        writer.WriteUInt64(Sequence);
        writer.WriteVector(Encoding.ASCII.GetBytes(HandedOverBy?.Value ?? ""));
        return writer.ToArray();
    }

    public static TimelineRecord Decode(ReadOnlyMemory<byte> stored)
    {
        var reader = new TlsReader(stored);
        DateTimeOffset at = DateTimeOffset.FromUnixTimeMilliseconds((long)reader.ReadUInt64());
        Handle? sender = Handle.TryParse(Encoding.ASCII.GetString(reader.ReadVector().Span), out Handle? handle) ? handle : null;
        MessageId? id = MessageId.TryParse(reader.ReadVector().Span, out MessageId parsed) ? parsed : null;
        var state = (DeliveryState)reader.ReadUInt8();
        TimelineBody body = TimelineBody.Read(reader);
        // An item from before this was noted ends here.
        ulong sequence = reader.AtEnd ? 0 : reader.ReadUInt64();
        Handle? by = reader.AtEnd || !Handle.TryParse(Encoding.ASCII.GetString(reader.ReadVector().Span), out Handle? found) ? null : found;
        if (!reader.Finish())
            throw new InvalidDataException("A stored item is damaged.");
        return new TimelineRecord(at, sender, id, state, body) { Sequence = sequence, HandedOverBy = by };
    }
}

/// <summary>What an item holds.</summary>
[SuppressMessage("Design", "CA1034:Nested types should not be visible", Justification = "The cases of a closed set.")]
internal abstract record TimelineBody
{
    private const byte MessageTag = 1;
    private const byte NoticeTag = 2;
    private const byte UnreadableTag = 3;

    private TimelineBody()
    {
    }

    public static TimelineBody Read(TlsReader reader)
    {
        switch (reader.ReadUInt8())
        {
            case MessageTag:
                return new Message(reader.ReadVector());
            case NoticeTag:
                return new Notice(ReadText(reader));
            case UnreadableTag:
                return new Unreadable(ReadText(reader), ReadText(reader));
            default:
                reader.Fail(DecodeError.UnknownEnumValue);
                return new Notice("");
        }
    }

    public void Write(TlsWriter writer)
    {
        switch (this)
        {
            case Message message:
                writer.WriteUInt8(MessageTag);
                writer.WriteVector(message.Mimi);
                break;
            case Notice notice:
                writer.WriteUInt8(NoticeTag);
                writer.WriteVector(Encoding.UTF8.GetBytes(notice.Sentence));
                break;
            case Unreadable unreadable:
                writer.WriteUInt8(UnreadableTag);
                writer.WriteVector(Encoding.UTF8.GetBytes(unreadable.Why));
                writer.WriteVector(Encoding.UTF8.GetBytes(unreadable.Fix));
                break;
        }
    }

    private static string ReadText(TlsReader reader) => Encoding.UTF8.GetString(reader.ReadVector().Span);

    public sealed record Message(ReadOnlyMemory<byte> Mimi) : TimelineBody;

    public sealed record Notice(string Sentence) : TimelineBody;

    public sealed record Unreadable(string Why, string Fix) : TimelineBody;
}

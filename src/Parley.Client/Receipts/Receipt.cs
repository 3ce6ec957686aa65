using System.Diagnostics.CodeAnalysis;
using System.Formats.Cbor;
using Parley.Client.Content;

namespace Parley.Client.Receipts;

/// <summary>
/// What a device says to the others in place of a word for each message: up to where it has stored what they wrote, and up to where its user
/// has read it. Messages are named by their ids, so that a place means the same to all, whatever a server says of its log.
/// </summary>
/// <param name="Delivered">The last message that is stored. All before it are too, from the end of the sender's last receipt on.</param>
/// <param name="Since">Where something before it could not be read: the message from which on nothing is missing.</param>
/// <param name="Read">The last message that was read, or null if none was since the last receipt, or that is not told.</param>
internal sealed record Receipt(MessageId Delivered, MessageId? Since, MessageId? Read)
{
    /// <summary>The media type of a message's body that is a receipt.</summary>
    public const string ContentType = "application/vnd.parley.receipt";

    private const int Fields = 3;
    private const int DepthMax = 1;

    /// <summary>A CBOR array of three: byte strings of 32 bytes, or null.</summary>
    public byte[] Encode()
    {
        var writer = new CborWriter(CborConformanceMode.Lax);
        writer.WriteStartArray(Fields);
        foreach (MessageId? id in (MessageId?[])[Delivered, Since, Read])
        {
            if (id is { } known)
                writer.WriteByteString(known.ToArray());
            else
                writer.WriteNull();
        }

        writer.WriteEndArray();
        return writer.Encode();
    }

    /// <summary>Reads a receipt. Never throws, whatever the bytes.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> encoded, [NotNullWhen(true)] out Receipt? receipt)
    {
        receipt = null;
        if (!DeterministicCbor.IsWellFormed(encoded.Span, DepthMax))
            return false;
        try
        {
            var reader = new CborReader(encoded, CborConformanceMode.Lax);
            if (reader.ReadStartArray() != Fields || !TryRead(reader, out MessageId? delivered) || !TryRead(reader, out MessageId? since) || !TryRead(reader, out MessageId? read))
                return false;
            reader.ReadEndArray();
            receipt = delivered is { } known ? new Receipt(known, since, read) : null;
            return receipt is not null;
        }
        catch (Exception e) when (e is CborContentException or InvalidOperationException)
        {
            // The package's words for "another type than the schema has here".
            return false;
        }
    }

    private static bool TryRead(CborReader reader, out MessageId? id)
    {
        id = null;
        if (reader.PeekState() == CborReaderState.Null)
        {
            reader.ReadNull();
            return true;
        }

        bool isId = MessageId.TryParse(reader.ReadByteString(), out MessageId parsed);
        id = parsed;
        return isId;
    }
}

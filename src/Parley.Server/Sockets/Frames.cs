using System.Buffers.Binary;
using Google.Protobuf;
using Parley.Contracts.Wire;
using Parley.Server.Log;

namespace Parley.Server.Sockets;

/// <summary>
/// Server frames as they stand on the wire: a WebSocket header (RFC 6455 §5.2, one unmasked binary frame) and the Protobuf message.
/// The header is written here and not by the WebSocket class so that one array serves every subscriber of a log.
/// </summary>
internal static class Frames
{
    private const byte FinalBinary = 0x82;
    private const byte Length16 = 126;
    private const byte Length64 = 127;

    private static readonly uint EventsTag = WireFormat.MakeTag(ServerFrame.EventsFieldNumber, WireFormat.WireType.LengthDelimited);
    private static readonly uint LogTag = WireFormat.MakeTag(Parley.Contracts.Wire.Events.LogFieldNumber, WireFormat.WireType.LengthDelimited);
    private static readonly uint EnvelopesTag = WireFormat.MakeTag(Parley.Contracts.Wire.Events.EnvelopesFieldNumber, WireFormat.WireType.LengthDelimited);

    /// <summary>Encodes a frame.</summary>
    public static byte[] Encode(ServerFrame frame)
    {
        byte[] bytes = CreateWithHeader(frame.CalculateSize(), out int headerBytes);
        using var output = new CodedOutputStream(bytes.AsMemory(headerBytes));
        frame.WriteTo(output);
        output.Flush();
        return bytes;
    }

    /// <summary>Encodes consecutive entries of a log, copying the envelopes as they are stored.</summary>
    public static byte[] Events(LogName log, IReadOnlyList<StoredEntry> entries)
    {
        LogRef reference = log.ToReference();
        int eventsBytes = 1 + CodedOutputStream.ComputeMessageSize(reference);
        foreach (StoredEntry entry in entries)
            eventsBytes += 1 + CodedOutputStream.ComputeLengthSize(entry.Envelope.Length) + entry.Envelope.Length;

        byte[] bytes = CreateWithHeader(1 + CodedOutputStream.ComputeLengthSize(eventsBytes) + eventsBytes, out int headerBytes);
        using var output = new CodedOutputStream(bytes.AsMemory(headerBytes));
        output.WriteTag(EventsTag);
        output.WriteLength(eventsBytes);
        output.WriteTag(LogTag);
        output.WriteMessage(reference);
        foreach (StoredEntry entry in entries)
        {
            output.WriteTag(EnvelopesTag);
            output.WriteBytes(UnsafeByteOperations.UnsafeWrap(entry.Envelope));
        }

        output.Flush();
        return bytes;
    }

    private static byte[] CreateWithHeader(int payloadBytes, out int headerBytes)
    {
        headerBytes = payloadBytes < Length16 ? 2 : payloadBytes <= ushort.MaxValue ? 4 : 10;
        byte[] bytes = new byte[headerBytes + payloadBytes];
        bytes[0] = FinalBinary;
        switch (headerBytes)
        {
            case 2:
                bytes[1] = (byte)payloadBytes;
                break;
            case 4:
                bytes[1] = Length16;
                BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), (ushort)payloadBytes);
                break;
            default:
                bytes[1] = Length64;
                BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(2), (ulong)payloadBytes);
                break;
        }

        return bytes;
    }
}

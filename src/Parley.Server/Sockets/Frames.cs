using Google.Protobuf;
using Parley.Contracts.Wire;
using Parley.Server.Limiting;
using Parley.Server.Log;

namespace Parley.Server.Sockets;

/// <summary>Encodes server frames.</summary>
internal static class Frames
{
    private static readonly uint EventsTag = WireFormat.MakeTag(ServerFrame.EventsFieldNumber, WireFormat.WireType.LengthDelimited);
    private static readonly uint LogTag = WireFormat.MakeTag(Parley.Contracts.Wire.Events.LogFieldNumber, WireFormat.WireType.LengthDelimited);
    private static readonly uint EnvelopesTag = WireFormat.MakeTag(Parley.Contracts.Wire.Events.EnvelopesFieldNumber, WireFormat.WireType.LengthDelimited);

    /// <summary>A frame with <see cref="Events"/>: consecutive entries of a log. The envelopes are copied as they are stored.</summary>
    public static byte[] Events(LogName log, IReadOnlyList<StoredEntry> entries)
    {
        LogRef reference = log.ToReference();
        int eventsBytes = 1 + CodedOutputStream.ComputeMessageSize(reference);
        foreach (StoredEntry entry in entries)
            eventsBytes += 1 + CodedOutputStream.ComputeLengthSize(entry.Envelope.Length) + entry.Envelope.Length;

        byte[] bytes = new byte[1 + CodedOutputStream.ComputeLengthSize(eventsBytes) + eventsBytes];
        using var output = new CodedOutputStream(bytes);
        output.WriteTag(EventsTag);
        output.WriteLength(eventsBytes);
        output.WriteTag(LogTag);
        output.WriteMessage(reference);
        foreach (StoredEntry entry in entries)
        {
            output.WriteTag(EnvelopesTag);
            output.WriteBytes(UnsafeByteOperations.UnsafeWrap(entry.Envelope));
        }

        return bytes;
    }

    /// <summary>The same for an entry that has just been stored.</summary>
    public static byte[] Event(LogName log, NewEntry entry) => Events(log, [new StoredEntry(entry.Sequence, entry.Envelope)]);

    /// <summary>The first frame of a connection.</summary>
    public static byte[] Challenge(byte[] challenge) => new ServerFrame { Challenge = new Challenge { Random = UnsafeByteOperations.UnsafeWrap(challenge) } }.ToByteArray();

    /// <summary>A frame that ends the connection, or the subscription to one log.</summary>
    public static byte[] Closed(ErrorCode reason, LogName? log = null) =>
        new ServerFrame
        {
            Closed = new Closed { Reason = reason, Log = log?.ToReference(), RetryAfterMs = RetryAfter.Of(reason) is { } wait ? RetryAfter.Milliseconds(wait) : 0 },
        }.ToByteArray();
}

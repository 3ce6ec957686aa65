using Parley.Mls.Messages.Codec;

namespace Parley.Client.History;

/// <summary>What this device waits to be handed, and where it goes.</summary>
/// <param name="Range">What is still missing; it shrinks from the newest message down.</param>
/// <param name="IsOwn">Whether the account's own devices are asked, in their group; otherwise the conversation's members, in the conversation.</param>
/// <param name="Order">The place in the timeline for the next message, which is older than all that have come.</param>
/// <param name="FloorOrder">The place that is taken below.</param>
internal sealed record HistoryAsk(HistoryRange Range, bool IsOwn, long Order, long FloorOrder)
{
    /// <summary>How many messages have come.</summary>
    public uint Received { get; init; }

    /// <summary>How many there are, once somebody has said so.</summary>
    public uint Total { get; init; }

    /// <summary>When it was asked for or when something last came; null before it was asked for.</summary>
    public DateTimeOffset? HeardAt { get; init; }

    public byte[] Encode()
    {
        var writer = new TlsWriter();
        Range.Write(writer);
        writer.WriteUInt8(IsOwn ? (byte)1 : (byte)0);
        writer.WriteUInt64((ulong)Order);
        writer.WriteUInt64((ulong)FloorOrder);
        writer.WriteUInt32(Received);
        writer.WriteUInt32(Total);
        writer.WriteUInt64((ulong)(HeardAt?.ToUnixTimeMilliseconds() ?? 0));
        return writer.ToArray();
    }

    public static HistoryAsk Decode(ReadOnlyMemory<byte> stored)
    {
        var reader = new TlsReader(stored);
        var ask = new HistoryAsk(HistoryRange.Read(reader), reader.ReadUInt8() == 1, (long)reader.ReadUInt64(), (long)reader.ReadUInt64())
        {
            Received = reader.ReadUInt32(),
            Total = reader.ReadUInt32(),
            HeardAt = reader.ReadUInt64() is > 0 and var heard ? DateTimeOffset.FromUnixTimeMilliseconds((long)heard) : null,
        };
        return reader.Finish() ? ask : throw new InvalidDataException("A stored wish for history is damaged.");
    }
}

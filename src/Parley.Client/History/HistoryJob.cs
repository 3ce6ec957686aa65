using Parley.Client.Store;
using Parley.Contracts.Identity;
using Parley.Mls.Messages.Codec;

namespace Parley.Client.History;

/// <summary>What a device has been asked for, and how far it has got with handing it over.</summary>
/// <param name="Range">What.</param>
/// <param name="Asker">The device that asked.</param>
/// <param name="PublicKey">The key that it is sealed to.</param>
/// <param name="NotBefore">The time before which nothing is handed over.</param>
internal sealed record HistoryJob(HistoryRange Range, DeviceId Asker, ReadOnlyMemory<byte> PublicKey, DateTimeOffset NotBefore)
{
    /// <summary>The next part begins below this order of the timeline.</summary>
    public long From { get; init; } = long.MaxValue;

    /// <summary>How many messages were handed over before it.</summary>
    public uint Sent { get; init; }

    /// <summary>How many there are in all.</summary>
    public uint Total { get; init; }

    /// <summary>Once it is sealed: where the part behind it begins; 0 if it is the last.</summary>
    public long Next { get; init; }

    /// <summary>Once it is sealed: how many will have been handed over with it.</summary>
    public uint NextSent { get; init; }

    public static HistoryJob Read(TlsReader reader) =>
        new(HistoryRange.Read(reader), StoredId.ReadDevice(reader), reader.ReadVector(), DateTimeOffset.FromUnixTimeMilliseconds((long)reader.ReadUInt64()))
        {
            From = (long)reader.ReadUInt64(),
            Sent = reader.ReadUInt32(),
            Total = reader.ReadUInt32(),
            Next = (long)reader.ReadUInt64(),
            NextSent = reader.ReadUInt32(),
        };

    public void Write(TlsWriter writer)
    {
        Range.Write(writer);
        writer.WriteBytes(Asker.ToArray());
        writer.WriteVector(PublicKey);
        writer.WriteUInt64((ulong)NotBefore.ToUnixTimeMilliseconds());
        writer.WriteUInt64((ulong)From);
        writer.WriteUInt32(Sent);
        writer.WriteUInt32(Total);
        writer.WriteUInt64((ulong)Next);
        writer.WriteUInt32(NextSent);
    }
}

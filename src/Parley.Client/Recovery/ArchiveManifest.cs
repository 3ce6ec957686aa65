using System.Collections.Immutable;
using Parley.Mls.Messages.Codec;

namespace Parley.Client.Recovery;

/// <summary>The root of an archive: what it has, when it was made, and the names of the pieces that name the others.</summary>
/// <param name="MadeAt">When it was made.</param>
/// <param name="Conversations">How many conversations it has.</param>
/// <param name="Items">How many items their timelines have.</param>
/// <param name="NameLists">The names of the pieces that hold names.</param>
internal sealed record ArchiveManifest(DateTimeOffset MadeAt, long Conversations, long Items, ImmutableArray<ReadOnlyMemory<byte>> NameLists)
{
    private const ushort Version = 1;
    private const int NameListsMax = 4096;

    public byte[] Encode()
    {
        var writer = new TlsWriter();
        writer.WriteUInt16(Version);
        writer.WriteUInt64((ulong)MadeAt.ToUnixTimeMilliseconds());
        writer.WriteUInt64((ulong)Conversations);
        writer.WriteUInt64((ulong)Items);
        writer.WriteVectorOf(NameLists, static (w, name) => w.WriteBytes(name.Span));
        return writer.ToArray();
    }

    /// <summary>Reads a root; null if it is none, or one of a later version.</summary>
    public static ArchiveManifest? TryDecode(ReadOnlyMemory<byte> encoded)
    {
        var reader = new TlsReader(encoded);
        ushort version = reader.ReadUInt16();
        ulong madeAt = reader.ReadUInt64();
        var conversations = (long)(reader.ReadUInt64() & long.MaxValue);
        var items = (long)(reader.ReadUInt64() & long.MaxValue);
        ImmutableArray<ReadOnlyMemory<byte>> lists = reader.ReadVectorOf(static r => r.ReadBytes(ArchiveSealer.NameBytes), NameListsMax);
        bool isRead = reader.Finish() && version == Version && madeAt <= (ulong)DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();
        return isRead ? new ArchiveManifest(DateTimeOffset.FromUnixTimeMilliseconds((long)madeAt), conversations, items, lists) : null;
    }
}

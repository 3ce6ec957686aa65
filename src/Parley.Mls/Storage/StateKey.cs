using System.Buffers.Binary;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tree;

namespace Parley.Mls.Storage;

/// <summary>
/// The keys of a group's stored state. What an epoch begins with is written once an epoch; what a message changes is one small entry
/// for the ratchet it used. So storing a message costs the same in a group of two and in one of a thousand.
/// </summary>
internal readonly record struct StateKey
{
    /// <summary>A longer name is cut: a hash or public key is as unique by its first bytes.</summary>
    public const int NameBytesMax = 32;

    /// <summary>The length of a <see cref="TreeNode"/>.</summary>
    public const int TreeNodeBytes = 1 + sizeof(uint);

    private readonly ReadOnlyMemory<byte> _bytes;

    private StateKey(Kind kind, params ReadOnlySpan<uint> parts)
        : this(new byte[1 + (sizeof(uint) * parts.Length)], kind, parts)
    {
    }

    private StateKey(Memory<byte> room, Kind kind, params ReadOnlySpan<uint> parts)
    {
        room.Span[0] = (byte)kind;
        for (int i = 0; i < parts.Length; i++)
            BinaryPrimitives.WriteUInt32BigEndian(room.Span[(1 + (sizeof(uint) * i))..], parts[i]);
        _bytes = room;
    }

    private StateKey(Kind kind, ReadOnlySpan<byte> name) => _bytes = (byte[])[(byte)kind, .. name[..Math.Min(name.Length, NameBytesMax)]];

    internal enum Kind : byte
    {
        Epoch = 1,
        TreeNode = 2,
        PrivateKey = 3,
        SecretTreeNode = 4,
        Ratchet = 5,
        SkippedKey = 6,
        PastEpoch = 7,
        CachedProposal = 8,
        UpdateKey = 9,
        PendingCommit = 10,
        ResumptionPsk = 11,
        OwnProposal = 12,
        ExporterNode = 13,
    }

    /// <summary>The current epoch: context, transcript hash, secrets.</summary>
    public static StateKey Epoch { get; } = new(Kind.Epoch);

    /// <summary>Our own Commit that the log has not echoed yet.</summary>
    public static StateKey PendingCommit { get; } = new(Kind.PendingCommit);

    /// <summary>A node's, in <see cref="TreeNodeBytes"/> of an array that many share.</summary>
    public static StateKey TreeNode(NodeIndex index, Memory<byte> room) => new(room, Kind.TreeNode, index.Value);

    public static StateKey PrivateKey(NodeIndex index) => new(Kind.PrivateKey, index.Value);

    /// <summary>A node of the current epoch's exporter tree; no other is kept.</summary>
    public static StateKey ExporterNode(NodeIndex index) => new(Kind.ExporterNode, index.Value);

    public static StateKey SecretTreeNode(ulong epoch, NodeIndex index) => new(Kind.SecretTreeNode, High(epoch), Low(epoch), index.Value);

    public static StateKey Ratchet(ulong epoch, LeafIndex leaf, byte type) => new(Kind.Ratchet, High(epoch), Low(epoch), leaf.Value, type);

    public static StateKey SkippedKey(ulong epoch, LeafIndex leaf, byte type, uint generation) =>
        new(Kind.SkippedKey, High(epoch), Low(epoch), (leaf.Value << 1) | type, generation);

    public static StateKey PastEpoch(ulong epoch) => new(Kind.PastEpoch, High(epoch), Low(epoch));

    public static StateKey ResumptionPsk(ulong epoch) => new(Kind.ResumptionPsk, High(epoch), Low(epoch));

    public static StateKey CachedProposal(ReadOnlySpan<byte> reference) => new(Kind.CachedProposal, reference);

    public static StateKey OwnProposal(ReadOnlySpan<byte> reference) => new(Kind.OwnProposal, reference);

    public static StateKey UpdateKey(ReadOnlySpan<byte> publicKey) => new(Kind.UpdateKey, publicKey);

    public ReadOnlyMemory<byte> Encode() => _bytes;

    private static uint High(ulong epoch) => (uint)(epoch >> 32);

    private static uint Low(ulong epoch) => (uint)(epoch & uint.MaxValue);
}

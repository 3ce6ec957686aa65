namespace Parley.Mls.Messages.Tree;

/// <summary>RFC 9420 §7.1: a node above the leaves. A decoded one has its unmerged leaves in strictly ascending order.</summary>
/// <param name="EncryptionKey">HPKE public key, whose private key the members below hold.</param>
/// <param name="ParentHash">RFC 9420 §7.9; empty for the last node of a path.</param>
/// <param name="UnmergedLeaves">Leaves below that do not hold the private key.</param>
public sealed record ParentNode(ReadOnlyMemory<byte> EncryptionKey, ReadOnlyMemory<byte> ParentHash, ImmutableArray<LeafIndex> UnmergedLeaves)
    : ITlsStruct<ParentNode>
{
    /// <inheritdoc/>
    public static ParentNode Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var node = new ParentNode(
            reader.ReadVector(), reader.ReadVector(), reader.ReadVectorOf(static r => new LeafIndex(r.ReadUInt32()), MessageLimits.LeavesMax));
        for (int i = 1; i < node.UnmergedLeaves.Length; i++)
        {
            if (node.UnmergedLeaves[i].Value <= node.UnmergedLeaves[i - 1].Value)
                reader.Fail(DecodeError.UnmergedLeavesNotSorted);
        }

        return node;
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteVector(EncryptionKey);
        writer.WriteVector(ParentHash);
        int start = writer.BeginVector();
        foreach (LeafIndex leaf in UnmergedLeaves)
            writer.WriteUInt32(leaf.Value);
        writer.EndVector(start);
    }
}

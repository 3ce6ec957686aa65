namespace Parley.Mls.Messages.Tree;

/// <summary>RFC 9420 §7.6: an HPKE encryption.</summary>
/// <param name="KemOutput">The encapsulated key.</param>
/// <param name="Ciphertext">The sealed content.</param>
public sealed record HpkeCiphertext(ReadOnlyMemory<byte> KemOutput, ReadOnlyMemory<byte> Ciphertext) : ITlsStruct<HpkeCiphertext>
{
    /// <inheritdoc/>
    public static HpkeCiphertext Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return new HpkeCiphertext(reader.ReadVector(), reader.ReadVector());
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteVector(KemOutput);
        writer.WriteVector(Ciphertext);
    }
}

/// <summary>RFC 9420 §7.6: a node's new public key, and its path secret for those below on the other side.</summary>
/// <param name="EncryptionKey">HPKE public key.</param>
/// <param name="EncryptedPathSecret">One encryption for each node in the resolution of the copath child, new leaves left out.</param>
public sealed record UpdatePathNode(ReadOnlyMemory<byte> EncryptionKey, ImmutableArray<HpkeCiphertext> EncryptedPathSecret) : ITlsStruct<UpdatePathNode>
{
    /// <inheritdoc/>
    public static UpdatePathNode Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return new UpdatePathNode(reader.ReadVector(), reader.ReadVectorOf(HpkeCiphertext.Read, MessageLimits.LeavesMax));
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteVector(EncryptionKey);
        writer.WriteVectorOf(EncryptedPathSecret, Tls.WriteStruct);
    }
}

/// <summary>RFC 9420 §7.6: a committer's new leaf and the new nodes above it, in the order of the filtered direct path.</summary>
/// <param name="LeafNode">The committer's new leaf.</param>
/// <param name="Nodes">The nodes of the filtered direct path, from the leaf up.</param>
public sealed record UpdatePath(LeafNode LeafNode, ImmutableArray<UpdatePathNode> Nodes) : ITlsStruct<UpdatePath>
{
    /// <inheritdoc/>
    public static UpdatePath Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return new UpdatePath(LeafNode.Read(reader), reader.ReadVectorOf(UpdatePathNode.Read, MessageLimits.PathNodesMax));
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        LeafNode.Write(writer);
        writer.WriteVectorOf(Nodes, Tls.WriteStruct);
    }
}

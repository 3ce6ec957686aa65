namespace Parley.Mls.Messages.Tree;

/// <summary>RFC 9420 §12.4.3.3: a node of a <c>ratchet_tree</c> extension.</summary>
public abstract record Node : ITlsStruct<Node>
{
    /// <summary>RFC 9420 §7.8: NodeType.leaf.</summary>
    public const byte LeafType = 1;

    /// <summary>RFC 9420 §7.8: NodeType.parent.</summary>
    public const byte ParentType = 2;

    private Node()
    {
    }

    /// <inheritdoc/>
    public static Node Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        byte type = reader.ReadUInt8();
        if (type is not (LeafType or ParentType))
            reader.Fail(DecodeError.UnknownEnumValue);
        return type == LeafType ? new Leaf(LeafNode.Read(reader)) : new Parent(ParentNode.Read(reader));
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        switch (this)
        {
            case Leaf leaf:
                writer.WriteUInt8(LeafType);
                leaf.LeafNode.Write(writer);
                break;
            case Parent parent:
                writer.WriteUInt8(ParentType);
                parent.ParentNode.Write(writer);
                break;
        }
    }

    /// <summary>A leaf.</summary>
    /// <param name="LeafNode">Its content.</param>
    public sealed record Leaf(LeafNode LeafNode) : Node;

    /// <summary>A parent.</summary>
    /// <param name="ParentNode">Its content.</param>
    public sealed record Parent(ParentNode ParentNode) : Node;
}

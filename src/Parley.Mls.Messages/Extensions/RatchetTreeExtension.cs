using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Messages.Extensions;

/// <summary>
/// RFC 9420 §12.4.3.3: the public tree, nodes from left to right, null where blank. A decoded one is not empty, ends in a node that
/// is not blank, and has leaves at even and parents at odd places; the blanks that complete it to a full tree are left to its user.
/// </summary>
/// <param name="Nodes">The nodes.</param>
public sealed record RatchetTreeExtension(ImmutableArray<Node?> Nodes) : ITlsStruct<RatchetTreeExtension>
{
    /// <inheritdoc/>
    public static RatchetTreeExtension Read(TlsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ImmutableArray<Node?> nodes = reader.ReadVectorOf(static r => r.ReadOptional(Node.Read), MessageLimits.TreeNodesMax);
        if (!IsWellFormed(nodes))
            reader.Fail(DecodeError.RatchetTreeInvalid);
        return new RatchetTreeExtension(nodes);
    }

    /// <inheritdoc/>
    public void Write(TlsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteVectorOf(Nodes, static (w, node) => w.WriteOptional(node, Tls.WriteStruct));
    }

    private static bool IsWellFormed(ImmutableArray<Node?> nodes)
    {
        if (nodes.Length == 0 || nodes[^1] is null)
            return false;
        for (int i = 0; i < nodes.Length; i++)
        {
            bool belongs = nodes[i] switch
            {
                null => true,
                Node.Leaf => i % 2 == 0,
                Node.Parent => i % 2 == 1,
                _ => false,
            };
            if (!belongs)
                return false;
        }

        return true;
    }
}

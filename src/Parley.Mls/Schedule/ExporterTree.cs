using Parley.Mls.Crypto;
using Parley.Mls.Messages.Components;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Storage;
using Parley.Mls.Tree;

namespace Parley.Mls.Schedule;

/// <summary>
/// draft-ietf-mls-extensions-09 §4.4: a tree like the secret tree with one leaf for each component id, so that each component's secret can
/// be given away and deleted by itself. Kept is the frontier between exported leaves and the others: once a secret has been
/// exported, neither it nor anything it came from is left here or in what is stored.
/// </summary>
internal sealed class ExporterTree : IDisposable
{
    /// <summary>One for each value of a component id.</summary>
    public const int LeafCount = 1 << 16;

    private readonly Dictionary<NodeIndex, Secret> _nodes = [];
    private StateLog? _log;

    /// <summary>Takes the application_export_secret.</summary>
    public static ExporterTree Create(Secret applicationExportSecret)
    {
        var tree = new ExporterTree();
        tree._nodes.Add(NodeIndex.Root(LeafCount), applicationExportSecret);
        return tree;
    }

    /// <summary>An empty tree, to be filled from storage.</summary>
    public static ExporterTree CreateEmpty() => new();

    /// <summary>From now on writes each change to the log, and at once all there is.</summary>
    public void Attach(StateLog log, bool writeAll)
    {
        _log = log;
        if (!writeAll)
            return;
        foreach ((NodeIndex index, Secret secret) in _nodes)
            log.Put(StateKey.ExporterNode(index), secret.AsSpan().ToArray());
    }

    /// <summary>Takes a node's secret.</summary>
    public void Restore(NodeIndex index, Secret secret) => _nodes.Add(index, secret);

    /// <summary>The secret of a component, which the caller disposes; null if it was taken before.</summary>
    public Secret? Take(CryptoSuite suite, ComponentId component)
    {
        var leaf = new LeafIndex((uint)component);
        NodeIndex node = NodeIndex.OfLeaf(leaf);
        while (!_nodes.ContainsKey(node))
        {
            if (node.Parent(LeafCount) is not { } parent)
                return null;
            node = parent;
        }

        _nodes.Remove(node, out Secret? secret);
        _log?.Delete(StateKey.ExporterNode(node));
        while (!node.IsLeaf)
        {
            using Secret parent = secret!;
            Secret left = suite.ExpandWithLabel(parent.AsSpan(), "tree", "left"u8, suite.HashBytes);
            Secret right = suite.ExpandWithLabel(parent.AsSpan(), "tree", "right"u8, suite.HashBytes);
            NodeIndex leftNode = node.Left!.Value; // A parent has both children.
            NodeIndex rightNode = node.Right!.Value;
            bool isLeft = leftNode.Covers(leaf);
            Keep(isLeft ? rightNode : leftNode, isLeft ? right : left);
            (node, secret) = isLeft ? (leftNode, left) : (rightNode, right);
        }

        return secret;
    }

    /// <summary>Deletes all of it from the log and zeroes it.</summary>
    public void Delete()
    {
        foreach (NodeIndex index in _nodes.Keys)
            _log?.Delete(StateKey.ExporterNode(index));
        Dispose();
    }

    public void Dispose()
    {
        foreach (Secret secret in _nodes.Values)
            secret.Dispose();
        _nodes.Clear();
    }

    private void Keep(NodeIndex index, Secret secret)
    {
        _nodes.Add(index, secret);
        _log?.Put(StateKey.ExporterNode(index), secret.AsSpan().ToArray());
    }
}

using System.Numerics;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Tree;

namespace Parley.Interop.Tests.TsMls;

/// <summary>
/// Where ts-mls 1.6.4 departs from RFC 9420, each case told exactly, so that random groups avoid or expect that and nothing else. Tests
/// show that ts-mls departs there. The first is the only one in which a mixed group cannot go on.
/// </summary>
internal static class TsDepartures
{
    /// <summary>What ts-mls says when it refuses a tree for <see cref="RefusesTree"/>.</summary>
    public const string TreeRefusal = "non-blank intermediate node must list leaf node in its unmerged_leaves";

    /// <summary>
    /// What ts-mls says to a member that a Commit removes while it adds another at the same leaf (RFC 9420 §12.3: Adds come after Removes).
    /// It looks for its removal in the tree after both, and so does not see it.
    /// </summary>
    public const string RemovalRefusal = "No overlap between provided private keys and update path";

    /// <summary>
    /// RFC 9420 §7.4: the commit secret is one step after the last node of the committer's filtered direct path. ts-mls takes one more
    /// step where that node is not the root: whenever a Commit has a path and the other half of the tree is blank after its proposals.
    /// As the right half of a tree is never all blank, that is the left one.
    /// </summary>
    /// <param name="leaves">The leaves that are not blank before the Commit.</param>
    /// <param name="removed">Those the Commit removes.</param>
    /// <param name="added">How many it adds, each at the leftmost blank leaf.</param>
    public static bool DerivesOnToRoot(IEnumerable<uint> leaves, IEnumerable<uint> removed, int added)
    {
        HashSet<uint> after = [.. leaves.Except(removed)];
        for (uint leaf = 0; added > 0; leaf++)
        {
            if (after.Add(leaf))
                added--;
        }

        uint leafCount = BitOperations.RoundUpToPowerOf2(after.Max() + 1);
        return leafCount > 1 && after.All(leaf => leaf >= leafCount / 2);
    }

    /// <summary>
    /// RFC 9420 §7.9.2: every non-blank node between a parent and one of its unmerged leaves lists that leaf, too. When joining, ts-mls
    /// demands more: that all non-blank nodes above an unmerged leaf have the very same unmerged leaves.
    /// </summary>
    public static bool RefusesTree(RatchetTreeExtension tree)
    {
        foreach (Node? node in tree.Nodes)
        {
            foreach (LeafIndex leaf in UnmergedLeaves(node))
            {
                if (Above(tree, leaf).Any(above => !UnmergedLeaves(above).SequenceEqual(UnmergedLeaves(node))))
                    return true;
            }
        }

        return false;
    }

    private static IEnumerable<LeafIndex> UnmergedLeaves(Node? node) => node is Node.Parent parent ? parent.ParentNode.UnmergedLeaves : [];

    /// <summary>The non-blank nodes on a leaf's direct path.</summary>
    private static IEnumerable<Node> Above(RatchetTreeExtension tree, LeafIndex leaf)
    {
        for (int level = 1; (1 << level) - 1 < tree.Nodes.Length; level++)
        {
            int index = (int)((leaf.Value >> level) << (level + 1)) + (1 << level) - 1;
            if (index < tree.Nodes.Length && tree.Nodes[index] is { } node)
                yield return node;
        }
    }
}

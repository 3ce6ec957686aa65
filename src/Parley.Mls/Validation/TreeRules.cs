using Parley.Mls.Crypto;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tree;

namespace Parley.Mls.Validation;

/// <summary>RFC 9420 §12.4.3.1: the rules for a tree from outside, before it is used for anything.</summary>
internal static class TreeRules
{
    /// <summary>Checks the whole tree.</summary>
    /// <exception cref="MlsException">It breaks a rule.</exception>
    public static void Check(CryptoSuite suite, LeafNodeRules leafRules, RatchetTree tree, ReadOnlyMemory<byte> treeHash, DateTimeOffset? now, int threads = 1)
    {
        // First what costs little; the signatures of all leaves come last.
        MlsException.ThrowIf(tree.Keys.HasDuplicate, MlsError.KeyNotUnique);
        CheckUnmergedLeaves(tree);
        MlsException.ThrowIf(!treeHash.Span.SequenceEqual(tree.TreeHash(suite)), MlsError.TreeHashMismatch);
        MlsException.ThrowIf(!ParentHash.IsValid(suite, tree.Root), MlsError.ParentHashInvalid);
        MlsException.ThrowIf(!tree.Root.CredentialTypes.AreSupported, MlsError.CredentialNotSupportedByGroup);
        var members = new List<(LeafIndex Index, LeafNode Leaf)>(tree.MemberCount);
        members.AddRange(tree.Members());
        foreach ((_, LeafNode leaf) in members)
            leafRules.CheckContent(leaf, LeafPlace.JoinedTree, now);
        IEnumerable<LeafProof> proofs = SharedWork.Select(members, threads, member => leafRules.Prove(member.Leaf, LeafPlace.JoinedTree, member.Index));
        foreach (((_, LeafNode leaf), LeafProof proof) in members.Zip(proofs))
            leafRules.CheckProof(leaf, proof);
    }

    /// <summary>
    /// Each unmerged leaf is a member below its node, and every parent between that is not blank lists it too. One walk down with the
    /// list of the nearest parent above: a leaf that is in it must be in the next list as well.
    /// </summary>
    public static void CheckUnmergedLeaves(RatchetTree tree) => CheckUnmergedLeaves(tree.Root, []);

    private static void CheckUnmergedLeaves(Subtree node, ReadOnlySpan<LeafIndex> above)
    {
        ReadOnlySpan<LeafIndex> expected = node.Below(above);
        switch (node)
        {
            case { IsBlank: true }:
                MlsException.ThrowIf(!expected.IsEmpty, MlsError.UnmergedLeavesInvalid);
                break;
            case Subtree.Branch { Node: { } parent } branch:
                ReadOnlySpan<LeafIndex> own = parent.UnmergedLeaves.AsSpan();
                MlsException.ThrowIf(branch.Below(own).Length != own.Length || !IsSubset(expected, own), MlsError.UnmergedLeavesInvalid);
                CheckUnmergedLeaves(branch.Left, own);
                CheckUnmergedLeaves(branch.Right, own);
                break;
            case Subtree.Branch branch:
                CheckUnmergedLeaves(branch.Left, expected);
                CheckUnmergedLeaves(branch.Right, expected);
                break;
        }
    }

    private static bool IsSubset(ReadOnlySpan<LeafIndex> subset, ReadOnlySpan<LeafIndex> sorted)
    {
        int position = 0;
        foreach (LeafIndex leaf in subset)
        {
            while (position < sorted.Length && sorted[position].Value < leaf.Value)
                position++;
            if (position == sorted.Length || sorted[position] != leaf)
                return false;
        }

        return true;
    }
}

using System.Collections.Concurrent;
using Parley.Mls.Crypto;

namespace Parley.Mls.Tree;

/// <summary>
/// RFC 9420 §7.8: tree hashes of subtrees that are blank. As a leaf's index is hashed with it, each place has one of its own, and a tree of
/// 65,536 leaves, whose blank ones take a byte each on their way, has as many. But they are the same in all groups: what was computed once is kept,
/// so that only the first such tree costs its receiver more than its bytes.
/// </summary>
internal static class BlankTreeHash
{
    // Smaller subtrees take less time than room: from here on there are at most 8,191 for each hash algorithm, about a megabyte.
    private const int KeptHeightMin = 4;

    private static readonly ConcurrentDictionary<(HashAlgorithm Algorithm, int Height, uint FirstLeaf), byte[]> Kept = new();

    /// <summary>The tree hash. The caller does not change the array.</summary>
    public static byte[] Of(CryptoSuite suite, int height, uint firstLeaf)
    {
        if (height < KeptHeightMin)
            return Compute(suite, height, firstLeaf);
        (HashAlgorithm, int, uint) place = (suite.Parameters.Hash, height, firstLeaf);
        return Kept.TryGetValue(place, out byte[]? kept) ? kept : Kept.GetOrAdd(place, Compute(suite, height, firstLeaf));
    }

    private static byte[] Compute(CryptoSuite suite, int height, uint firstLeaf) => height == 0
        ? Subtree.HashOfLeaf(suite, firstLeaf, null)
        : Subtree.HashOfParent(suite, null, Of(suite, height - 1, firstLeaf), Of(suite, height - 1, firstLeaf + (1u << (height - 1))));
}

using System.Text.Json;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tree;
using Parley.Mls.Validation;

namespace Parley.Mls.Tests.Vectors;

/// <summary>The working group's vectors of RFC 9420 §4, §7 and appendix C.</summary>
public sealed class TreeVectorTests
{
    [Fact]
    public void Tree_math() => VectorFiles.RunAll("mls", "tree-math", RunTreeMath);

    [Fact]
    public void Tree_operations() => VectorFiles.RunAll("mls", "tree-operations", RunTreeOperation);

    [Fact]
    public void Tree_validation() => VectorFiles.RunAll("mls", "tree-validation", RunTreeValidation);

    private static string? RunTreeMath(JsonElement vector)
    {
        int leaves = vector.Int("n_leaves");
        Assert.Equal(vector.Int("n_nodes"), NodeIndex.Width(leaves));
        Assert.Equal(vector.UInt("root"), NodeIndex.Root(leaves).Value);
        for (uint i = 0; i < NodeIndex.Width(leaves); i++)
        {
            var node = new NodeIndex(i);
            Assert.Equal(Optional(vector, "left", i), node.Left?.Value);
            Assert.Equal(Optional(vector, "right", i), node.Right?.Value);
            Assert.Equal(Optional(vector, "parent", i), node.Parent(leaves)?.Value);
            Assert.Equal(Optional(vector, "sibling", i), node.Sibling(leaves)?.Value);
        }

        return null;
    }

    private static string? RunTreeOperation(JsonElement vector)
    {
        CryptoSuite suite = Suites.Of(vector);
        RatchetTree tree = Tree(vector.Hex("tree_before"));
        Assert.Equal(vector.Hex("tree_hash_before"), tree.TreeHash(suite));
        RatchetTree after = Suites.Decode<Proposal>(vector.Hex("proposal")) switch
        {
            Proposal.Add add => tree.Add(add.KeyPackage.LeafNode, out _),
            Proposal.Update update => tree.Update(new LeafIndex(vector.UInt("proposal_sender")), update.LeafNode),
            Proposal.Remove remove => tree.Remove(remove.Removed).Truncate(),
            _ => throw new FormatException("Not a proposal that changes the tree."),
        };
        Assert.Equal(vector.Hex("tree_after"), after.ToExtension().Encode());
        Assert.Equal(vector.Hex("tree_hash_after"), after.TreeHash(suite));
        Assert.Equal(vector.Hex("tree_before"), tree.ToExtension().Encode());
        return null;
    }

    private static string? RunTreeValidation(JsonElement vector)
    {
        CryptoSuite suite = Suites.Of(vector);
        RatchetTree tree = Tree(vector.Hex("tree"));
        byte[][] hashes = [.. vector.Items("tree_hashes").Select(static hash => Convert.FromHexString(hash.GetString()!))]; // A list of strings.
        uint[][] resolutions = [.. vector.Items("resolutions").Select(static nodes => nodes.EnumerateArray().Select(static node => node.GetUInt32()).ToArray())];
        CompareNodes(suite, tree.Root, hashes, resolutions);
        var rules = new LeafNodeRules(suite, Suites.Config(suite), vector.Hex("group_id"), []);
        TreeRules.Check(suite, rules, tree, hashes[tree.Root.Index.Value], null);
        return null;
    }

    private static void CompareNodes(CryptoSuite suite, Subtree node, byte[][] hashes, uint[][] resolutions)
    {
        Assert.Equal(hashes[node.Index.Value], node.TreeHash(suite));
        Assert.Equal(resolutions[node.Index.Value], RatchetTree.Resolution(node, new HashSet<LeafIndex>()).Select(static found => found.Index.Value));
        if (node is not Subtree.Branch branch)
            return;
        CompareNodes(suite, branch.Left, hashes, resolutions);
        CompareNodes(suite, branch.Right, hashes, resolutions);
    }

    private static RatchetTree Tree(byte[] encoded) => RatchetTree.FromExtension(Suites.Decode<RatchetTreeExtension>(encoded));

    private static uint? Optional(JsonElement vector, string name, uint index)
    {
        JsonElement member = vector.GetProperty(name)[(int)index];
        return member.ValueKind == JsonValueKind.Null ? null : member.GetUInt32();
    }
}

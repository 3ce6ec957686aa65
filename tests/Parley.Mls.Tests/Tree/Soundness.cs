using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Tests.Groups;
using Parley.Mls.Tree;

namespace Parley.Mls.Tests.Tree;

/// <summary>
/// RFC 9420 §7: a member holds the private keys of exactly those nodes above its leaf that are not blank and do not list it as unmerged,
/// and each fits the public key.
/// </summary>
internal static class Soundness
{
    public static void Assert(Client client)
    {
        EpochState epoch = client.Epoch();
        RatchetTree tree = epoch.Tree;
        var held = epoch.PrivateKeys.All.ToDictionary(static entry => entry.Key, static entry => entry.Value);
        Subtree node = tree.Root;
        while (true)
        {
            bool unmerged = node is Subtree.Branch { Node: { } parent } && parent.UnmergedLeaves.Contains(epoch.Self);
            bool expected = node.EncryptionKey is not null && !unmerged;
            Xunit.Assert.True(expected == held.Remove(node.Index, out Secret? key), $"{client.Name} and the key of node {node.Index.Value}");
            if (key is not null)
            {
                using HpkeKeyPair? pair = epoch.Suite.ImportHpkeKeyPair(key.AsSpan());
                Xunit.Assert.True(node.EncryptionKey!.Value.Span.SequenceEqual(pair!.PublicKey), $"{client.Name} has the wrong key of node {node.Index.Value}");
            }

            if (node is not Subtree.Branch branch)
                break;
            node = branch.Toward(epoch.Self);
        }

        Xunit.Assert.Empty(held);
    }
}

using System.Collections.Immutable;
using System.Security.Cryptography;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Tree;

/// <summary>RFC 9420 §7.4–§7.6: fresh keys along a committer's filtered direct path, and how the others learn them.</summary>
internal static class TreeKem
{
    private const string PathNodeLabel = "UpdatePathNode";

    private static readonly HashSet<LeafIndex> NoLeaves = [];

    /// <summary>RFC 9420 §7.4: the path secrets from the first one on, and the key pairs they give. One more secret than nodes: the last is the commit secret.</summary>
    public static FreshPath Derive(CryptoSuite suite, Secret firstPathSecret, int nodeCount)
    {
        var fresh = new FreshPath(firstPathSecret.Clone());
        Span<byte> nodeSecret = stackalloc byte[suite.HashBytes];
        try
        {
            for (int i = 0; i < nodeCount; i++)
            {
                ReadOnlySpan<byte> secret = fresh.PathSecrets[i].AsSpan();
                suite.ExpandWithLabel(secret, "node", [], nodeSecret);
                fresh.KeyPairs.Add(suite.DeriveHpkeKeyPair(nodeSecret));
                fresh.PathSecrets.Add(suite.DeriveSecret(secret, "path"));
            }

            return fresh;
        }
        catch
        {
            fresh.Dispose();
            throw;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(nodeSecret);
        }
    }

    /// <summary>RFC 9420 §7.6: encrypts each path secret to the resolution of the copath child, new leaves left out.</summary>
    /// <exception cref="MlsException">A member's public key is not valid.</exception>
    public static ImmutableArray<UpdatePathNode> Encrypt(
        CryptoSuite suite, IReadOnlyList<PathNode> path, FreshPath fresh, ISet<LeafIndex>? newLeaves, ReadOnlySpan<byte> provisionalContext, int threads = 1)
    {
        var receivers = new List<(ReadOnlyMemory<byte> PublicKey, Secret PathSecret)>();
        int[] counts = new int[path.Count];
        for (int i = 0; i < path.Count; i++)
        {
            List<Subtree> resolution = RatchetTree.Resolution(path[i].Copath, newLeaves ?? NoLeaves);
            counts[i] = resolution.Count;
            foreach (Subtree target in resolution)
                receivers.Add((target.EncryptionKey ?? throw new InvalidOperationException("A resolution holds no blank node."), fresh.PathSecrets[i]));
        }

        using IEnumerator<HpkeCiphertext?> encrypted = suite.EncryptAll(receivers, suite.EncryptContext(PathNodeLabel, provisionalContext), threads).GetEnumerator();
        ImmutableArray<UpdatePathNode>.Builder nodes = ImmutableArray.CreateBuilder<UpdatePathNode>(path.Count);
        for (int i = 0; i < path.Count; i++)
        {
            ImmutableArray<HpkeCiphertext>.Builder ciphertexts = ImmutableArray.CreateBuilder<HpkeCiphertext>(counts[i]);
            while (ciphertexts.Count < counts[i] && encrypted.MoveNext())
                ciphertexts.Add(encrypted.Current ?? throw new MlsException(MlsError.PathDecryptionFailed));
            nodes.Add(new UpdatePathNode(fresh.KeyPairs[i].PublicKey, ciphertexts.MoveToImmutable()));
        }

        return nodes.MoveToImmutable();
    }

    /// <summary>RFC 9420 §7.5: checks that the path has a node for each node, and a ciphertext for each member of the resolutions.</summary>
    public static void CheckShape(IReadOnlyList<PathNode> path, UpdatePath update, ISet<LeafIndex>? newLeaves)
    {
        MlsException.ThrowIf(update.Nodes.Length != path.Count, MlsError.PathLengthInvalid);
        for (int i = 0; i < path.Count; i++)
        {
            int expected = ReceiverCount(path[i].Copath, newLeaves ?? NoLeaves);
            MlsException.ThrowIf(update.Nodes[i].EncryptedPathSecret.Length != expected, MlsError.PathCiphertextCountInvalid);
        }
    }

    /// <summary>
    /// RFC 9420 §7.5: finds the ciphertext that this member can open, opens it, and derives the secrets above it. The private keys are
    /// added to <paramref name="keys"/>; the commit secret is returned and is the caller's.
    /// </summary>
    /// <exception cref="MlsException">Nothing can be opened, or a derived key is not the one in the path.</exception>
    public static Secret Decrypt(
        CryptoSuite suite,
        IReadOnlyList<PathNode> path,
        UpdatePath update,
        LeafIndex self,
        TreePrivateKeys keys,
        ISet<LeafIndex>? newLeaves,
        ReadOnlySpan<byte> provisionalContext)
    {
        int common = 0;
        while (common < path.Count && !path[common].Copath.Covers(self))
            common++;
        Invariant.That(common < path.Count);
        using Secret pathSecret = Open(suite, path[common], update.Nodes[common], self, keys, newLeaves, provisionalContext);
        using FreshPath fresh = Derive(suite, pathSecret, path.Count - common);
        for (int i = common; i < path.Count; i++)
        {
            bool matches = update.Nodes[i].EncryptionKey.Span.SequenceEqual(fresh.KeyPairs[i - common].PublicKey);
            MlsException.ThrowIf(!matches, MlsError.PathKeyMismatch);
        }

        fresh.MovePrivateKeys(path.Skip(common), keys);
        return fresh.CommitSecret.Clone();
    }

    private static Secret Open(
        CryptoSuite suite,
        PathNode node,
        UpdatePathNode update,
        LeafIndex self,
        TreePrivateKeys keys,
        ISet<LeafIndex>? newLeaves,
        ReadOnlySpan<byte> provisionalContext)
    {
        (Subtree target, int place) = Receiver(node.Copath, self, newLeaves ?? NoLeaves);
        if (keys[target.Index] is { } privateKey && target.EncryptionKey is { } publicKey)
        {
            HpkeCiphertext sealedSecret = update.EncryptedPathSecret[place];
            Secret? opened = suite.DecryptWithLabel(
                privateKey.AsSpan(), publicKey.Span, PathNodeLabel, provisionalContext, sealedSecret.KemOutput.Span, sealedSecret.Ciphertext.Span);
            if (opened is not null && opened.Length == suite.HashBytes)
                return opened;
            opened?.Dispose();
        }

        throw new MlsException(MlsError.PathDecryptionFailed);
    }

    /// <summary>How many nodes of a resolution a path secret is encrypted to. A new leaf is unmerged in each parent above it, so it is in every resolution.</summary>
    private static int ReceiverCount(Subtree copath, ISet<LeafIndex> newLeaves) => copath.ResolutionCount - newLeaves.Count(copath.Covers);

    /// <summary>The node of a resolution, new leaves left out, that a member has the key of, and its place there.</summary>
    private static (Subtree Node, int Place) Receiver(Subtree copath, LeafIndex member, ISet<LeafIndex> newLeaves)
    {
        int place = 0;
        Subtree node = copath;
        while (node is Subtree.Branch branch)
        {
            if (branch.Node is not { } parent)
            {
                if (!branch.Left.Covers(member))
                    place += ReceiverCount(branch.Left, newLeaves);
            }
            else if (!parent.UnmergedLeaves.Contains(member))
            {
                return (branch, place);
            }
            else
            {
                place += 1 + parent.UnmergedLeaves.Count(leaf => leaf.Value < member.Value && !newLeaves.Contains(leaf));
                return (RatchetTree.LeafBelow(branch, member), place);
            }

            node = branch.Toward(member);
        }

        return (node, place);
    }
}

/// <summary>The secrets of a fresh path, from the leaf up. Disposing zeroes what has not been moved elsewhere.</summary>
internal sealed class FreshPath(Secret first) : IDisposable
{
    /// <summary>One for each node, and the commit secret.</summary>
    public List<Secret> PathSecrets { get; } = [first];

    public List<HpkeKeyPair> KeyPairs { get; } = [];

    public Secret CommitSecret => PathSecrets[^1];

    /// <summary>Gives the private keys away, each to its node.</summary>
    public void MovePrivateKeys(IEnumerable<PathNode> nodes, TreePrivateKeys keys)
    {
        foreach ((PathNode node, HpkeKeyPair pair) in nodes.Zip(KeyPairs))
            keys.Set(node.Index, pair.PrivateKey);
        KeyPairs.Clear();
    }

    public void Dispose()
    {
        PathSecrets.ForEach(static secret => secret.Dispose());
        KeyPairs.ForEach(static pair => pair.Dispose());
    }
}

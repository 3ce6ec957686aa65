using System.Collections.Immutable;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Tree;

/// <summary>
/// The public keys in use in a tree, so that "no key appears twice" (RFC 9420 §7.3, §12.4.2, §12.4.3.1) costs one look-up and not a walk
/// over the tree. Immutable, like the tree it belongs to. A joined tree may hold a key twice; that is noted and refused by its validation.
/// </summary>
internal sealed class KeyIndex
{
    private readonly ImmutableHashSet<KeyBytes> _encryptionKeys;
    private readonly ImmutableHashSet<KeyBytes> _signatureKeys;

    private KeyIndex(ImmutableHashSet<KeyBytes> encryptionKeys, ImmutableHashSet<KeyBytes> signatureKeys, bool hasDuplicate)
    {
        _encryptionKeys = encryptionKeys;
        _signatureKeys = signatureKeys;
        HasDuplicate = hasDuplicate;
    }

    public static KeyIndex Empty { get; } = new([], [], false);

    /// <summary>Whether a key was added that was there already.</summary>
    public bool HasDuplicate { get; }

    public static KeyIndex Of(ImmutableArray<Node?> nodes)
    {
        ImmutableHashSet<KeyBytes>.Builder encryption = ImmutableHashSet.CreateBuilder<KeyBytes>();
        ImmutableHashSet<KeyBytes>.Builder signature = ImmutableHashSet.CreateBuilder<KeyBytes>();
        bool duplicate = false;
        foreach (Node? node in nodes)
        {
            switch (node)
            {
                case Node.Leaf leaf:
                    duplicate |= !encryption.Add(new KeyBytes(leaf.LeafNode.EncryptionKey)) | !signature.Add(new KeyBytes(leaf.LeafNode.SignatureKey));
                    break;
                case Node.Parent parent:
                    duplicate |= !encryption.Add(new KeyBytes(parent.ParentNode.EncryptionKey));
                    break;
            }
        }

        return new KeyIndex(encryption.ToImmutable(), signature.ToImmutable(), duplicate);
    }

    public bool HasEncryptionKey(ReadOnlyMemory<byte> key) => _encryptionKeys.Contains(new KeyBytes(key));

    public bool HasSignatureKey(ReadOnlyMemory<byte> key) => _signatureKeys.Contains(new KeyBytes(key));

    public KeyIndex Add(LeafNode leaf)
    {
        var encryption = new KeyBytes(leaf.EncryptionKey);
        var signature = new KeyBytes(leaf.SignatureKey);
        bool duplicate = HasDuplicate || _encryptionKeys.Contains(encryption) || _signatureKeys.Contains(signature);
        return new KeyIndex(_encryptionKeys.Add(encryption), _signatureKeys.Add(signature), duplicate);
    }

    public KeyIndex Add(ParentNode node)
    {
        var key = new KeyBytes(node.EncryptionKey);
        return new KeyIndex(_encryptionKeys.Add(key), _signatureKeys, HasDuplicate || _encryptionKeys.Contains(key));
    }

    public KeyIndex Remove(LeafNode? leaf) =>
        leaf is null ? this : new KeyIndex(_encryptionKeys.Remove(new KeyBytes(leaf.EncryptionKey)), _signatureKeys.Remove(new KeyBytes(leaf.SignatureKey)), HasDuplicate);

    public KeyIndex Remove(ParentNode? node) =>
        node is null ? this : new KeyIndex(_encryptionKeys.Remove(new KeyBytes(node.EncryptionKey)), _signatureKeys, HasDuplicate);
}

using System.Collections.Immutable;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Tree;

/// <summary>
/// The public keys in use in a tree, so that "no key appears twice" (RFC 9420 §7.3, §12.4.2, §12.4.3.1) costs one look-up and not a walk
/// over the tree. Immutable, like the tree it belongs to. A joined tree may hold a key twice; that is noted and refused by its validation.
/// </summary>
internal sealed class KeyIndex
{
    private readonly KeySet _encryptionKeys;
    private readonly KeySet _signatureKeys;

    private KeyIndex(KeySet encryptionKeys, KeySet signatureKeys, bool hasDuplicate)
    {
        _encryptionKeys = encryptionKeys;
        _signatureKeys = signatureKeys;
        HasDuplicate = hasDuplicate;
    }

    /// <summary>Whether a key was added that was there already.</summary>
    public bool HasDuplicate { get; }

    public static KeyIndex Of(ImmutableArray<Node?> nodes)
    {
        bool hasDuplicate = false;
        KeySet encryptionKeys = KeySet.Of(
            nodes,
            static node => node switch
            {
                Node.Leaf leaf => leaf.LeafNode.EncryptionKey,
                Node.Parent parent => parent.ParentNode.EncryptionKey,
                _ => (ReadOnlyMemory<byte>?)null,
            },
            ref hasDuplicate);
        KeySet signatureKeys = KeySet.Of(nodes, static node => (node as Node.Leaf)?.LeafNode.SignatureKey, ref hasDuplicate);
        return new KeyIndex(encryptionKeys, signatureKeys, hasDuplicate);
    }

    public bool HasEncryptionKey(ReadOnlyMemory<byte> key) => _encryptionKeys.Contains(new KeyBytes(key));

    public bool HasSignatureKey(ReadOnlyMemory<byte> key) => _signatureKeys.Contains(new KeyBytes(key));

    /// <summary>Starts a change of several keys.</summary>
    public Builder ToBuilder() => new(this);

    /// <summary>Collects changes to an index, which itself stays as it is.</summary>
    internal sealed class Builder(KeyIndex index)
    {
        private KeySet _encryptionKeys = index._encryptionKeys;
        private KeySet _signatureKeys = index._signatureKeys;
        private bool _hasDuplicate = index.HasDuplicate;

        public void Add(LeafNode leaf)
        {
            Add(ref _encryptionKeys, leaf.EncryptionKey);
            Add(ref _signatureKeys, leaf.SignatureKey);
        }

        public void Add(ParentNode node) => Add(ref _encryptionKeys, node.EncryptionKey);

        public void Remove(LeafNode? leaf)
        {
            if (leaf is null)
                return;
            _encryptionKeys = _encryptionKeys.Without(new KeyBytes(leaf.EncryptionKey));
            _signatureKeys = _signatureKeys.Without(new KeyBytes(leaf.SignatureKey));
        }

        public void Remove(ParentNode? node)
        {
            if (node is not null)
                _encryptionKeys = _encryptionKeys.Without(new KeyBytes(node.EncryptionKey));
        }

        public KeyIndex ToIndex() => new(_encryptionKeys, _signatureKeys, _hasDuplicate);

        private void Add(ref KeySet keys, ReadOnlyMemory<byte> key)
        {
            KeySet added = keys.With(new KeyBytes(key));
            _hasDuplicate |= ReferenceEquals(added, keys);
            keys = added;
        }
    }
}

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
        var builder = new Builder(Empty);
        foreach (Node? node in nodes)
        {
            switch (node)
            {
                case Node.Leaf leaf:
                    builder.Add(leaf.LeafNode);
                    break;
                case Node.Parent parent:
                    builder.Add(parent.ParentNode);
                    break;
            }
        }

        return builder.ToIndex();
    }

    public bool HasEncryptionKey(ReadOnlyMemory<byte> key) => _encryptionKeys.Contains(new KeyBytes(key));

    public bool HasSignatureKey(ReadOnlyMemory<byte> key) => _signatureKeys.Contains(new KeyBytes(key));

    /// <summary>Starts a change of several keys, which copies what it touches once.</summary>
    public Builder ToBuilder() => new(this);

    /// <summary>Collects changes to an index, which itself stays as it is.</summary>
    internal sealed class Builder(KeyIndex index)
    {
        private readonly ImmutableHashSet<KeyBytes>.Builder _encryptionKeys = index._encryptionKeys.ToBuilder();
        private readonly ImmutableHashSet<KeyBytes>.Builder _signatureKeys = index._signatureKeys.ToBuilder();
        private bool _hasDuplicate = index.HasDuplicate;

        public void Add(LeafNode leaf)
        {
            _hasDuplicate |= !_encryptionKeys.Add(new KeyBytes(leaf.EncryptionKey));
            _hasDuplicate |= !_signatureKeys.Add(new KeyBytes(leaf.SignatureKey));
        }

        public void Add(ParentNode node) => _hasDuplicate |= !_encryptionKeys.Add(new KeyBytes(node.EncryptionKey));

        public void Remove(LeafNode? leaf)
        {
            if (leaf is null)
                return;
            _encryptionKeys.Remove(new KeyBytes(leaf.EncryptionKey));
            _signatureKeys.Remove(new KeyBytes(leaf.SignatureKey));
        }

        public void Remove(ParentNode? node)
        {
            if (node is not null)
                _encryptionKeys.Remove(new KeyBytes(node.EncryptionKey));
        }

        public KeyIndex ToIndex() => new(_encryptionKeys.ToImmutable(), _signatureKeys.ToImmutable(), _hasDuplicate);
    }
}

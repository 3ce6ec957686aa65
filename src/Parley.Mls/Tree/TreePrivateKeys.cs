using Parley.Mls.Crypto;

namespace Parley.Mls.Tree;

/// <summary>
/// RFC 9420 §7: the private keys a member holds, of its leaf and of nodes above it. A set made from another shares the secrets it
/// keeps; <see cref="DisposeReplacedBy"/> zeroes those it does not.
/// </summary>
internal sealed class TreePrivateKeys : IDisposable
{
    private readonly Dictionary<NodeIndex, Secret> _keys;

    public TreePrivateKeys() => _keys = [];

    private TreePrivateKeys(Dictionary<NodeIndex, Secret> keys) => _keys = keys;

    public IEnumerable<KeyValuePair<NodeIndex, Secret>> All => _keys;

    public Secret? this[NodeIndex index] => _keys.GetValueOrDefault(index);

    /// <summary>Takes ownership of the key.</summary>
    public void Set(NodeIndex index, Secret key) => _keys[index] = key;

    /// <summary>The keys whose node still has the public key that a tree gives it; the secrets are shared.</summary>
    public TreePrivateKeys Where(Func<NodeIndex, bool> isKept)
    {
        var kept = new Dictionary<NodeIndex, Secret>();
        foreach ((NodeIndex index, Secret key) in _keys)
        {
            if (isKept(index))
                kept.Add(index, key);
        }

        return new TreePrivateKeys(kept);
    }

    /// <summary>Zeroes the keys that are not in the successor.</summary>
    public void DisposeReplacedBy(TreePrivateKeys? successor)
    {
        foreach ((NodeIndex index, Secret key) in _keys)
        {
            if (successor is null || !ReferenceEquals(successor[index], key))
                key.Dispose();
        }
    }

    public void Dispose() => DisposeReplacedBy(null);
}

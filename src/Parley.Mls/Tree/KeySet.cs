using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Tree;

/// <summary>
/// An immutable set of public keys: a trie over their hashes, sixteen ways at each level, with small arrays at its ends. A change copies
/// one way down and shares the rest, and a look-up reads few places in memory, however many keys there are.
/// </summary>
internal sealed class KeySet
{
    private const int WayBits = 4;
    private const int Ways = 1 << WayBits;
    private const int FirstShift = 32 - WayBits;

    // More are split by the next bits of their hashes, as long as there are any.
    private const int EntriesMax = 16;

    private readonly TrieNode _root;

    private KeySet(TrieNode root) => _root = root;

    /// <summary>The set of many keys at once.</summary>
    /// <param name="nodes">What has a key, or has none.</param>
    /// <param name="keyOf">Tells its key.</param>
    /// <param name="hasDuplicate">Set if two have the same key.</param>
    public static KeySet Of(ImmutableArray<Node?> nodes, Func<Node?, ReadOnlyMemory<byte>?> keyOf, ref bool hasDuplicate)
    {
        Entry[] entries = ArrayPool<Entry>.Shared.Rent(2 * nodes.Length);
        try
        {
            int count = 0;
            foreach (Node? node in nodes)
            {
                if (keyOf(node) is { } key)
                    entries[count++] = new Entry(new KeyBytes(key));
            }

            return new KeySet(Build(entries.AsSpan(0, count), entries.AsSpan(count, count), FirstShift, ref hasDuplicate));
        }
        finally
        {
            ArrayPool<Entry>.Shared.Return(entries, clearArray: true);
        }
    }

    public bool Contains(KeyBytes key)
    {
        var entry = new Entry(key);
        TrieNode node = _root;
        for (int shift = FirstShift; node.Children is { } children; shift -= WayBits)
            node = children[entry.Way(shift)];
        return entry.PlaceIn(node.Entries) >= 0;
    }

    /// <summary>The set with the key; itself if it has the key already.</summary>
    public KeySet With(KeyBytes key)
    {
        TrieNode root = With(_root, new Entry(key), FirstShift);
        return ReferenceEquals(root, _root) ? this : new KeySet(root);
    }

    /// <summary>The set without the key; itself if it has no such key.</summary>
    public KeySet Without(KeyBytes key)
    {
        TrieNode root = Without(_root, new Entry(key), FirstShift);
        return ReferenceEquals(root, _root) ? this : new KeySet(root);
    }

    /// <summary>Sorts the entries into their ways, level by level; what is sorted goes to <paramref name="room"/>, which is as large.</summary>
    private static TrieNode Build(Span<Entry> entries, Span<Entry> room, int shift, ref bool hasDuplicate)
    {
        if (entries.Length <= EntriesMax || shift < 0)
        {
            for (int i = 1; i < entries.Length; i++)
                hasDuplicate |= entries[i].PlaceIn(entries[..i]) >= 0;
            return new TrieNode(entries.ToArray());
        }

        Span<int> ends = stackalloc int[Ways];
        ends.Clear();
        foreach (ref readonly Entry entry in entries)
            ends[entry.Way(shift)]++;
        for (int way = 1; way < Ways; way++)
            ends[way] += ends[way - 1];
        Span<int> starts = stackalloc int[Ways];
        ends.CopyTo(starts);
        foreach (ref readonly Entry entry in entries)
            room[--starts[entry.Way(shift)]] = entry;
        var children = new TrieNode[Ways];
        for (int way = 0; way < Ways; way++)
            children[way] = Build(room[starts[way]..ends[way]], entries[starts[way]..ends[way]], shift - WayBits, ref hasDuplicate);
        return new TrieNode(children);
    }

    private static TrieNode With(TrieNode node, Entry entry, int shift)
    {
        if (node.Children is { } children)
        {
            int way = entry.Way(shift);
            return node.WithChild(way, With(children[way], entry, shift - WayBits));
        }

        if (entry.PlaceIn(node.Entries) >= 0)
            return node;
        Entry[] entries = [.. node.Entries, entry];
        bool hasDuplicate = false;
        return Build(entries, new Entry[entries.Length], shift, ref hasDuplicate);
    }

    private static TrieNode Without(TrieNode node, Entry entry, int shift)
    {
        if (node.Children is { } children)
        {
            int way = entry.Way(shift);
            return node.WithChild(way, Without(children[way], entry, shift - WayBits));
        }

        int place = entry.PlaceIn(node.Entries);
        return place < 0 ? node : new TrieNode([.. node.Entries[..place], .. node.Entries[(place + 1)..]]);
    }

    /// <summary>A key with its hash.</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly struct Entry(KeyBytes key)
    {
        private readonly KeyBytes _key = key;
        private readonly uint _hash = unchecked((uint)key.GetHashCode()); // The same bits.

        public int Way(int shift) => (int)(_hash >> shift) & (Ways - 1);

        public int PlaceIn(ReadOnlySpan<Entry> entries)
        {
            for (int i = 0; i < entries.Length; i++)
            {
                if (entries[i]._hash == _hash && entries[i]._key.Equals(_key))
                    return i;
            }

            return -1;
        }
    }

    /// <summary>Either a way for each of the next bits, or entries.</summary>
    private sealed class TrieNode
    {
        private readonly Entry[] _entries;

        public TrieNode(Entry[] entries) => _entries = entries;

        public TrieNode(TrieNode[] children)
        {
            _entries = [];
            Children = children;
        }

        public TrieNode[]? Children { get; }

        public ReadOnlySpan<Entry> Entries => _entries;

        public TrieNode WithChild(int way, TrieNode child)
        {
            if (Children is not { } children || ReferenceEquals(child, children[way]))
                return this;
            TrieNode[] changed = [.. children];
            changed[way] = child;
            return new TrieNode(changed);
        }
    }
}

using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Storage;
using Parley.Mls.Tree;

namespace Parley.Mls.Schedule;

/// <summary>
/// RFC 9420 §9: from the encryption secret at the root to two ratchets for each leaf, derived when a leaf is first used. A node's
/// secret is zeroed as soon as its children have theirs (§9.2), so what is kept is the frontier between used and unused leaves.
/// Opening is in two steps, so that a message that does not verify changes nothing: <see cref="Find"/> derives the keys beside the
/// state, and <see cref="FoundKeys.Consume"/> puts the change into effect.
/// </summary>
internal sealed class SecretTree : IDisposable
{
    private readonly CryptoSuite _suite;
    private readonly ulong _epoch;
    private readonly int _leafCount;
    private readonly RatchetLimits _limits;
    private readonly Dictionary<NodeIndex, Secret> _nodes = [];
    private readonly Dictionary<(LeafIndex Leaf, RatchetType Type), SenderRatchet> _ratchets = [];
    private StateLog? _log;

    private SecretTree(CryptoSuite suite, ulong epoch, int leafCount, RatchetLimits limits)
    {
        _suite = suite;
        _epoch = epoch;
        _leafCount = leafCount;
        _limits = limits;
    }

    public int LeafCount => _leafCount;

    /// <summary>Takes the encryption secret.</summary>
    public static SecretTree Create(CryptoSuite suite, ulong epoch, int leafCount, RatchetLimits limits, Secret encryptionSecret)
    {
        var tree = new SecretTree(suite, epoch, leafCount, limits);
        tree._nodes.Add(NodeIndex.Root(leafCount), encryptionSecret);
        return tree;
    }

    /// <summary>An empty tree, to be filled from storage.</summary>
    public static SecretTree CreateEmpty(CryptoSuite suite, ulong epoch, int leafCount, RatchetLimits limits) => new(suite, epoch, leafCount, limits);

    /// <summary>From now on writes each change to the log, and at once all there is.</summary>
    public void Attach(StateLog log, bool writeAll)
    {
        _log = log;
        if (!writeAll)
            return;
        foreach ((NodeIndex index, Secret secret) in _nodes)
            log.Put(StateKey.SecretTreeNode(_epoch, index), secret.AsSpan().ToArray());
        foreach (((LeafIndex leaf, RatchetType type), SenderRatchet ratchet) in _ratchets)
        {
            WriteRatchet(leaf, type, ratchet);
            foreach (MessageKeys keys in ratchet.Skipped.Values)
                WriteSkipped(leaf, type, keys);
        }
    }

    /// <summary>Deletes all of it from the log and zeroes it.</summary>
    public void Delete()
    {
        foreach (NodeIndex index in _nodes.Keys)
            _log?.Delete(StateKey.SecretTreeNode(_epoch, index));
        foreach (((LeafIndex leaf, RatchetType type), SenderRatchet ratchet) in _ratchets)
        {
            _log?.Delete(StateKey.Ratchet(_epoch, leaf, (byte)type));
            foreach (uint generation in ratchet.Skipped.Keys)
                _log?.Delete(StateKey.SkippedKey(_epoch, leaf, (byte)type, generation));
        }

        Dispose();
    }

    /// <summary>Writes the next unused keys of a leaf to the spans; the ratchet has moved on before it returns their generation.</summary>
    public uint Next(LeafIndex leaf, RatchetType type, Span<byte> key, Span<byte> nonce)
    {
        SenderRatchet? ratchet = _ratchets.GetValueOrDefault((leaf, type));
        if (ratchet is null)
        {
            new Unfolding(this, leaf).Apply();
            ratchet = _ratchets[(leaf, type)];
        }

        uint generation = ratchet.Generation;
        MessageKeys.Derive(_suite, ratchet.Secret, generation, key, nonce);
        ratchet.Advance(_suite);
        WriteRatchet(leaf, type, ratchet);
        return generation;
    }

    /// <summary>Whether the key of a generation has been used or given up, as the keys of all that we have sealed are.</summary>
    public bool HasPassed(LeafIndex leaf, RatchetType type, uint generation) =>
        _ratchets.TryGetValue((leaf, type), out SenderRatchet? ratchet) && generation < ratchet.Generation && !ratchet.Skipped.ContainsKey(generation);

    /// <summary>Writes the keys of a generation to the spans, with no change to the tree.</summary>
    /// <exception cref="MlsException">They were used before, or are too far ahead, or the leaf is beyond the tree.</exception>
    public FoundKeys Find(LeafIndex leaf, RatchetType type, uint generation, Span<byte> key, Span<byte> nonce)
    {
        MlsException.ThrowIf(leaf.Value >= (uint)_leafCount, MlsError.SenderNotMember);
        Derivation? derivation = null;
        if (!_ratchets.TryGetValue((leaf, type), out SenderRatchet? ratchet))
        {
            var unfolding = new Unfolding(this, leaf);
            derivation = Derive(generation, unfolding.Secret(type), 0, unfolding, key, nonce);
        }
        else if (generation > ratchet.Generation)
        {
            derivation = Derive(generation, ratchet.Secret, ratchet.Generation, null, key, nonce);
        }
        else if (generation == ratchet.Generation)
        {
            // Most messages come in order and are all that need be derived of.
            MessageKeys.Derive(_suite, ratchet.Secret, generation, key, nonce);
        }
        else
        {
            MlsException.ThrowIf(!ratchet.Skipped.TryGetValue(generation, out MessageKeys? skipped), MlsError.KeyConsumed);
            skipped!.CopyTo(key, nonce);
        }

        return new FoundKeys(this, leaf, type, generation, derivation);
    }

    /// <summary>Whether the keys of each leaf have been derived or can be; not so if part of what was stored is missing.</summary>
    public bool IsWhole()
    {
        for (uint i = 0; i < (uint)_leafCount; i++)
        {
            var leaf = new LeafIndex(i);
            NodeIndex? node = NodeIndex.OfLeaf(leaf);
            while (node is { } index && !_nodes.ContainsKey(index))
                node = index.Parent(_leafCount);
            bool isDerived = _ratchets.ContainsKey((leaf, RatchetType.Handshake)) && _ratchets.ContainsKey((leaf, RatchetType.Application));
            if (node is null && !isDerived)
                return false;
        }

        return true;
    }

    /// <summary>The generations of application messages of a leaf that have been opened, or, of our own, sealed.</summary>
    public IEnumerable<(uint First, uint Last)> Received(LeafIndex leaf) =>
        _ratchets.TryGetValue((leaf, RatchetType.Application), out SenderRatchet? ratchet) ? ratchet.Received() : [];

    public void Restore(StateKey.Kind kind, TlsReader key, TlsReader value)
    {
        switch (kind)
        {
            case StateKey.Kind.SecretTreeNode:
                _nodes[new NodeIndex(key.ReadUInt32())] = value.TakeRest();
                break;
            case StateKey.Kind.Ratchet:
                var leaf = new LeafIndex(key.ReadUInt32());
                var type = (RatchetType)key.ReadUInt32();
                SenderRatchet ratchet = _ratchets[(leaf, type)] = new SenderRatchet(value.ReadUInt32(), value.TakeSecret());
                Invariant.That(ratchet.Secret.Length == _suite.HashBytes);
                ratchet.UnknownBelow = value.AtEnd ? 0 : value.ReadUInt32();
                break;
            default:
                uint leafAndType = key.ReadUInt32();
                uint generation = key.ReadUInt32();
                SenderRatchet owner = _ratchets[(new LeafIndex(leafAndType >> 1), (RatchetType)(leafAndType & 1))];
                owner.Skipped[generation] = new MessageKeys(generation, value.TakeSecret(), value.TakeSecret());
                break;
        }
    }

    public void Dispose()
    {
        foreach (Secret secret in _nodes.Values)
            secret.Dispose();
        foreach (SenderRatchet ratchet in _ratchets.Values)
            ratchet.Dispose();
        _nodes.Clear();
        _ratchets.Clear();
    }

    private Derivation Derive(uint generation, Secret from, uint fromGeneration, Unfolding? unfolding, Span<byte> key, Span<byte> nonce)
    {
        if (generation - fromGeneration > (uint)_limits.ForwardGenerationsMax)
        {
            unfolding?.Dispose();
            throw new MlsException(MlsError.GenerationTooFarAhead);
        }

        var derivation = new Derivation(from.Clone(), unfolding);
        for (uint current = fromGeneration; current < generation; current++)
        {
            if (generation - current <= (uint)_limits.SkippedKeysMax)
                derivation.Skipped.Add(MessageKeys.Derive(_suite, derivation.Next, current));
            SenderRatchet.Next(_suite, derivation.Next, current);
        }

        MessageKeys.Derive(_suite, derivation.Next, generation, key, nonce);
        SenderRatchet.Next(_suite, derivation.Next, generation);
        return derivation;
    }

    private void WriteRatchet(LeafIndex leaf, RatchetType type, SenderRatchet ratchet)
    {
        if (_log is null)
            return;
        byte[] value = new byte[sizeof(uint) + SpanWriter.VectorBytes(ratchet.Secret.Length) + (ratchet.UnknownBelow > 0 ? sizeof(uint) : 0)];
        var writer = new SpanWriter(value);
        writer.WriteUInt32(ratchet.Generation);
        writer.WriteVector(ratchet.Secret.AsSpan());
        if (ratchet.UnknownBelow > 0)
            writer.WriteUInt32(ratchet.UnknownBelow);
        _log.Put(StateKey.Ratchet(_epoch, leaf, (byte)type), value);
    }

    private void WriteSkipped(LeafIndex leaf, RatchetType type, MessageKeys keys)
    {
        if (_log is null)
            return;
        byte[] value = new byte[SpanWriter.VectorBytes(keys.Key.Length) + SpanWriter.VectorBytes(keys.Nonce.Length)];
        var writer = new SpanWriter(value);
        writer.WriteVector(keys.Key.AsSpan());
        writer.WriteVector(keys.Nonce.AsSpan());
        _log.Put(StateKey.SkippedKey(_epoch, leaf, (byte)type, keys.Generation), value);
    }

    private void Skip(LeafIndex leaf, RatchetType type, SenderRatchet ratchet, MessageKeys keys)
    {
        ratchet.Skipped.Add(keys.Generation, keys);
        WriteSkipped(leaf, type, keys);
        if (ratchet.Skipped.Count <= _limits.SkippedKeysMax)
            return;
        uint oldest = ratchet.Skipped.Keys.First();
        ratchet.UnknownBelow = oldest + 1;
        Forget(leaf, type, ratchet, oldest);
    }

    private void Forget(LeafIndex leaf, RatchetType type, SenderRatchet ratchet, uint generation)
    {
        ratchet.Skipped.Remove(generation, out MessageKeys? keys);
        keys?.Dispose();
        _log?.Delete(StateKey.SkippedKey(_epoch, leaf, (byte)type, generation));
    }

    /// <summary>The keys of one generation, found but not yet used up. Disposed by whoever found them.</summary>
    internal readonly struct FoundKeys(SecretTree tree, LeafIndex leaf, RatchetType type, uint generation, Derivation? derivation) : IDisposable
    {
        public LeafIndex Leaf => leaf;

        /// <summary>RFC 9420 §9.2: the message has been opened; its keys and all they came from are deleted.</summary>
        public void Consume()
        {
            derivation?.Unfolding?.Apply();
            SenderRatchet ratchet = tree._ratchets[(leaf, type)];
            if (generation < ratchet.Generation)
            {
                tree.Forget(leaf, type, ratchet, generation);
                return;
            }

            if (derivation is null)
            {
                ratchet.Advance(tree._suite);
            }
            else
            {
                uint firstKept = generation - (uint)derivation.Skipped.Count;
                if (firstKept > ratchet.Generation)
                    ratchet.UnknownBelow = firstKept;
                ratchet.Advance(generation + 1, derivation.Next.Clone());
                foreach (MessageKeys skipped in derivation.Skipped)
                    tree.Skip(leaf, type, ratchet, skipped);
                derivation.Skipped.Clear();
            }

            tree.WriteRatchet(leaf, type, ratchet);
        }

        public void Dispose() => derivation?.Dispose();
    }

    /// <summary>What was derived on the way to keys that are not those of a ratchet's present generation.</summary>
    /// <param name="next">The secret that the derivation has come to; the secret of the generation after, in the end.</param>
    /// <param name="unfolding">What gave the ratchet, if the leaf had none.</param>
    internal sealed class Derivation(Secret next, Unfolding? unfolding) : IDisposable
    {
        public Secret Next { get; } = next;

        public Unfolding? Unfolding { get; } = unfolding;

        public List<MessageKeys> Skipped { get; } = [];

        public void Dispose()
        {
            Unfolding?.Dispose();
            Next.Dispose();
            Skipped.ForEach(static keys => keys.Dispose());
        }
    }

    /// <summary>The derivation from the lowest secret above a leaf down to the leaf's two ratchets.</summary>
    internal sealed class Unfolding : IDisposable
    {
        private readonly SecretTree _tree;
        private readonly LeafIndex _leaf;
        private readonly NodeIndex _start;
        private readonly List<(NodeIndex Index, Secret Secret)> _siblings = [];
        private Secret? _handshake;
        private Secret? _application;

        public Unfolding(SecretTree tree, LeafIndex leaf)
        {
            _tree = tree;
            _leaf = leaf;
            NodeIndex node = NodeIndex.OfLeaf(leaf);
            while (!tree._nodes.ContainsKey(node))
                node = node.Parent(tree._leafCount) ?? throw new InvalidOperationException("Every leaf without ratchets has a secret above it.");
            _start = node;
            Secret secret = tree._nodes[node].Clone();
            while (!node.IsLeaf)
                (node, secret) = Descend(node, secret);
            _handshake = tree._suite.ExpandWithLabel(secret.AsSpan(), "handshake", [], tree._suite.HashBytes);
            _application = tree._suite.ExpandWithLabel(secret.AsSpan(), "application", [], tree._suite.HashBytes);
            secret.Dispose();
        }

        public Secret Secret(RatchetType type) => (type == RatchetType.Handshake ? _handshake : _application)!;

        public void Apply()
        {
            _tree._nodes.Remove(_start, out Secret? consumed);
            consumed?.Dispose();
            _tree._log?.Delete(StateKey.SecretTreeNode(_tree._epoch, _start));
            foreach ((NodeIndex index, Secret secret) in _siblings)
            {
                _tree._nodes.Add(index, secret);
                _tree._log?.Put(StateKey.SecretTreeNode(_tree._epoch, index), secret.AsSpan().ToArray());
            }

            _siblings.Clear();
            AddRatchet(RatchetType.Handshake, ref _handshake);
            AddRatchet(RatchetType.Application, ref _application);
        }

        public void Dispose()
        {
            foreach ((_, Secret secret) in _siblings)
                secret.Dispose();
            _handshake?.Dispose();
            _application?.Dispose();
        }

        private void AddRatchet(RatchetType type, ref Secret? secret)
        {
            var ratchet = new SenderRatchet(0, secret!);
            secret = null;
            _tree._ratchets.Add((_leaf, type), ratchet);
            _tree.WriteRatchet(_leaf, type, ratchet);
        }

        private (NodeIndex Node, Secret Secret) Descend(NodeIndex node, Secret secret)
        {
            CryptoSuite suite = _tree._suite;
            Secret left = suite.ExpandWithLabel(secret.AsSpan(), "tree", "left"u8, suite.HashBytes);
            Secret right = suite.ExpandWithLabel(secret.AsSpan(), "tree", "right"u8, suite.HashBytes);
            secret.Dispose();
            NodeIndex leftNode = node.Left!.Value;
            NodeIndex rightNode = node.Right!.Value;
            if (leftNode.Covers(_leaf))
            {
                _siblings.Add((rightNode, right));
                return (leftNode, left);
            }

            _siblings.Add((leftNode, left));
            return (rightNode, right);
        }
    }
}

/// <summary>RFC 9420 §15.3: how far ahead a ratchet may be asked to go, and how many keys wait for messages that come late.</summary>
/// <param name="ForwardGenerationsMax">Generations a message may be ahead of the last one opened.</param>
/// <param name="SkippedKeysMax">Keys kept for each ratchet.</param>
internal sealed record RatchetLimits(int ForwardGenerationsMax, int SkippedKeysMax);

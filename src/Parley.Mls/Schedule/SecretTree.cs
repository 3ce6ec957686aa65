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

    /// <summary>The next unused keys of a leaf; the ratchet has moved on before they are returned. The caller disposes them.</summary>
    public MessageKeys Next(LeafIndex leaf, RatchetType type)
    {
        SenderRatchet? ratchet = _ratchets.GetValueOrDefault((leaf, type));
        if (ratchet is null)
        {
            new Unfolding(this, leaf).Apply();
            ratchet = _ratchets[(leaf, type)];
        }

        MessageKeys keys = MessageKeys.Derive(_suite, ratchet.Secret, ratchet.Generation);
        ratchet.Advance(ratchet.Generation + 1, SenderRatchet.Next(_suite, ratchet.Secret, ratchet.Generation));
        WriteRatchet(leaf, type, ratchet);
        return keys;
    }

    /// <summary>The keys of a generation, with no change to the tree.</summary>
    /// <exception cref="MlsException">They were used before, or are too far ahead, or the leaf is beyond the tree.</exception>
    public FoundKeys Find(LeafIndex leaf, RatchetType type, uint generation)
    {
        MlsException.ThrowIf(leaf.Value >= (uint)_leafCount, MlsError.SenderNotMember);
        if (_ratchets.TryGetValue((leaf, type), out SenderRatchet? ratchet))
        {
            if (generation >= ratchet.Generation)
                return Derive(leaf, type, generation, ratchet.Secret, ratchet.Generation, null);
            MlsException.ThrowIf(!ratchet.Skipped.TryGetValue(generation, out MessageKeys? skipped), MlsError.KeyConsumed);
            return new FoundKeys(this, leaf, type, skipped!);
        }

        var unfolding = new Unfolding(this, leaf);
        return Derive(leaf, type, generation, unfolding.Secret(type), 0, unfolding);
    }

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

    private FoundKeys Derive(LeafIndex leaf, RatchetType type, uint generation, Secret from, uint fromGeneration, Unfolding? unfolding)
    {
        if (generation - fromGeneration > (uint)_limits.ForwardGenerationsMax)
        {
            unfolding?.Dispose();
            throw new MlsException(MlsError.GenerationTooFarAhead);
        }

        var skipped = new List<MessageKeys>();
        Secret secret = from.Clone();
        for (uint current = fromGeneration; current < generation; current++)
        {
            if (generation - current <= (uint)_limits.SkippedKeysMax)
                skipped.Add(MessageKeys.Derive(_suite, secret, current));
            secret = Step(secret, current);
        }

        MessageKeys keys = MessageKeys.Derive(_suite, secret, generation);
        return new FoundKeys(this, leaf, type, keys, skipped, Step(secret, generation), unfolding);
    }

    private Secret Step(Secret secret, uint generation)
    {
        Secret next = SenderRatchet.Next(_suite, secret, generation);
        secret.Dispose();
        return next;
    }

    private void WriteRatchet(LeafIndex leaf, RatchetType type, SenderRatchet ratchet)
    {
        if (_log is null)
            return;
        var writer = new TlsWriter(40);
        writer.WriteUInt32(ratchet.Generation);
        writer.WriteVector(ratchet.Secret.AsSpan());
        _log.Put(StateKey.Ratchet(_epoch, leaf, (byte)type), writer.ToArray());
        writer.Clear();
    }

    private void WriteSkipped(LeafIndex leaf, RatchetType type, MessageKeys keys)
    {
        if (_log is null)
            return;
        var writer = new TlsWriter(48);
        writer.WriteVector(keys.Key.AsSpan());
        writer.WriteVector(keys.Nonce.AsSpan());
        _log.Put(StateKey.SkippedKey(_epoch, leaf, (byte)type, keys.Generation), writer.ToArray());
        writer.Clear();
    }

    private void Skip(LeafIndex leaf, RatchetType type, SenderRatchet ratchet, MessageKeys keys)
    {
        ratchet.Skipped.Add(keys.Generation, keys);
        WriteSkipped(leaf, type, keys);
        if (ratchet.Skipped.Count <= _limits.SkippedKeysMax)
            return;
        Forget(leaf, type, ratchet, ratchet.Skipped.Keys.First());
    }

    private void Forget(LeafIndex leaf, RatchetType type, SenderRatchet ratchet, uint generation)
    {
        ratchet.Skipped.Remove(generation, out MessageKeys? keys);
        keys?.Dispose();
        _log?.Delete(StateKey.SkippedKey(_epoch, leaf, (byte)type, generation));
    }

    /// <summary>The keys of one generation, found but not yet used up.</summary>
    internal sealed class FoundKeys : IDisposable
    {
        private readonly SecretTree _tree;
        private readonly LeafIndex _leaf;
        private readonly RatchetType _type;
        private readonly List<MessageKeys>? _skipped;
        private readonly Unfolding? _unfolding;
        private readonly bool _wasSkipped;
        private Secret? _next;

        public FoundKeys(SecretTree tree, LeafIndex leaf, RatchetType type, MessageKeys skipped)
        {
            _tree = tree;
            _leaf = leaf;
            _type = type;
            _wasSkipped = true;
            Keys = skipped;
        }

        public FoundKeys(SecretTree tree, LeafIndex leaf, RatchetType type, MessageKeys keys, List<MessageKeys> skipped, Secret next, Unfolding? unfolding)
        {
            _tree = tree;
            _leaf = leaf;
            _type = type;
            _skipped = skipped;
            _next = next;
            _unfolding = unfolding;
            Keys = keys;
        }

        public MessageKeys Keys { get; }

        /// <summary>RFC 9420 §9.2: the message has been opened; its keys and all they came from are deleted.</summary>
        public void Consume()
        {
            _unfolding?.Apply();
            SenderRatchet ratchet = _tree._ratchets[(_leaf, _type)];
            if (_wasSkipped)
            {
                _tree.Forget(_leaf, _type, ratchet, Keys.Generation);
                return;
            }

            ratchet.Advance(Keys.Generation + 1, _next!);
            _next = null;
            _tree.WriteRatchet(_leaf, _type, ratchet);
            foreach (MessageKeys skipped in _skipped!)
                _tree.Skip(_leaf, _type, ratchet, skipped);
            _skipped.Clear();
        }

        public void Dispose()
        {
            _unfolding?.Dispose();
            _next?.Dispose();
            if (_wasSkipped)
                return;
            Keys.Dispose();
            _skipped!.ForEach(static keys => keys.Dispose());
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

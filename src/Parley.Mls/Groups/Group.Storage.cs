using System.Security.Cryptography;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Schedule;
using Parley.Mls.Storage;
using Parley.Mls.Tree;

namespace Parley.Mls.Groups;

/// <content>
/// The group as entries of an ordered key-value store. An epoch's entry, the tree nodes it changed and our private keys are written when
/// the epoch begins; after that a message writes the ratchet it used, and nothing that grows with the group.
/// </content>
public sealed partial class Group
{
    private const byte FormatVersion = 1;

    // About how many entries an epoch writes beside those of the tree.
    private const int OtherWritesOfEpoch = 64;

    /// <summary>
    /// The changes since the last call, in order, to be stored in one transaction under the group's own prefix. Values are secret, and
    /// the caller's from now on: whoever takes them zeroes them once they are stored.
    /// </summary>
    public IReadOnlyList<StateWrite> TakeWrites() => _log.Take();

    /// <summary>Puts a group together from its stored entries, in the order of their keys.</summary>
    /// <exception cref="ArgumentException">The entries are not those of a group, or of a newer format, or our leaf has another key.</exception>
    public static Group Restore(
        GroupConfig config, LeafIdentity identity, IEnumerable<KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>> entries) =>
        Restore(config, [identity], entries);

    /// <summary>Puts a group together from its stored entries, in the order of their keys, while a change of our identity is on its way.</summary>
    /// <param name="config">Policy.</param>
    /// <param name="identities">The former and the new identities, in any order; what our leaf shows says which is in use.</param>
    /// <param name="entries">The entries.</param>
    /// <exception cref="ArgumentException">The entries are not those of a group, or of a newer format, or a key of ours is not given.</exception>
    public static Group Restore(
        GroupConfig config, IReadOnlyList<LeafIdentity> identities, IEnumerable<KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>> entries)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(identities);
        ArgumentNullException.ThrowIfNull(entries);
        try
        {
            return new GroupRestore(config, identities).Restore(entries);
        }
        catch (Exception broken) when (broken is InvalidOperationException or KeyNotFoundException or MlsException)
        {
            throw new ArgumentException("The stored state is not that of a group.", nameof(entries), broken);
        }
    }

    private void WriteEpoch(EpochState? former)
    {
        var writer = new TlsWriter(1024);
        writer.WriteUInt8(FormatVersion);
        writer.WriteUInt8(0);
        writer.WriteVector(_epoch.EncodedContext);
        writer.WriteUInt32(_epoch.Self.Value);
        writer.WriteVector(_epoch.InterimTranscriptHash);
        writer.WriteVector(_epoch.ConfirmationTag);
        writer.WriteUInt32((uint)_epoch.Tree.LeafCount);
        writer.WriteOptional<Proposal>(_epoch.ReInit, Tls.WriteStruct);
        _epoch.Secrets.Write(writer);
        _log.Put(StateKey.Epoch, writer.Take());
        WriteTree(former);
        WritePrivateKeys(former);
        _epoch.MessageSecrets.Attach(_log, writeAll: true);
        former?.Secrets.ExporterTree.Delete();
        _epoch.Secrets.ExporterTree.Attach(_log, writeAll: true);
    }

    private void WriteTree(EpochState? former)
    {
        IEnumerable<(NodeIndex Index, Node? Content)> changes = _epoch.Tree.ChangesFrom(former?.Tree);
        int expected = former is null ? NodeIndex.Width(_epoch.Tree.LeafCount) : 2 * (_epoch.Tree.Root.Height + 1);
        _log.Expect(expected + OtherWritesOfEpoch);
        Memory<byte> keys = default;
        using Scratch encoded = Scratch.Take();
        foreach ((NodeIndex index, Node? content) in changes)
        {
            if (keys.IsEmpty)
                keys = new byte[expected * StateKey.TreeNodeBytes];
            StateKey key = StateKey.TreeNode(index, keys[..StateKey.TreeNodeBytes]);
            keys = keys[StateKey.TreeNodeBytes..];
            if (content is null)
            {
                _log.Delete(key);
                continue;
            }

            content.Write(encoded.Writer);
            _log.Put(key, encoded.Writer.ToArray());
            encoded.Writer.Clear();
        }
    }

    private void WritePrivateKeys(EpochState? former)
    {
        foreach ((NodeIndex index, Secret key) in _epoch.PrivateKeys.All)
        {
            if (former is null || !ReferenceEquals(former.PrivateKeys[index], key))
                _log.Put(StateKey.PrivateKey(index), key.AsSpan().ToArray());
        }

        if (former is null)
            return;
        foreach ((NodeIndex index, _) in former.PrivateKeys.All)
        {
            if (_epoch.PrivateKeys[index] is null)
                _log.Delete(StateKey.PrivateKey(index));
        }
    }

    /// <summary>What is left of a group we were removed from: its context and members, to be shown, and no secret.</summary>
    private void WriteEnded()
    {
        var writer = new TlsWriter(512);
        writer.WriteUInt8(FormatVersion);
        writer.WriteUInt8(1);
        writer.WriteVector(_epoch.EncodedContext);
        writer.WriteUInt32(_epoch.Self.Value);
        writer.WriteVector(_epoch.InterimTranscriptHash);
        writer.WriteVector(_epoch.ConfirmationTag);
        writer.WriteUInt32((uint)_epoch.Tree.LeafCount);
        writer.WriteOptional<Proposal>(null, Tls.WriteStruct);
        for (int i = 0; i < EpochSecrets.WrittenCount; i++)
            writer.WriteVector([]);
        _log.Put(StateKey.Epoch, writer.ToArray());
    }

    private void DeleteSecrets()
    {
        _epoch.MessageSecrets.Delete();
        _epoch.Secrets.ExporterTree.Delete();
        foreach ((NodeIndex index, _) in _epoch.PrivateKeys.All)
            _log.Delete(StateKey.PrivateKey(index));
        foreach ((ulong epoch, Secret secret) in _resumptionPsks)
        {
            _log.Delete(StateKey.ResumptionPsk(epoch));
            secret.Dispose();
        }

        _resumptionPsks.Clear();
    }

    private void WriteUpdateKey(ReadOnlySpan<byte> publicKey, Secret privateKey)
    {
        var writer = new TlsWriter(128);
        writer.WriteVector(publicKey);
        writer.WriteVector(privateKey.AsSpan());
        _log.Put(StateKey.UpdateKey(publicKey), writer.ToArray());
        writer.Clear();
    }

    /// <summary>Reads entries into the parts of a group.</summary>
    private sealed class GroupRestore(GroupConfig config, IReadOnlyList<LeafIdentity> identities)
    {
        private readonly List<byte[]> _copies = [];
        private readonly Dictionary<NodeIndex, Node> _nodes = [];
        private readonly List<(NodeIndex Index, byte[] Key)> _privateKeys = [];
        private readonly List<PastEpoch> _past = [];
        private readonly List<(StateKey.Kind Kind, byte[] Key, byte[] Value)> _ratchets = [];
        private readonly List<(StateKey.Kind Kind, byte[] Key, byte[] Value)> _rest = [];
        private byte[]? _epoch;
        private byte[]? _pendingCommit;

        public Group Restore(IEnumerable<KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>> entries)
        {
            Group? group = null;
            try
            {
                foreach ((ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value) in entries)
                    Sort(key.ToArray(), Copy(value));
                var reader = new TlsReader(_epoch ?? throw new InvalidOperationException("There is no epoch."));
                group = RestoreEpoch(reader);
                RestorePastEpochs(group);
                foreach ((StateKey.Kind kind, byte[] key, byte[] value) in _ratchets)
                    RestoreRatchet(group, kind, key, value);
                Invariant.That(group.IsRemoved || (group._epoch.MessageSecrets.IsWhole() && group._past.TrueForAll(static past => past.MessageSecrets.IsWhole())));
                group._epoch.MessageSecrets.Attach(group._log, writeAll: false);
                group._epoch.Secrets.ExporterTree.Attach(group._log, writeAll: false);
                foreach ((StateKey.Kind kind, byte[] key, byte[] value) in _rest)
                    RestoreRest(group, kind, key, value);

                // Last, because staging it again needs all the rest.
                if (_pendingCommit is not null)
                    group.RestorePending(_pendingCommit);
                group.CheckIdentities();
                return group;
            }
            catch
            {
                // What was read is taken out of the copies; of what was not, nothing is left either.
                group?.Dispose();
                _copies.ForEach(static copy => CryptographicOperations.ZeroMemory(copy));
                throw;
            }
        }

        private byte[] Copy(ReadOnlyMemory<byte> value)
        {
            byte[] copy = value.ToArray();
            _copies.Add(copy);
            return copy;
        }

        private void Sort(byte[] key, byte[] value)
        {
            Invariant.That(key.Length > 0);
            var kind = (StateKey.Kind)key[0];
            switch (kind)
            {
                case StateKey.Kind.Epoch:
                    _epoch = value;
                    break;
                case StateKey.Kind.PendingCommit:
                    _pendingCommit = value;
                    break;
                case StateKey.Kind.TreeNode:
                    Invariant.That(Tls.TryDecodeOwned(value, out Node? node, out _));
                    _nodes.Add(IndexIn(key), node!);
                    break;
                case StateKey.Kind.PrivateKey:
                    _privateKeys.Add((IndexIn(key), value));
                    break;
                case StateKey.Kind.SecretTreeNode or StateKey.Kind.Ratchet or StateKey.Kind.SkippedKey:
                    _ratchets.Add((kind, key, value));
                    break;
                default:
                    _rest.Add((kind, key, value));
                    break;
            }
        }

        private Group RestoreEpoch(TlsReader reader)
        {
            Invariant.That(reader.ReadUInt8() == FormatVersion);
            bool isRemoved = reader.ReadUInt8() == 1;
            GroupContext context = reader.ReadInVector(GroupContext.Read);
            var self = new LeafIndex(reader.ReadUInt32());
            byte[] interim = reader.ReadVector().ToArray();
            byte[] tag = reader.ReadVector().ToArray();
            int leafCount = RatchetTree.ReadLeafCount(reader);
            var reInit = reader.ReadOptional(Proposal.Read) as Proposal.ReInit;
            EpochSecrets secrets = EpochSecrets.Read(reader);
            Invariant.That(reader.Finish());
            var suite = new CryptoSuite(config.Crypto, context.CipherSuite);
            RatchetTree tree = RatchetTree.FromNodes(leafCount, _nodes);
            Invariant.That(tree.LeafAt(self) is not null);
            SecretTree messageSecrets = SecretTree.CreateEmpty(suite, context.Epoch, leafCount, config.RatchetLimits);
            var privateKeys = new TreePrivateKeys();
            foreach ((NodeIndex index, byte[] key) in _privateKeys)
                privateKeys.Set(index, new TlsReader(key).TakeRest());
            var epoch = new EpochState(suite, context, tree, self, privateKeys, secrets, messageSecrets, interim, tag, reInit);
            return new Group(config, identities, epoch) { IsRemoved = isRemoved };
        }

        private void RestorePastEpochs(Group group)
        {
            foreach ((StateKey.Kind kind, byte[] key, byte[] value) in _rest)
            {
                if (kind == StateKey.Kind.PastEpoch)
                    _past.Add(PastEpoch.Restore(group._suite, EpochIn(key), config.RatchetLimits, value));
            }

            _past.Sort(static (left, right) => left.Epoch.CompareTo(right.Epoch));
            group._past.AddRange(_past);
            foreach (PastEpoch past in _past)
                past.MessageSecrets.Attach(group._log, writeAll: false);
        }

        private static void RestoreRatchet(Group group, StateKey.Kind kind, byte[] key, byte[] value)
        {
            var reader = new TlsReader(key.AsMemory(1));
            ulong epoch = reader.ReadUInt64();
            SecretTree tree = epoch == group.Epoch
                ? group._epoch.MessageSecrets
                : (group._past.Find(past => past.Epoch == epoch) ?? throw new InvalidOperationException("Keys of an epoch that is not kept.")).MessageSecrets;
            tree.Restore(kind, reader, new TlsReader(value));
        }

        private static void RestoreRest(Group group, StateKey.Kind kind, byte[] key, byte[] value)
        {
            var reader = new TlsReader(value);
            switch (kind)
            {
                case StateKey.Kind.CachedProposal:
                    group._proposals.Restore(group._suite, ReadProposal(reader));
                    break;
                case StateKey.Kind.OwnProposal:
                    group._ownProposals.Add(new OwnProposal(key[1..], ReadProposal(reader)));
                    break;
                case StateKey.Kind.UpdateKey:
                    group._updateKeys.Add(new KeyBytes(reader.ReadVector()), reader.TakeSecret());
                    break;
                case StateKey.Kind.ExporterNode:
                    group._epoch.Secrets.ExporterTree.Restore(IndexIn(key), reader.TakeRest());
                    break;
                case StateKey.Kind.ResumptionPsk:
                    group._resumptionPsks.Add(EpochIn(key), reader.TakeRest());
                    break;
            }
        }

        private static AuthenticatedContent ReadProposal(TlsReader reader)
        {
            AuthenticatedContent content = AuthenticatedContent.Read(reader);
            Invariant.That(reader.Finish() && content.Content.Content is Content.ProposalContent);
            return content;
        }

        private static NodeIndex IndexIn(byte[] key) => new(new TlsReader(key.AsMemory(1)).ReadUInt32());

        private static ulong EpochIn(byte[] key) => new TlsReader(key.AsMemory(1)).ReadUInt64();
    }

    /// <summary>A Commit or an Update of ours that was stored brings into use only keys that we hold, so that merging it cannot fail.</summary>
    /// <exception cref="ArgumentException">A key is not given.</exception>
    private void CheckIdentities()
    {
        if (Pending is not null)
            LeafIdentity.Of(Pending.Staged.CommitterLeaf, _identities);
        IEnumerable<Proposal> own = _ownProposals.Select(static own => ((Content.ProposalContent)own.Content.Content.Content).Proposal);
        IEnumerable<Proposal> returned = _proposals.All.Where(queued => queued.Sender == new Sender.Member(OwnLeafIndex)).Select(static queued => queued.Proposal);
        foreach (Proposal.Update update in own.Concat(returned).OfType<Proposal.Update>())
            LeafIdentity.Of(update.LeafNode, _identities);
    }

    /// <summary>Stages our own Commit again from what it was stored as.</summary>
    private void RestorePending(byte[] value)
    {
        PendingCommit.Stored stored = PendingCommit.Stored.Read(value);
        var commit = ((Content.CommitContent)stored.Content.Content.Content).Commit;
        CommitStaging.OwnPath? own = stored is { LeafKey: { } leafKey, PathSecret: { } pathSecret } ? new CommitStaging.OwnPath(leafKey, pathSecret) : null;
        List<QueuedProposal> proposals = Resolve(commit, stored.Content.Content.Sender);
        StagedCommit staged = new CommitStaging(_epoch, _config, Psks()).Stage(stored.Content, proposals, _updateKeys, own, null);
        Pending = new PendingCommit(staged, stored.Content, stored.Message, stored.Welcome, stored.LeafKey, stored.PathSecret);
    }
}

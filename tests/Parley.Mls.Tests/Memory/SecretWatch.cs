using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tests.Groups;

namespace Parley.Mls.Tests.Memory;

/// <summary>
/// Looks for secrets that must be gone, in all that a client has stored and in all that its group holds in memory. What may be there is
/// said by the RFC's rules and the bounds that the application has set; everything else that was ever derived may not.
/// </summary>
internal sealed class SecretWatch(ICryptoProvider inner)
{
    private const int ChecksPerLookAtMemory = 4;

    private ulong _firstEpoch;
    private int _checks;

    public SecretRecorder Recorder { get; } = new(inner);

    /// <summary>Something more to look through, as if the group held it: for a test of the watch.</summary>
    public object? Extra { get; set; }

    /// <summary>The client is about to make keys.</summary>
    public void Begin(Group group, Purpose purpose)
    {
        Recorder.Purpose = purpose;
        Recorder.Epoch = group.Epoch;
    }

    /// <summary>The client has joined: of a former membership nothing is left.</summary>
    public void Joined(Group group) => _firstEpoch = group.Epoch;

    /// <summary>After each operation, when its writes have been stored.</summary>
    public void Check(Client client)
    {
        Recorder.Purpose = Purpose.None;
        var rules = new Rules(client.Group, client.Config, _firstEpoch);
        foreach ((ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value) in client.Store.Entries)
            Check(rules, value, isStored: true, $"{client.Name} has stored under {Convert.ToHexString(key.Span)}");
        if (_checks++ % ChecksPerLookAtMemory == 0)
            CheckMemory(client);
    }

    /// <summary>The secrets that the client has, stored or in memory.</summary>
    public HashSet<SecretRecorder.Recorded> Held(Client client) =>
    [
        .. client.Store.Entries.SelectMany(entry => Recorder.FindIn(entry.Value)),
        .. ObjectGraph.Walk(client.Group).Select(static entry => entry.Item).OfType<byte[]>().SelectMany(bytes => Recorder.FindIn(bytes)),
    ];

    /// <summary>The same for what the group holds in memory.</summary>
    public void CheckMemory(Client client)
    {
        var rules = new Rules(client.Group, client.Config, _firstEpoch);
        foreach ((object item, string path) in ObjectGraph.Walk(Extra is null ? client.Group : new object[] { client.Group, Extra }))
        {
            if (item is byte[] bytes)
                Check(rules, bytes, isStored: false, $"{client.Name} holds in {path}");
        }
    }

    private void Check(Rules rules, ReadOnlyMemory<byte> bytes, bool isStored, string where)
    {
        foreach (SecretRecorder.Recorded secret in Recorder.FindIn(bytes))
        {
            if (!rules.Allow(secret, isStored))
                throw new InvalidOperationException($"{where} the secret {secret}");
            secret.WasHeld = true;
        }
    }

    /// <summary>Which secrets a group may have at this moment.</summary>
    private sealed class Rules
    {
        private readonly Group _group;
        private readonly GroupConfig _config;
        private readonly ulong _firstEpoch;
        private readonly HashSet<string> _publicKeys;

        public Rules(Group group, GroupConfig config, ulong firstEpoch)
        {
            _group = group;
            _config = config;
            _firstEpoch = firstEpoch;
            IEnumerable<ReadOnlyMemory<byte>> keys = group.ExportRatchetTree().Nodes.Select(static node => node switch
            {
                Node.Leaf leaf => leaf.LeafNode.EncryptionKey,
                Node.Parent parent => parent.ParentNode.EncryptionKey,
                _ => default,
            });
            _publicKeys = [.. keys.Select(static key => Convert.ToHexString(key.Span))];
        }

        public bool Allow(SecretRecorder.Recorded secret, bool isStored)
        {
            // Public, in spite of how it was made: a MAC, a hash of HPKE's empty PSK id.
            if (secret is { Label: "extract", IsUsed: false })
                return true;
            if (_group.IsRemoved || secret.IsConsumed)
                return false;
            bool isPending = _group.Pending is not null && secret.Purpose == Purpose.Commit && secret.MadeIn == _group.Epoch;
            if (secret.PublicKey is { } publicKey)
            {
                bool isUpdate = secret.Purpose == Purpose.Update && secret.MadeIn == _group.Epoch;
                return isUpdate || isPending || _publicKeys.Contains(Convert.ToHexString(publicKey));
            }

            // The first secret of our own path is what a pending Commit is staged from again.
            if (secret.Label == "random")
                return isPending && secret.IsUsed;
            ulong epoch = secret.Epoch;
            if (epoch < _firstEpoch)
                return false;
            if (epoch == _group.Epoch + 1)
                return isPending && !isStored && IsKept(secret.Label, 0);
            return epoch <= _group.Epoch && IsKept(secret.Label, _group.Epoch - epoch);
        }

        /// <summary>Whether a secret of the key schedule outlives the start of its epoch, and for how many more.</summary>
        private bool IsKept(string label, ulong age) => label switch
        {
            "exporter" or "application_export" or "export tree" or "external" or "confirm" or "membership" or "authentication" or "init" => age == 0,
            "resumption" => age <= (ulong)_config.ResumptionPsksMax,
            "sender data" or "encryption" or "tree" or "handshake" or "application" or "secret" or "key" or "nonce" => age <= (ulong)_config.PastEpochsMax,
            _ => false,
        };
    }
}

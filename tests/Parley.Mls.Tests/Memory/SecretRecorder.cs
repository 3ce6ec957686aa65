using System.Buffers.Binary;
using System.Text;
using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Tests.Crypto;

namespace Parley.Mls.Tests.Memory;

/// <summary>
/// Remembers every secret that a client derives, draws or agrees on, from which others and for what, and by RFC 9420 §9.2 which of them
/// have been consumed: those whose key encrypted or decrypted a message, and all that such a key was derived from.
/// </summary>
internal sealed class SecretRecorder(ICryptoProvider inner) : ForwardingCryptoProvider(inner)
{
    /// <summary>Shorter ones, such as a reuse guard, are found by chance.</summary>
    private const int BytesMin = 12;

    // RFC 9420 §9.2: "S may be the init_secret, commit_secret, epoch_secret, or encryption_secret as well as any secret in a secret tree
    // or one of the ratchets", and by its examples the joiner_secret and psk_secret that lie between. And the secrets of the safe exporter's
    // tree (draft-ietf-mls-extensions-09 §4.4).
    private static readonly HashSet<string> Consumable =
    [
        "init", "path", "joiner", "extract", "epoch", "encryption", "tree", "handshake", "application", "secret", "key", "nonce", "derived psk",
        "application_export", "export tree",
    ];

    private readonly Dictionary<string, Recorded> _byBytes = new(StringComparer.Ordinal);
    private readonly Dictionary<ulong, List<Recorded>> _byStart = [];

    /// <summary>What the client is doing: the keys it makes are for that.</summary>
    public Purpose Purpose { get; set; }

    /// <summary>The epoch it is doing it in.</summary>
    public ulong Epoch { get; set; }

    public int Count => _byBytes.Count;

    /// <summary>All that were seen.</summary>
    public IReadOnlyCollection<Recorded> All => _byBytes.Values;

    public int ConsumedCount => _byBytes.Values.Count(static secret => secret.IsConsumed);

    /// <summary>The recorded secrets that stand somewhere in the bytes.</summary>
    public IEnumerable<Recorded> FindIn(ReadOnlyMemory<byte> bytes)
    {
        for (int i = 0; i + BytesMin <= bytes.Length; i++)
        {
            if (!_byStart.TryGetValue(BinaryPrimitives.ReadUInt64BigEndian(bytes.Span[i..]), out List<Recorded>? candidates))
                continue;
            foreach (Recorded candidate in candidates)
            {
                if (bytes.Span[i..].StartsWith(candidate.Bytes))
                    yield return candidate;
            }
        }
    }

    /// <summary>A secret that the client has from elsewhere.</summary>
    public void Learn(byte[] secret, string label) => Record(secret, label);

    /// <summary>draft-ietf-mls-extensions-09 §4.4: a secret that was exported is consumed, and so is all it was derived from.</summary>
    public void Exported(byte[] secret) => Find(secret)?.Consume(Consumable);

    public override void FillRandom(Span<byte> bytes)
    {
        base.FillRandom(bytes);
        Record(bytes, "random");
    }

    public override void HkdfExpand(HashAlgorithm algorithm, ReadOnlySpan<byte> pseudorandomKey, ReadOnlySpan<byte> info, Span<byte> output)
    {
        base.HkdfExpand(algorithm, pseudorandomKey, info, output);
        (string label, byte[] context) = Label(info);
        Recorded? parent = UsedAsKey(pseudorandomKey);
        string name = label switch
        {
            // Those of the ratchets have short names; there are others of the same labels.
            "key" or "nonce" when parent?.Label is not ("handshake" or "application" or "secret") => $"{parent?.Label} {label}",
            "tree" when parent?.Label is "application_export" or "export tree" => "export tree",
            _ => label,
        };
        Record(output, name, context, parent);
    }

    public override void Hmac(HashAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> data, Span<byte> tag)
    {
        base.Hmac(algorithm, key, data, tag);

        // KDF.Extract. A MAC is one too, and is told from it by not being used as a key.
        Recorded? input = Find(data);
        if (input is not null)
            input.IsUsed = true;
        Record(tag, "extract", [], UsedAsKey(key), input);
    }

    public override void Shake256(ReadOnlySpan<byte> data, Span<byte> output)
    {
        base.Shake256(data, output);
        Record(output, "hybrid private key");
    }

    public override bool TryDerivePublicKey(KemAlgorithm kem, ReadOnlySpan<byte> privateKey, Span<byte> publicKey)
    {
        bool derived = base.TryDerivePublicKey(kem, privateKey, publicKey);
        if (derived && Find(privateKey) is { } secret)
            secret.PublicKey = publicKey.ToArray();
        return derived;
    }

    public override bool TryAgree(KemAlgorithm kem, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, Span<byte> sharedSecret)
    {
        bool agreed = base.TryAgree(kem, privateKey, publicKey, sharedSecret);
        Record(sharedSecret, "shared secret");
        return agreed;
    }

    public override bool TryEncapsulate(
        KemAlgorithm kem, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> randomness, Span<byte> kemOutput, Span<byte> sharedSecret)
    {
        bool done = base.TryEncapsulate(kem, publicKey, randomness, kemOutput, sharedSecret);
        Record(sharedSecret, "shared secret");
        return done;
    }

    public override bool TryDecapsulate(KemAlgorithm kem, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> kemOutput, Span<byte> sharedSecret)
    {
        bool done = base.TryDecapsulate(kem, privateKey, kemOutput, sharedSecret);
        Record(sharedSecret, "shared secret");
        return done;
    }

    public override void Seal(
        AeadAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext)
    {
        base.Seal(algorithm, key, nonce, associatedData, plaintext, ciphertext);
        Find(key)?.Consume(Consumable);
    }

    public override bool TryOpen(
        AeadAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> ciphertext, Span<byte> plaintext)
    {
        bool opened = base.TryOpen(algorithm, key, nonce, associatedData, ciphertext, plaintext);
        if (opened)
            Find(key)?.Consume(Consumable);
        return opened;
    }

    private Recorded? UsedAsKey(ReadOnlySpan<byte> key)
    {
        Recorded? secret = Find(key) ?? Record(key, "received");
        if (secret is not null)
            secret.IsUsed = true;
        return secret;
    }

    private Recorded? Find(ReadOnlySpan<byte> bytes) => bytes.Length < BytesMin ? null : _byBytes.GetValueOrDefault(Convert.ToHexString(bytes));

    private Recorded? Record(ReadOnlySpan<byte> bytes, string label, byte[]? context = null, params ReadOnlySpan<Recorded?> parents)
    {
        // Zeros are not secret: RFC 9420 §8 uses them for what is absent.
        if (bytes.Length < BytesMin || !bytes.ContainsAnyExcept((byte)0))
            return null;
        Recorded? secret = Find(bytes);
        if (secret is null)
        {
            secret = new Recorded(bytes.ToArray(), label, context ?? []) { Purpose = Purpose, MadeIn = Epoch };
            _byBytes.Add(Convert.ToHexString(bytes), secret);
            ulong start = BinaryPrimitives.ReadUInt64BigEndian(bytes);
            if (!_byStart.TryGetValue(start, out List<Recorded>? same))
                _byStart.Add(start, same = []);
            same.Add(secret);
        }

        foreach (Recorded? parent in parents)
        {
            if (parent is not null)
                secret.DerivedFrom(parent);
        }

        return secret;
    }

    /// <summary>RFC 9420 §8: the label and context of a KDFLabel; HPKE's labels are told from them by their prefix.</summary>
    private static (string Label, byte[] Context) Label(ReadOnlySpan<byte> info)
    {
        const string prefix = "MLS 1.0 ";
        var reader = new TlsReader(info.ToArray());
        reader.ReadUInt16();
        string label = Encoding.UTF8.GetString(reader.ReadVector().Span);
        byte[] context = reader.ReadVector().ToArray();
        return reader.Finish() && label.StartsWith(prefix, StringComparison.Ordinal) ? (label[prefix.Length..], context) : ("HPKE", []);
    }

    /// <summary>A secret that was seen.</summary>
    internal sealed class Recorded(byte[] bytes, string label, byte[] context)
    {
        private readonly List<Recorded> _parents = [];
        private readonly List<Recorded> _children = [];

        public byte[] Bytes { get; } = bytes;

        /// <summary>What it was derived as.</summary>
        public string Label { get; } = label;

        /// <summary>Whether other secrets or tags were made from it.</summary>
        public bool IsUsed { get; set; }

        public bool IsConsumed { get; private set; }

        /// <summary>Whether the client has had it, stored or in memory, after an operation.</summary>
        public bool WasHeld { get; set; }

        /// <summary>If it is a private key: the public one.</summary>
        public byte[]? PublicKey { get; set; }

        public Purpose Purpose { get; init; }

        public ulong MadeIn { get; init; }

        /// <summary>The epoch whose key schedule or secret tree it belongs to. Epoch 0 begins with a random epoch secret.</summary>
        public ulong Epoch => Label == "epoch" ? EpochOf(context) : _parents.Count == 0 ? 0 : _parents[0].Epoch;

        public void DerivedFrom(Recorded parent)
        {
            if (_parents.Contains(parent))
                return;
            _parents.Add(parent);
            parent._children.Add(this);
        }

        public void Consume(HashSet<string> consumable)
        {
            if (IsConsumed || !consumable.Contains(Label))
                return;
            IsConsumed = true;
            foreach (Recorded parent in _parents)
            {
                parent.Consume(consumable);

                // The nonce goes with its key. It is not seen in use, because a reuse guard is mixed into it.
                foreach (Recorded sibling in parent._children)
                    sibling.IsConsumed |= Label == "key" && sibling.Label == "nonce" && sibling.Context.AsSpan().SequenceEqual(Context);
            }
        }

        public override string ToString() => $"\"{Label}\" of epoch {Epoch}{(IsConsumed ? ", consumed" : "")}";

        private byte[] Context => context;

        private static ulong EpochOf(byte[] context)
        {
            var reader = new TlsReader(context);
            ulong epoch = GroupContext.Read(reader).Epoch;
            Assert.True(reader.Finish());
            return epoch;
        }
    }
}

/// <summary>What a client makes a key for.</summary>
internal enum Purpose
{
    None,
    Update,
    Commit,
}

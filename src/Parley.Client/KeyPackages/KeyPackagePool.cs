using Parley.Client.Identity;
using Parley.Client.Store;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Groups;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Tree;

namespace Parley.Client.KeyPackages;

/// <summary>
/// The KeyPackages this device has made, with their private keys, until they are used or have expired. Each is stored before it is sent
/// to the server, so that no Welcome can come for keys that are lost; one that was not acknowledged is sent again. The key of one that
/// was used to join is deleted in the transaction that joins. The last-resort one stays until a newer one has long replaced it.
/// </summary>
internal sealed class KeyPackagePool
{
    private static readonly byte[] Prefix = "k/"u8.ToArray();

    private readonly ICryptoProvider _crypto;
    private readonly LocalIdentity _identity;
    private readonly Dictionary<string, Entry> _entries = [];

    public KeyPackagePool(ICryptoProvider crypto, LocalIdentity identity, IClientStore store)
    {
        _crypto = crypto;
        _identity = identity;
        foreach (StoreEntry stored in store.Read(new StoreRange(Prefix)))
            _entries.Add(Name(stored.Key.AsSpan(Prefix.Length)), Entry.Decode(stored.Value));
    }

    /// <summary>What the server should get of a suite, given what it holds: a full stock once it runs low or gets old, and a last-resort one.</summary>
    public IReadOnlyList<byte[]> Replenish(CipherSuite suite, int serverCount, bool serverHasLastResort, DateTimeOffset now, StoreBatch batch)
    {
        DropExpired(now, batch);
        List<KeyValuePair<string, Entry>> ofSuite = [.. _entries.Where(pair => pair.Value.Suite == suite)];
        List<Entry> recent = [.. ofSuite.Select(static pair => pair.Value).Where(entry => entry.CreatedAt + MlsProfile.KeyPackageRenewal > now)];
        bool isOld = !recent.Exists(static entry => !entry.IsLastResort);
        bool isLow = serverCount < MlsProfile.KeyPackageStockLow || isOld;
        bool needsLastResort = !serverHasLastResort || !recent.Exists(static entry => entry.IsLastResort);
        var wanted = new List<byte[]>();
        int missing = isLow ? MlsProfile.KeyPackageStock - (isOld ? 0 : serverCount) : 0;
        foreach ((string name, Entry entry) in ofSuite)
        {
            bool isWanted = !entry.IsUploaded && (entry.IsLastResort ? needsLastResort : missing > 0);
            if (!isWanted)
                continue;
            using KeyPackageBundle bundle = Load(name);
            wanted.Add(bundle.KeyPackage.Encode());
            missing -= entry.IsLastResort ? 0 : 1;
            needsLastResort &= !entry.IsLastResort;
        }

        for (; missing > 0; missing--)
            wanted.Add(Create(suite, isLastResort: false, isForStock: true, now, batch));
        if (needsLastResort)
            wanted.Add(Create(suite, isLastResort: true, isForStock: true, now, batch));
        return wanted;
    }

    /// <summary>Notes that the server has all that <see cref="Replenish"/> gave.</summary>
    public void MarkUploaded(StoreBatch batch)
    {
        foreach ((string name, Entry entry) in _entries.ToList())
        {
            if (!entry.IsUploaded)
                Put(name, entry with { IsUploaded = true }, batch);
        }
    }

    /// <summary>A KeyPackage that does not go to the server's stock: it is for one group that this device asks to be added to again.</summary>
    public KeyPackage CreateForReturn(CipherSuite suite, DateTimeOffset now, StoreBatch batch)
    {
        byte[] encoded = Create(suite, isLastResort: false, isForStock: false, now, batch);
        return Tls.TryDecode(encoded, out KeyPackage? keyPackage, out _) ? keyPackage : throw new InvalidOperationException("A KeyPackage was just made.");
    }

    /// <summary>The bundle a Welcome was made for, or null. The caller disposes it.</summary>
    public KeyPackageBundle? Find(Welcome welcome)
    {
        foreach (EncryptedGroupSecrets secrets in welcome.Secrets)
        {
            string name = Name(secrets.NewMember.Span);
            if (_entries.ContainsKey(name))
                return Load(name);
        }

        return null;
    }

    /// <summary>Deletes what was used to join, unless it is a last resort.</summary>
    public void Use(KeyPackageBundle bundle, StoreBatch batch)
    {
        string name = Name(bundle.Reference.Span);
        if (_entries.TryGetValue(name, out Entry? entry) && !entry.IsLastResort)
            Delete(name, batch);
    }

    private static string Name(ReadOnlySpan<byte> reference) => Convert.ToHexString(reference);

    private static byte[] Key(string name) => StoreKey.Of(Prefix, Convert.FromHexString(name));

    /// <summary>What has expired is kept as long again: a Welcome made in its last hour may still be on its way.</summary>
    private void DropExpired(DateTimeOffset now, StoreBatch batch)
    {
        foreach ((string name, Entry entry) in _entries.ToList())
        {
            if (entry.CreatedAt + (2 * MlsProfile.KeyPackageLifetime) < now)
                Delete(name, batch);
        }
    }

    private byte[] Create(CipherSuite suite, bool isLastResort, bool isForStock, DateTimeOffset now, StoreBatch batch)
    {
        // Whoever is online carries out a wish to return, however wrong its clock: that KeyPackage is valid from long before now.
        var lifetime = isForStock
            ? Lifetime.Between(now - MlsProfile.KeyPackageClockSkew, now + MlsProfile.KeyPackageLifetime)
            : Lifetime.Between(now - (MlsProfile.KeyPackageLifetime / 3), now + (MlsProfile.KeyPackageLifetime / 3));
        using KeyPackageBundle bundle = KeyPackageBundle.Create(
            _crypto, suite, _identity.Leaf, lifetime, isLastResort ? MlsProfile.LastResort : []);
        Put(Name(bundle.Reference.Span), new Entry(suite, isLastResort, IsUploaded: !isForStock, now, bundle.Serialize()), batch);
        return bundle.KeyPackage.Encode();
    }

    private KeyPackageBundle Load(string name) => KeyPackageBundle.Restore(_crypto, _entries[name].Bundle.Span);

    private void Put(string name, Entry entry, StoreBatch batch)
    {
        _entries[name] = entry;
        batch.Put(Key(name), entry.Encode());
    }

    private void Delete(string name, StoreBatch batch)
    {
        _entries.Remove(name);
        batch.Delete(Key(name));
    }

    private sealed record Entry(CipherSuite Suite, bool IsLastResort, bool IsUploaded, DateTimeOffset CreatedAt, ReadOnlyMemory<byte> Bundle)
    {
        private const byte LastResortFlag = 1;
        private const byte UploadedFlag = 2;
        private const byte HybridFlag = 4;

        public byte[] Encode()
        {
            var writer = new TlsWriter(4096);
            writer.WriteUInt8((byte)((IsLastResort ? LastResortFlag : 0) | (IsUploaded ? UploadedFlag : 0) | (Suite == MlsProfile.Suite ? HybridFlag : 0)));
            writer.WriteUInt64((ulong)CreatedAt.ToUnixTimeSeconds());
            writer.WriteVector(Bundle);
            return writer.ToArray();
        }

        public static Entry Decode(ReadOnlyMemory<byte> stored)
        {
            var reader = new TlsReader(stored);
            byte flags = reader.ReadUInt8();
            CipherSuite suite = (flags & HybridFlag) != 0 ? MlsProfile.Suite : MlsProfile.FallbackSuite;
            var entry = new Entry(
                suite, (flags & LastResortFlag) != 0, (flags & UploadedFlag) != 0, DateTimeOffset.FromUnixTimeSeconds((long)reader.ReadUInt64()), reader.ReadVector());
            return reader.Finish() ? entry : throw new InvalidDataException("A stored KeyPackage is damaged.");
        }
    }
}

using System.Text;
using Parley.Mls.Crypto;

namespace Parley.Client.Recovery;

/// <summary>
/// What archives are sealed with. It follows from a recovery code, which has 128 random bits and so needs no slow derivation: nobody tries them all.
/// The root is what a profile keeps so that it can go on archiving. Neither the code nor <see cref="ServerKeyOf"/> can be had from it, so that who
/// steals a device cannot bring another one into the account once it was taken out.
/// </summary>
internal sealed class ArchiveKeys : IDisposable
{
    public const int KeyBytes = 32;

    private static readonly byte[] RootLabel = "Parley 1.0 archive root"u8.ToArray();
    private static readonly byte[] ServerLabel = "Parley 1.0 recovery server"u8.ToArray();

    private readonly ICryptoProvider _crypto;
    private readonly Secret _root;
    private readonly Secret _name;
    private readonly Secret _seal;

    private ArchiveKeys(ICryptoProvider crypto, Secret root)
    {
        _crypto = crypto;
        _root = root;
        _name = Derive("name");
        _seal = Derive("seal");
    }

    /// <summary>What the profile keeps.</summary>
    public ReadOnlySpan<byte> Root => _root.AsSpan();

    /// <summary>The keys of a code.</summary>
    public static ArchiveKeys Of(ICryptoProvider crypto, RecoveryCode code)
    {
        var root = new Secret(KeyBytes);
        crypto.Hmac(HashAlgorithm.Sha256, RootLabel, code.Entropy, root.AsWritableSpan());
        return new ArchiveKeys(crypto, root);
    }

    /// <summary>The key that a server is shown to recover the account, and whose hash it has. The caller disposes it.</summary>
    public static Secret ServerKeyOf(ICryptoProvider crypto, RecoveryCode code)
    {
        var key = new Secret(KeyBytes);
        crypto.Hmac(HashAlgorithm.Sha256, ServerLabel, code.Entropy, key.AsWritableSpan());
        return key;
    }

    /// <summary>The keys of a root that was kept.</summary>
    public static ArchiveKeys OfRoot(ICryptoProvider crypto, ReadOnlySpan<byte> root) => new(crypto, new Secret(root));

    /// <summary>The name of a content: the same for the same bytes, and to nobody else but a random number.</summary>
    public byte[] NameOf(ReadOnlySpan<byte> padded)
    {
        byte[] name = new byte[KeyBytes];
        _crypto.Hmac(HashAlgorithm.Sha256, _name.AsSpan(), padded, name);
        return name;
    }

    /// <summary>The key that one name's content is sealed with. It seals nothing else, so its nonce is zero. The caller disposes it.</summary>
    public Secret SealKeyOf(ReadOnlySpan<byte> name)
    {
        var key = new Secret(KeyBytes);
        _crypto.HkdfExpand(HashAlgorithm.Sha256, _seal.AsSpan(), name, key.AsWritableSpan());
        return key;
    }

    public void Dispose()
    {
        _root.Dispose();
        _name.Dispose();
        _seal.Dispose();
    }

    private Secret Derive(string label)
    {
        var key = new Secret(KeyBytes);
        _crypto.HkdfExpand(HashAlgorithm.Sha256, _root.AsSpan(), Encoding.ASCII.GetBytes("Parley 1.0 archive " + label), key.AsWritableSpan());
        return key;
    }
}

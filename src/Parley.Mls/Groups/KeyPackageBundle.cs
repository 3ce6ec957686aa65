using System.Collections.Immutable;
using Parley.Mls.Crypto;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Storage;
using Parley.Mls.Validation;

namespace Parley.Mls.Groups;

/// <summary>
/// RFC 9420 §10: a KeyPackage with the two private keys that belong to it. Deleted by its owner once it was used to join, unless it is
/// a last-resort one.
/// </summary>
public sealed class KeyPackageBundle : IDisposable
{
    private KeyPackageBundle(KeyPackage keyPackage, byte[] reference, Secret initKey, Secret encryptionKey)
    {
        KeyPackage = keyPackage;
        Reference = reference;
        InitPrivateKey = initKey;
        EncryptionPrivateKey = encryptionKey;
    }

    /// <summary>The public part.</summary>
    public KeyPackage KeyPackage { get; }

    /// <summary>RFC 9420 §5.2: the KeyPackageRef, by which a Welcome names it.</summary>
    public ReadOnlyMemory<byte> Reference { get; }

    /// <summary>
    /// Whether the bundle is kept after it was used to join, until it is replaced (RFC 9420 §16.8). Whoever gets hold of its private keys
    /// until then can read every Welcome made for it; the leaf that came into a group by it is best renewed at once.
    /// </summary>
    public bool IsLastResort => KeyPackage.IsLastResort;

    internal Secret InitPrivateKey { get; }

    internal Secret EncryptionPrivateKey { get; }

    /// <summary>Makes a KeyPackage with fresh keys. The caller disposes the bundle.</summary>
    /// <param name="crypto">The primitives.</param>
    /// <param name="suite">The suite it is for.</param>
    /// <param name="identity">Who it is for.</param>
    /// <param name="lifetime">When it may be used.</param>
    /// <param name="extensions">The KeyPackage's own extensions, such as <see cref="KeyPackage.LastResort"/>.</param>
    /// <exception cref="ArgumentException">An extension has no place in a KeyPackage, or the identity does not support it.</exception>
    public static KeyPackageBundle Create(
        ICryptoProvider crypto, CipherSuite suite, LeafIdentity identity, Lifetime lifetime, ImmutableArray<Extension> extensions)
    {
        ArgumentNullException.ThrowIfNull(identity);
        if (!extensions.All(extension => GroupExtensionRules.IsAllowedInKeyPackage(extension.Type) && identity.Capabilities.Supports(extension.Type)))
            throw new ArgumentException("The identity does not support an extension, or it has no place in a KeyPackage.", nameof(extensions));
        var cryptoSuite = new CryptoSuite(crypto, suite);
        HpkeKeyPair init = cryptoSuite.GenerateHpkeKeyPair();
        HpkeKeyPair encryption = cryptoSuite.GenerateHpkeKeyPair();

        // One type for both lists, because the leaf has to list the KeyPackage's extensions, too.
        ExtensionType grease = Grease.ExtensionType(crypto);
        LeafNode leaf = identity.WithGrease(crypto, grease)
            .Sign(cryptoSuite, encryption.PublicKey, new LeafNodeSource.KeyPackage(lifetime), default, default);
        ImmutableArray<Extension> shown = identity.SendsGrease ? Grease.Add(crypto, extensions, grease) : extensions;
        var unsigned = new KeyPackage(suite, init.PublicKey, leaf, shown, default);
        KeyPackage signed = unsigned with { Signature = identity.Signer.Sign(cryptoSuite, "KeyPackageTBS", unsigned.EncodeToBeSigned()) };
        return new KeyPackageBundle(signed, ReferenceOf(cryptoSuite, signed), init.PrivateKey, encryption.PrivateKey);
    }

    /// <summary>Puts a bundle together from its parts, which it takes ownership of.</summary>
    public static KeyPackageBundle FromParts(ICryptoProvider crypto, KeyPackage keyPackage, Secret initPrivateKey, Secret encryptionPrivateKey)
    {
        ArgumentNullException.ThrowIfNull(keyPackage);
        return new KeyPackageBundle(keyPackage, ReferenceOf(new CryptoSuite(crypto, keyPackage.CipherSuite), keyPackage), initPrivateKey, encryptionPrivateKey);
    }

    /// <summary>Reads what <see cref="Serialize"/> wrote.</summary>
    /// <exception cref="ArgumentException">The bytes were not written by it.</exception>
    public static KeyPackageBundle Restore(ICryptoProvider crypto, ReadOnlySpan<byte> serialized)
    {
        var reader = new TlsReader(serialized.ToArray());
        ReadOnlyMemory<byte> encoded = reader.ReadVector();
        Secret init = reader.TakeSecret();
        Secret encryption = reader.TakeSecret();
        if (reader.Finish() && Tls.TryDecode(encoded.Span, out KeyPackage? keyPackage, out _))
            return FromParts(crypto, keyPackage, init, encryption);
        init.Dispose();
        encryption.Dispose();
        throw new ArgumentException("Not a serialized KeyPackageBundle.", nameof(serialized));
    }

    /// <summary>The bundle as bytes, private keys included: secret, to be encrypted by the caller's store.</summary>
    public byte[] Serialize()
    {
        var writer = new TlsWriter(1024);
        writer.WriteVector(KeyPackage.Encode());
        writer.WriteVector(InitPrivateKey.AsSpan());
        writer.WriteVector(EncryptionPrivateKey.AsSpan());
        byte[] serialized = writer.ToArray();
        writer.Clear();
        return serialized;
    }

    /// <summary>Zeroes the private keys.</summary>
    public void Dispose()
    {
        InitPrivateKey.Dispose();
        EncryptionPrivateKey.Dispose();
    }

    private static byte[] ReferenceOf(CryptoSuite suite, KeyPackage keyPackage) =>
        suite.RefHash(CryptoSuite.KeyPackageReferenceLabel, keyPackage.Encode());
}

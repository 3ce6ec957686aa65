using System.Collections.Immutable;
using Parley.Mls.Crypto;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Credentials;
using Parley.Mls.Messages.Extensions;
using Parley.Mls.Messages.Tree;

namespace Parley.Mls.Groups;

/// <summary>What a client puts into its leaves, and the key it signs them with. The owner of the key disposes it after the group.</summary>
/// <param name="Signer">The signature key pair.</param>
/// <param name="Credential">Who the client is.</param>
/// <param name="Capabilities">What it supports.</param>
/// <param name="Extensions">The leaf's extensions.</param>
public sealed record LeafIdentity(SignatureKeyPair Signer, Credential Credential, Capabilities Capabilities, ImmutableArray<Extension> Extensions)
{
    /// <summary>
    /// RFC 9420 §13.5: whether what is sent holds a few random values that mean nothing, so that a client that stumbles over what it does not
    /// know is noticed early. They come from the injected randomness.
    /// </summary>
    public bool SendsGrease { get; init; } = true;

    /// <summary>A client with a fresh signature key, which supports one suite, its own type of credential and nothing that is not in every MLS.</summary>
    /// <exception cref="ArgumentException">The suite is not built in, or the provider does not have it.</exception>
    public static LeafIdentity Create(ICryptoProvider crypto, CipherSuite suite, Credential credential)
    {
        ArgumentNullException.ThrowIfNull(credential);
        var signer = SignatureKeyPair.Generate(crypto, new CryptoSuite(crypto, suite).Parameters.Signature);
        return new LeafIdentity(signer, credential, new Capabilities([ProtocolVersion.Mls10], [suite], [], [], [credential.Type]), []);
    }

    /// <summary>The identity as a new leaf shows it: with values that mean nothing, if they are wanted.</summary>
    internal LeafIdentity WithGrease(ICryptoProvider crypto, ExtensionType type) => !SendsGrease ? this : this with
    {
        Capabilities = Grease.Add(crypto, Capabilities, type),
        Extensions = Grease.Add(crypto, Extensions, type),
    };

    /// <summary>RFC 9420 §7.2: makes and signs a leaf.</summary>
    internal LeafNode Sign(
        CryptoSuite suite, ReadOnlyMemory<byte> encryptionKey, LeafNodeSource source, ReadOnlyMemory<byte> groupId, LeafIndex index)
    {
        var unsigned = new LeafNode(encryptionKey, Signer.PublicKey, Credential, Capabilities, source, Extensions, default);
        return unsigned with { Signature = Signer.Sign(suite, "LeafNodeTBS", unsigned.EncodeToBeSigned(groupId.Span, index)) };
    }

    /// <summary>The identity that a leaf of ours shows, with the key among those known that signed it.</summary>
    /// <exception cref="ArgumentException">None of them has the leaf's signature key.</exception>
    internal static LeafIdentity Of(LeafNode leaf, IEnumerable<LeafIdentity> known)
    {
        LeafIdentity owner = known.FirstOrDefault(identity => identity.Signer.PublicKey.Span.SequenceEqual(leaf.SignatureKey.Span))
            ?? throw new ArgumentException("The signature key of our leaf is not given.", nameof(known));
        return owner with { Credential = leaf.Credential, Capabilities = leaf.Capabilities, Extensions = leaf.Extensions };
    }
}

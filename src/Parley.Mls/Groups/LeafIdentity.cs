using System.Collections.Immutable;
using Parley.Mls.Crypto;
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
    /// <summary>RFC 9420 §7.2: makes and signs a leaf.</summary>
    internal LeafNode Sign(
        CryptoSuite suite, ReadOnlyMemory<byte> encryptionKey, LeafNodeSource source, ReadOnlyMemory<byte> groupId, LeafIndex index)
    {
        var unsigned = new LeafNode(encryptionKey, Signer.PublicKey, Credential, Capabilities, source, Extensions, default);
        return Resign(suite, unsigned, groupId, index);
    }

    /// <summary>The leaf with a new encryption key and source, otherwise as it was, signed.</summary>
    internal LeafNode Renew(
        CryptoSuite suite, LeafNode current, ReadOnlyMemory<byte> encryptionKey, LeafNodeSource source, ReadOnlyMemory<byte> groupId, LeafIndex index) =>
        Resign(suite, current with { EncryptionKey = encryptionKey, Source = source }, groupId, index);

    private LeafNode Resign(CryptoSuite suite, LeafNode leaf, ReadOnlyMemory<byte> groupId, LeafIndex index) =>
        leaf with { Signature = Signer.Sign(suite, "LeafNodeTBS", leaf.EncodeToBeSigned(groupId.Span, index)) };
}

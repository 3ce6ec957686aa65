using System.Collections.Immutable;
using Parley.Mls.Crypto;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Tests.Groups;
using Parley.Mls.Tree;

namespace Parley.Mls.Tests.Fuzzing;

/// <summary>
/// Completes content that a fuzzer made up. A field of at most one byte where the protocol wants a key, a hash or a ciphertext stands for
/// an honest one, which the byte chooses; signatures and tags are always made again. So inputs are short, mean the same in every group,
/// and reach the rules that come after the cryptography.
/// </summary>
internal sealed class ContentForge(FuzzGroup group)
{
    private const byte FirstTreeKey = 240;

    private readonly Dictionary<byte, byte[]> _publicKeys = [];

    /// <summary>What a one-byte ProposalRef chooses from.</summary>
    public List<ReadOnlyMemory<byte>> References { get; } = [];

    private EpochState Epoch => group.Group.EpochState();

    private CryptoSuite Suite => Epoch.Suite;

    /// <summary>Completes and signs content; a Commit gets the confirmation tag that fits, if there is one.</summary>
    public AuthenticatedContent Sign(Content content, Sender sender, WireFormat format)
    {
        CommitForge? commitForge = null;
        if (content is Content.CommitContent { Commit: { } commit })
        {
            ImmutableArray<ProposalOrRef> proposals = [.. commit.Proposals.Select(entry => Complete(entry, sender))];
            commitForge = new CommitForge(group, this, sender);
            content = new Content.CommitContent(commitForge.Complete(commit with { Proposals = proposals }));
        }
        else if (content is Content.ProposalContent { Proposal: { } proposal })
        {
            content = new Content.ProposalContent(Complete(proposal, sender));
        }

        var framed = new FramedContent(Epoch.Context.GroupId, Epoch.Context.Epoch, sender, default, content);
        byte[] context = sender is Sender.External or Sender.NewMemberProposal ? [] : Epoch.EncodedContext;
        byte[] signature = SignerOf(framed).Sign(Suite, "FramedContentTBS", AuthenticatedContent.EncodeToBeSigned(format, framed, context));
        var signed = new AuthenticatedContent(format, framed, new FramedContentAuthData(signature, null));
        ReadOnlyMemory<byte>? tag = commitForge?.ConfirmationTag(signed);
        return signed with { Auth = signed.Auth with { ConfirmationTag = tag } };
    }

    /// <summary>A key that a leaf or parent may have: an empty field means <paramref name="own"/>, high bytes those in the tree.</summary>
    public ReadOnlyMemory<byte> PublicKey(ReadOnlyMemory<byte> field, ReadOnlyMemory<byte> own)
    {
        if (field.Length > 1)
            return field;
        if (field.IsEmpty && !own.IsEmpty)
            return own;
        byte choice = field.IsEmpty ? (byte)0 : field.Span[0];
        if (choice >= FirstTreeKey && Epoch.Tree.EncryptionKeyAt(new NodeIndex(choice - (uint)FirstTreeKey)) is { } used)
            return used;
        if (!_publicKeys.TryGetValue(choice, out byte[]? publicKey))
        {
            using HpkeKeyPair pair = Suite.DeriveHpkeKeyPair([.. new byte[Suite.HashBytes - 1], choice]);
            _publicKeys.Add(choice, publicKey = pair.PublicKey);
        }

        return publicKey;
    }

    /// <summary>Completes a leaf and signs it, if the key it names is a known one.</summary>
    public LeafNode Complete(LeafNode leaf, LeafNode? current, LeafIndex index)
    {
        leaf = leaf with { EncryptionKey = PublicKey(leaf.EncryptionKey, default), SignatureKey = SignatureKey(leaf.SignatureKey, current) };
        byte[]? signature = SignerOf(leaf.SignatureKey)?.Sign(Suite, "LeafNodeTBS", leaf.EncodeToBeSigned(Epoch.Context.GroupId.Span, index));
        return signature is null ? leaf : leaf with { Signature = signature };
    }

    /// <summary>The key pair of a leaf in the tree, or null.</summary>
    public SignatureKeyPair? SignerOfLeaf(LeafIndex index) => Epoch.Tree.LeafAt(index) is { } leaf ? SignerOf(leaf.SignatureKey) : null;

    /// <summary>The leaf that a sender has in the tree.</summary>
    public LeafNode? LeafOf(Sender sender) => sender is Sender.Member { LeafIndex: var index } ? Epoch.Tree.LeafAt(index) : null;

    private ProposalOrRef Complete(ProposalOrRef entry, Sender sender) => entry switch
    {
        ProposalOrRef.ByValue { Proposal: { } proposal } => new ProposalOrRef.ByValue(Complete(proposal, sender)),
        ProposalOrRef.ByReference { Reference: { Length: <= 1 } field } when References.Count > 0 =>
            new ProposalOrRef.ByReference(References[(field.IsEmpty ? 0 : field.Span[0]) % References.Count]),
        _ => entry,
    };

    private Proposal Complete(Proposal proposal, Sender sender) => proposal switch
    {
        Proposal.Add { KeyPackage: { } keyPackage } => new Proposal.Add(Complete(keyPackage)),
        Proposal.Update { LeafNode: { } leaf } => new Proposal.Update(
            Complete(leaf, LeafOf(sender), sender is Sender.Member { LeafIndex: var index } ? index : default)),
        Proposal.PreSharedKey { Psk: { Nonce.Length: <= 1 } psk } => new Proposal.PreSharedKey(
            psk with { Nonce = Enumerable.Repeat(psk.Nonce.IsEmpty ? (byte)0 : psk.Nonce.Span[0], Suite.HashBytes).ToArray() }),
        Proposal.ExternalInit { KemOutput.Length: <= 1 } => new Proposal.ExternalInit(CommitForge.ExternalInit(Epoch).KemOutput),
        _ => proposal,
    };

    private KeyPackage Complete(KeyPackage keyPackage)
    {
        LeafNode leaf = Complete(keyPackage.LeafNode, null, default);
        keyPackage = keyPackage with { LeafNode = leaf, InitKey = PublicKey(keyPackage.InitKey, default) };
        byte[]? signature = SignerOf(leaf.SignatureKey)?.Sign(Suite, "KeyPackageTBS", keyPackage.EncodeToBeSigned());
        return signature is null ? keyPackage : keyPackage with { Signature = signature };
    }

    private ReadOnlyMemory<byte> SignatureKey(ReadOnlyMemory<byte> field, LeafNode? current)
    {
        if (field.Length > 1)
            return field;
        if (field.IsEmpty && current is not null)
            return current.SignatureKey;
        return group.Signers[(field.IsEmpty ? 0 : field.Span[0]) % group.Signers.Length].PublicKey;
    }

    private SignatureKeyPair SignerOf(FramedContent framed)
    {
        ReadOnlyMemory<byte>? key = framed switch
        {
            { Sender: Sender.NewMemberProposal, Content: Content.ProposalContent { Proposal: Proposal.Add { KeyPackage: { } added } } } => added.LeafNode.SignatureKey,
            { Sender: Sender.NewMemberCommit, Content: Content.CommitContent { Commit.Path: { } path } } => path.LeafNode.SignatureKey,
            _ => LeafOf(framed.Sender)?.SignatureKey,
        };
        return (key is { } known ? SignerOf(known) : null) ?? group.Signers[0];
    }

    private SignatureKeyPair? SignerOf(ReadOnlyMemory<byte> publicKey) =>
        group.Signers.FirstOrDefault(signer => signer.PublicKey.Span.SequenceEqual(publicKey.Span));
}

using System.Diagnostics.CodeAnalysis;
using Parley.Mls.Crypto;
using Parley.Mls.Messages;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.KeyPackages;
using Parley.Mls.Messages.Proposals;

namespace Parley.Mls.Groups;

/// <summary>
/// RFC 9420 §12.1.8: proposals from outside of a group. They are PublicMessages, signed without the GroupContext, so their maker needs to
/// know no more of the group than its id, its suite and the current epoch.
/// </summary>
public static class ExternalProposals
{
    private const string FramedContentLabel = "FramedContentTBS";

    /// <summary>A client proposes to be added itself (sender type <c>new_member_proposal</c>).</summary>
    /// <param name="crypto">The primitives.</param>
    /// <param name="groupId">The group.</param>
    /// <param name="epoch">Its current epoch.</param>
    /// <param name="keyPackage">The client's KeyPackage; a Welcome will name it.</param>
    /// <param name="signer">The signature key of that KeyPackage.</param>
    /// <returns>An encoded MLSMessage.</returns>
    /// <exception cref="ArgumentException">The suite is not supported, or the key is not the KeyPackage's.</exception>
    public static byte[] Add(ICryptoProvider crypto, ReadOnlySpan<byte> groupId, ulong epoch, KeyPackage keyPackage, SignatureKeyPair signer)
    {
        ArgumentNullException.ThrowIfNull(keyPackage);
        ArgumentNullException.ThrowIfNull(signer);
        if (!signer.PublicKey.Span.SequenceEqual(keyPackage.LeafNode.SignatureKey.Span))
            throw new ArgumentException("The signature key is not that of the KeyPackage.", nameof(signer));
        var suite = new CryptoSuite(crypto, keyPackage.CipherSuite);
        return Sign(suite, groupId, epoch, new Sender.NewMemberProposal(), new Proposal.Add(keyPackage), signer);
    }

    /// <summary>
    /// Whether a message is a client's own proposal to be added, signed by it, whatever epoch it is for: for one who cannot process it, being in another.
    /// Whether the client may be added is not looked at.
    /// </summary>
    /// <param name="crypto">The primitives.</param>
    /// <param name="suite">The group's suite.</param>
    /// <param name="message">The message.</param>
    /// <param name="keyPackage">The client's KeyPackage.</param>
    public static bool TryVerifyAdd(ICryptoProvider crypto, CipherSuite suite, PublicMessage message, [NotNullWhen(true)] out KeyPackage? keyPackage)
    {
        ArgumentNullException.ThrowIfNull(message);
        keyPackage = message.Content is { Sender: Sender.NewMemberProposal, Content: Content.ProposalContent { Proposal: Proposal.Add add } } ? add.KeyPackage : null;
        if (keyPackage is null)
            return false;
        byte[] signed = AuthenticatedContent.EncodeToBeSigned(WireFormat.PublicMessage, message.Content, []);
        return new CryptoSuite(crypto, suite).VerifyWithLabel(keyPackage.LeafNode.SignatureKey.Span, FramedContentLabel, signed, message.Auth.Signature.Span);
    }

    /// <summary>One of the group's <c>external_senders</c> proposes.</summary>
    /// <param name="crypto">The primitives.</param>
    /// <param name="suite">The group's suite.</param>
    /// <param name="groupId">The group.</param>
    /// <param name="epoch">Its current epoch.</param>
    /// <param name="senderIndex">The sender's place in the extension.</param>
    /// <param name="proposal">An Add, Remove, PreSharedKey, ReInit or GroupContextExtensions. The members check the rest.</param>
    /// <param name="signer">The signature key that the extension lists.</param>
    /// <returns>An encoded MLSMessage.</returns>
    /// <exception cref="ArgumentException">The suite is not supported, or the proposal's type is for members only.</exception>
    public static byte[] Create(
        ICryptoProvider crypto, CipherSuite suite, ReadOnlySpan<byte> groupId, ulong epoch, uint senderIndex, Proposal proposal, SignatureKeyPair signer)
    {
        ArgumentNullException.ThrowIfNull(proposal);
        ArgumentNullException.ThrowIfNull(signer);
        if (!proposal.IsAllowedFromExternalSender)
            throw new ArgumentException($"An external sender may not send a proposal of type {proposal.Type}.", nameof(proposal));
        return Sign(new CryptoSuite(crypto, suite), groupId, epoch, new Sender.External(senderIndex), proposal, signer);
    }

    private static byte[] Sign(CryptoSuite suite, ReadOnlySpan<byte> groupId, ulong epoch, Sender sender, Proposal proposal, SignatureKeyPair signer)
    {
        var framed = new FramedContent(groupId.ToArray(), epoch, sender, default, new Content.ProposalContent(proposal));
        byte[] signature = signer.Sign(suite, FramedContentLabel, AuthenticatedContent.EncodeToBeSigned(WireFormat.PublicMessage, framed, []));
        var message = new PublicMessage(framed, new FramedContentAuthData(signature, null), null);
        return new MlsMessage.Public(message).Encode<MlsMessage>();
    }
}

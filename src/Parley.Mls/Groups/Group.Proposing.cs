using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Messages.Proposals;
using Parley.Mls.Messages.Tree;
using Parley.Mls.Storage;
using Parley.Mls.Tree;
using Parley.Mls.Validation;

namespace Parley.Mls.Groups;

/// <content>
/// RFC 9420 §12.1: proposals of our own. They count only when the group has them: one is kept aside until its message comes back from the
/// Delivery Service, and only then is it among those that a Commit can name.
/// </content>
public sealed partial class Group
{
    /// <summary>
    /// Proposes what every member may propose: an Add, a Remove (of ourselves, too), a PreSharedKey (see <see cref="PreSharedKeyProposals"/>), a ReInit, a
    /// GroupContextExtensions, an AppDataUpdate or an AppEphemeral.
    /// </summary>
    /// <returns>An encoded MLSMessage.</returns>
    /// <exception cref="ArgumentException">An Update or SelfRemove, which have methods of their own.</exception>
    /// <exception cref="MlsException">The proposal is not valid in this group.</exception>
    /// <exception cref="InvalidOperationException">The group has ended for us.</exception>
    public byte[] Propose(Proposal proposal, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(proposal);
        if (proposal is Proposal.Update or Proposal.SelfRemove)
            throw new ArgumentException($"A proposal of type {proposal.Type} is made by the method of its name.", nameof(proposal));
        return Send(proposal, now, _config.HandshakeFormat);
    }

    /// <summary>Proposes a fresh key for our own leaf, and, if one is given, another identity.</summary>
    /// <param name="identity">
    /// What our leaf shows once this is committed, and the key it is signed with; null if that does not change. The key must be stored before
    /// the proposal is sent, the former one until the epoch has ended.
    /// </param>
    /// <returns>An encoded MLSMessage.</returns>
    /// <exception cref="MlsException">The new identity is not valid in this group.</exception>
    /// <exception cref="InvalidOperationException">The group has ended for us.</exception>
    public byte[] ProposeUpdate(LeafIdentity? identity = null)
    {
        ThrowIfEnded();
        using HpkeKeyPair pair = _suite.GenerateHpkeKeyPair();
        LeafNode leaf = (identity ?? Identity).Sign(_suite, pair.PublicKey, new LeafNodeSource.Update(), _epoch.Context.GroupId, OwnLeafIndex);
        byte[] message = Send(new Proposal.Update(leaf), null, _config.HandshakeFormat);
        _updateKeys.Add(new KeyBytes(pair.PublicKey), pair.PrivateKey.Clone());
        WriteUpdateKey(pair.PublicKey, pair.PrivateKey);
        if (identity is not null)
            _identities.Add(identity);
        return message;
    }

    /// <summary>
    /// Proposes to remove ourselves, so that one who joins by an external Commit can carry it out, too (draft-ietf-mls-extensions-09 §6.3).
    /// All members must support it.
    /// </summary>
    /// <returns>An encoded MLSMessage, a PublicMessage whatever the group's handshakes are.</returns>
    /// <exception cref="MlsException">A member does not support the proposal.</exception>
    /// <exception cref="InvalidOperationException">It was proposed in this epoch before, or the group has ended for us.</exception>
    public byte[] ProposeSelfRemove()
    {
        bool isRepeated = _ownProposals.Exists(static own => own.Content.Content.Content is Content.ProposalContent { Proposal: Proposal.SelfRemove })
            || SelfRemovers().Contains(OwnLeafIndex);
        if (isRepeated)
            throw new InvalidOperationException("A SelfRemove was proposed in this epoch before.");
        return Send(new Proposal.SelfRemove(), null, WireFormat.PublicMessage);
    }

    private byte[] Send(Proposal proposal, DateTimeOffset? now, WireFormat format)
    {
        ThrowIfEnded();
        CheckProposal(new QueuedProposal(proposal, new Sender.Member(OwnLeafIndex), null), now);
        AuthenticatedContent content = Sign(new Content.ProposalContent(proposal), default, format);
        byte[] message = Seal(content);
        var own = new OwnProposal(HashOf(message), content);

        // The same PublicMessage again is one entry, as it is in the store: it is taken up once, whether we restart or not.
        if (_ownProposals.Exists(sent => sent.MessageHash.AsSpan().SequenceEqual(own.MessageHash)))
            return message;
        _ownProposals.Add(own);
        _log.Put(StateKey.OwnProposal(own.MessageHash), content.Encode());
        return message;
    }

    /// <summary>Our own proposal has come back: from now on a Commit can name it.</summary>
    private Received.Proposal? AcceptOwnProposal(MlsMessage message)
    {
        byte[] hash = HashOf(message.Encode());
        OwnProposal? own = _ownProposals.Find(candidate => candidate.MessageHash.AsSpan().SequenceEqual(hash));
        if (own is null)
            return null;
        _ownProposals.Remove(own);
        _log.Delete(StateKey.OwnProposal(own.MessageHash));
        return new Received.Proposal(_proposals.Add(_suite, own.Content, _log));
    }

    /// <summary>The leaves whose SelfRemove waits for a Commit.</summary>
    private HashSet<LeafIndex> SelfRemovers() =>
        [.. _proposals.All.Where(static queued => queued.Proposal is Proposal.SelfRemove).Select(ProposalListRules.SenderLeaf)];

    private byte[] HashOf(ReadOnlySpan<byte> message) => _suite.Hash(message)[..StateKey.NameBytesMax];

    private void ForgetProposals()
    {
        _proposals.Clear(_log);
        foreach (OwnProposal own in _ownProposals)
            _log.Delete(StateKey.OwnProposal(own.MessageHash));
        _ownProposals.Clear();
        foreach ((KeyBytes publicKey, Secret privateKey) in _updateKeys)
        {
            _log.Delete(StateKey.UpdateKey(publicKey.Span));
            privateKey.Dispose();
        }

        _updateKeys.Clear();
    }

    /// <summary>A proposal of our own on its way, by the hash of its message. Restored ones are named by the key they were stored under.</summary>
    private sealed record OwnProposal(byte[] MessageHash, AuthenticatedContent Content);
}

using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Storage;
using Parley.Mls.Tree;

namespace Parley.Mls.Groups;

/// <summary>RFC 9420 §12.1: the proposals received and verified in this epoch, by the hash that a Commit names them with.</summary>
internal sealed class ProposalCache
{
    /// <summary>A hostile member could otherwise fill the memory of all others.</summary>
    private const int CountMax = 1024;

    private readonly List<QueuedProposal> _entries = [];
    private readonly Dictionary<KeyBytes, QueuedProposal> _byReference = [];

    /// <summary>In the order in which they came.</summary>
    public IReadOnlyList<QueuedProposal> All => _entries;

    /// <summary>What a proposal is here: the one that is kept, if it came before.</summary>
    public QueuedProposal Of(CryptoSuite suite, AuthenticatedContent content)
    {
        byte[] reference = suite.RefHash(CryptoSuite.ProposalReferenceLabel, content.Encode());
        return Find(reference) ?? new QueuedProposal(((Content.ProposalContent)content.Content.Content).Proposal, content.Content.Sender, reference);
    }

    /// <summary>Keeps a verified proposal. The same one again changes nothing.</summary>
    /// <exception cref="MlsException">There are as many as are kept.</exception>
    public QueuedProposal Add(CryptoSuite suite, AuthenticatedContent content, StateLog log)
    {
        QueuedProposal queued = Of(suite, content);
        Add(queued, content, log);
        return queued;
    }

    /// <inheritdoc cref="Add(CryptoSuite, AuthenticatedContent, StateLog)"/>
    public void Add(QueuedProposal queued, AuthenticatedContent content, StateLog log)
    {
        if (Find(ReferenceOf(queued)) is not null)
            return;
        MlsException.ThrowIf(_entries.Count >= CountMax, MlsError.UnexpectedMessage);
        Enter(queued);
        log.Put(StateKey.CachedProposal(ReferenceOf(queued).Span), content.Encode());
    }

    public void Restore(CryptoSuite suite, AuthenticatedContent content) => Enter(Of(suite, content));

    public QueuedProposal? Find(ReadOnlyMemory<byte> reference) => _byReference.GetValueOrDefault(new KeyBytes(reference));

    public void Clear(StateLog log)
    {
        foreach (QueuedProposal queued in _entries)
            log.Delete(StateKey.CachedProposal(ReferenceOf(queued).Span));
        _entries.Clear();
        _byReference.Clear();
    }

    private void Enter(QueuedProposal queued)
    {
        _entries.Add(queued);
        _byReference.Add(new KeyBytes(ReferenceOf(queued)), queued);
    }

    private static ReadOnlyMemory<byte> ReferenceOf(QueuedProposal queued) =>
        queued.Reference ?? throw new InvalidOperationException("What is kept here was sent by itself, and has a reference.");
}

using Parley.Mls.Crypto;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Storage;

namespace Parley.Mls.Groups;

/// <summary>RFC 9420 §12.1: the proposals received and verified in this epoch, by the hash that a Commit names them with.</summary>
internal sealed class ProposalCache
{
    /// <summary>A hostile member could otherwise fill the memory of all others.</summary>
    private const int CountMax = 1024;

    private readonly List<(byte[] Reference, AuthenticatedContent Content)> _entries = [];

    public int Count => _entries.Count;

    public IEnumerable<(byte[] Reference, AuthenticatedContent Content)> All => _entries;

    /// <summary>Keeps a verified proposal. The same one again changes nothing.</summary>
    public QueuedProposal Add(CryptoSuite suite, AuthenticatedContent content, StateLog log)
    {
        byte[] encoded = content.Encode();
        byte[] reference = suite.RefHash(CryptoSuite.ProposalReferenceLabel, encoded);
        if (Find(reference) is { } known)
            return known;
        MlsException.ThrowIf(_entries.Count >= CountMax, MlsError.UnexpectedMessage);
        _entries.Add((reference, content));
        log.Put(StateKey.CachedProposal(reference), encoded);
        return Queue(reference, content);
    }

    public void Restore(CryptoSuite suite, AuthenticatedContent content) =>
        _entries.Add((suite.RefHash(CryptoSuite.ProposalReferenceLabel, content.Encode()), content));

    public QueuedProposal? Find(ReadOnlySpan<byte> reference)
    {
        foreach ((byte[] known, AuthenticatedContent content) in _entries)
        {
            if (known.AsSpan().SequenceEqual(reference))
                return Queue(known, content);
        }

        return null;
    }

    public IEnumerable<QueuedProposal> Queued() => _entries.Select(entry => Queue(entry.Reference, entry.Content));

    public void Clear(StateLog log)
    {
        foreach ((byte[] reference, _) in _entries)
            log.Delete(StateKey.CachedProposal(reference));
        _entries.Clear();
    }

    private static QueuedProposal Queue(byte[] reference, AuthenticatedContent content) =>
        new(((Content.ProposalContent)content.Content.Content).Proposal, content.Content.Sender, reference);
}

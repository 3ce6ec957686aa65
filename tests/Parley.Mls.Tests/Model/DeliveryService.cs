namespace Parley.Mls.Tests.Model;

/// <summary>
/// RFC 9750 §5.2: a Delivery Service with one log for the group. It orders handshake messages, takes the first Commit for each epoch and
/// refuses what is for another epoch than the last one; it can do no more, because it reads no message.
/// </summary>
internal sealed class DeliveryService
{
    private readonly List<Entry> _log = [];

    /// <summary>The epoch that the log has led to.</summary>
    public ulong Epoch { get; private set; }

    public int Count => _log.Count;

    public Entry this[int position] => _log[position];

    /// <summary>Takes a handshake message at the end of the log, or refuses it.</summary>
    public bool TryAppend(Entry entry)
    {
        if (entry.Epoch != Epoch)
            return false;
        _log.Add(entry);
        if (entry.IsCommit)
            Epoch++;
        return true;
    }

    /// <param name="Sender">Who sent it.</param>
    /// <param name="Message">The encoded MLSMessage.</param>
    /// <param name="IsCommit">Whether it ends its epoch.</param>
    /// <param name="Epoch">The epoch it was made in.</param>
    internal sealed record Entry(Peer Sender, byte[] Message, bool IsCommit, ulong Epoch)
    {
        /// <summary>Whether new members find the tree in the Welcome.</summary>
        public bool WelcomeHasTree { get; init; }

        /// <summary>Another message that half of the members get in its place: what a Delivery Service must never do.</summary>
        public Entry? Twin { get; set; }
    }
}

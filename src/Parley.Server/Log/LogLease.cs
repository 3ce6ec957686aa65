namespace Parley.Server.Log;

/// <summary>
/// One sequencer's belief about where a log ends. The sequencer numbers entries ahead of the disk, so a write that does not fit
/// (a retry of an old message, a failed disk) would leave a gap before those that follow it. The store therefore breaks the lease at
/// the first entry it does not take and refuses all later ones of the same lease; the sequencer reads the log's end anew, takes a
/// new lease and numbers again what was not acknowledged.
/// </summary>
internal sealed class LogLease(long logId)
{
    private volatile bool _broken;

    /// <summary>The store's number for the log.</summary>
    public long LogId { get; } = logId;

    public bool IsBroken => _broken;

    /// <summary>Whether it broke because another sequencer has used the number: there are two for the log.</summary>
    public bool IsOvertaken { get; private set; }

    /// <summary>Why the store failed, if that broke the lease. All that was in flight behind it fails with it.</summary>
    public Exception? Failure { get; private set; }

    public void Overtake()
    {
        IsOvertaken = true;
        _broken = true;
    }

    public void Break(Exception? failure = null)
    {
        Failure = failure;
        _broken = true;
    }
}

using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Mls.Messages.Framing;
using Parley.Server.Log;

namespace Parley.Server.Sequencing;

/// <summary>
/// The end of a group's log as its sequencer sees it: what the store holds plus what is on its way there. It decides, and does no
/// I/O. When the store breaks the lease, what it assumed was wrong and it is thrown away.
/// </summary>
internal sealed class LogTip
{
    /// <summary>No group comes to it; it leaves room to count on.</summary>
    private const ulong EpochMax = 1UL << 62;

    private readonly HashSet<DeviceId> _members;
    private ulong _head;
    private ulong _epoch;
    private ulong _lastCommit;

    /// <summary>The latest epoch that this tip has seen: a Commit that takes the place of others begins an earlier one again.</summary>
    private ulong _latestEpoch;

    /// <summary>
    /// The first epoch whose application messages all members of today can open, as far as this tip has seen it: who joins later has no keys
    /// of the epochs before, and what stands in the log behind an Add is for the new member too. Not stored: a new tip begins at its own epoch, and
    /// a message that it refuses is sealed again by its sender.
    /// </summary>
    private ulong _firstShared;

    public LogTip(LogSnapshot snapshot)
    {
        Lease = new LogLease(snapshot.LogId);
        _members = [.. snapshot.Members];
        _head = snapshot.Head;
        _epoch = snapshot.Epoch;
        _latestEpoch = snapshot.Epoch;
        _lastCommit = snapshot.LastCommit;
        _firstShared = snapshot.Epoch;
    }

    public LogLease Lease { get; }

    /// <summary>The last write that was numbered. When it is done, all before it are.</summary>
    public Task<AppendResult> LastWrite { get; set; } = Task.FromResult<AppendResult>(AppendResult.Stored.Instance);

    /// <summary>Whether the log takes the message now.</summary>
    public ErrorCode Check(AppendRequest request)
    {
        if (!_members.Contains(request.Sender))
            return ErrorCode.NotAMember;
        ulong epoch = request.Header.Epoch;

        // Members may find that the last Commit is none, which the server cannot see. Whose epoch the next one is for is theirs to judge; that only one
        // takes a place is what the server sees to.
        if (request.Header.Supersedes is { } superseded)
            return epoch > EpochMax ? ErrorCode.EpochUnknown : superseded == _lastCommit ? ErrorCode.None : ErrorCode.EpochTaken;
        if (epoch > _latestEpoch)
            return ErrorCode.EpochUnknown;
        return request.Header.Content switch
        {
            ContentType.Application => epoch + Limits.PastEpochsMax >= _epoch && epoch >= _firstShared ? ErrorCode.None : ErrorCode.EpochTooOld,
            ContentType.Proposal => epoch == _epoch ? ErrorCode.None : ErrorCode.EpochTooOld,
            ContentType.Commit => epoch == _epoch ? ErrorCode.None : ErrorCode.EpochTaken,
            _ => ErrorCode.Malformed,
        };
    }

    /// <summary>Gives the message its number and assumes that it will be stored.</summary>
    public NewEntry Number(AppendRequest request, ulong receivedAtMs)
    {
        _head++;
        CommitEffects? commit = null;
        if (request.Header.Content == ContentType.Commit)
        {
            _epoch = request.Header.Epoch + 1;
            _latestEpoch = Math.Max(_latestEpoch, _epoch);
            _lastCommit = _head;
            _firstShared = Math.Min(_firstShared, _epoch);
            _members.ExceptWith(request.Removed);
            _members.UnionWith(request.Added);
            if (!request.Added.IsEmpty)
                _firstShared = _epoch;
            commit = new CommitEffects(request.Header.Group, _epoch, receivedAtMs, request.Added, request.Removed, request.Welcome);
        }

        byte[] envelope = EnvelopeCodec.Message(_head, receivedAtMs, request.MessageId, request.Message, request.Added, request.Removed);
        return new NewEntry(Lease, _head, receivedAtMs, request.MessageId, envelope, commit);
    }
}

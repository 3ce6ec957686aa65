using System.Collections.Immutable;
using Parley.Contracts.Identity;

namespace Parley.Server.Log;

/// <summary>
/// Where logs live. What a task of this interface has returned is durable. Sequence numbers start at 1 and have no gap; a log holds a
/// message id once. Everything throws <see cref="Storage.StoreUnavailableException"/> when the store fails, and has then changed nothing.
/// </summary>
internal interface ILogStore
{
    /// <summary>Makes an empty group log with its creator as the only member. False if the log exists and another device has made it.</summary>
    Task<bool> CreateGroupAsync(LogName group, DeviceId creator);

    /// <summary>Where the log stands, and its present members. Null if there is no such log.</summary>
    ValueTask<LogSnapshot?> LoadAsync(LogName log);

    /// <summary>
    /// What the device may read of the log after a sequence number: of its stretches of membership the first that does not end there or before.
    /// Null if there is no such log, or nothing more that it may read.
    /// </summary>
    ValueTask<LogAccess?> FindAccessAsync(LogName log, DeviceId device, ulong after);

    /// <summary>The entry of a message id. Null if the log has none.</summary>
    ValueTask<StoredEntry?> FindEntryAsync(long logId, MessageId messageId);

    /// <summary>
    /// The next entries after a sequence number that the device may read, by one consistent view of entries and permissions; of one stretch of
    /// its membership, so that they follow one another; of about <paramref name="bytesMax"/> bytes, but at least one if there is one.
    /// </summary>
    ValueTask<IReadOnlyList<StoredEntry>> ReadAsync(long logId, DeviceId reader, ulong after, int bytesMax);

    /// <summary>How far each of the logs is; an empty one may be left out.</summary>
    ValueTask<IReadOnlyList<(long LogId, ulong Head)>> ReadHeadsAsync(IReadOnlyList<long> logIds);

    /// <summary>Those of the devices that this server does not know, or no longer.</summary>
    ValueTask<IReadOnlyList<DeviceId>> FindUnknownAsync(IReadOnlyList<DeviceId> devices);

    /// <summary>Appends an entry under the number it carries, with all that belongs to it in the same transaction.</summary>
    Task<AppendResult> AppendAsync(NewEntry entry);

    /// <summary>Writes something durably, to find out whether the store takes writes.</summary>
    Task ProbeAsync();

    /// <summary>Notes how far a device has read. A lower number than before changes nothing.</summary>
    Task AcknowledgeAsync(long logId, DeviceId device, ulong cursor);
}

/// <summary>Where a log stands.</summary>
/// <param name="LogId">The store's number for it.</param>
/// <param name="Head">Its last sequence number, 0 if it is empty.</param>
/// <param name="Epoch">The epoch that the next Commit must build on.</param>
/// <param name="LastCommit">Where its last Commit stands; 0 if it has none.</param>
/// <param name="Members">The devices that may append.</param>
internal sealed record LogSnapshot(long LogId, ulong Head, ulong Epoch, ulong LastCommit, IReadOnlySet<DeviceId> Members);

/// <summary>What a device may read of a log: one stretch of it, from where it was added to where it was removed.</summary>
/// <param name="LogId">The store's number for the log.</param>
/// <param name="Head">The log's last sequence number.</param>
/// <param name="After">It may read what comes after this.</param>
/// <param name="Through">And nothing after this, once it was removed.</param>
/// <param name="Epoch">The epoch that the next Commit must build on.</param>
internal sealed record LogAccess(long LogId, ulong Head, ulong After, ulong? Through, ulong Epoch);

/// <summary>One entry: its number and the encoded <c>Envelope</c> of <c>parley.proto</c>.</summary>
internal readonly record struct StoredEntry(ulong Sequence, ReadOnlyMemory<byte> Envelope);

/// <summary>An entry to be appended to a group's log.</summary>
internal sealed record NewEntry(LogLease Lease, ulong Sequence, ulong ReceivedAtMs, MessageId MessageId, byte[] Envelope, CommitEffects? Commit);

/// <summary>What a Commit changes besides the log.</summary>
/// <param name="Group">The log it is appended to.</param>
/// <param name="NextEpoch">The epoch it begins.</param>
/// <param name="ReceivedAtMs">When the server got it, Unix time.</param>
/// <param name="Added">Devices that may read from the entry after the Commit on, and whose inboxes get the Welcome.</param>
/// <param name="Removed">Devices that may read up to the Commit.</param>
/// <param name="Welcome">The Welcome for the added devices; empty if there are none.</param>
internal sealed record CommitEffects(LogName Group, ulong NextEpoch, ulong ReceivedAtMs, ImmutableArray<DeviceId> Added, ImmutableArray<DeviceId> Removed, byte[] Welcome);

/// <summary>What has become of an append.</summary>
internal abstract record AppendResult
{
    private AppendResult()
    {
    }

    /// <summary>It is durable.</summary>
    internal sealed record Stored : AppendResult
    {
        public static readonly Stored Instance = new();
    }

    /// <summary>The log holds the message id already. The lease is broken.</summary>
    internal sealed record Repeated(StoredEntry First) : AppendResult;

    /// <summary>The lease was broken before, or the number is taken. Nothing was stored.</summary>
    internal sealed record Stale : AppendResult
    {
        public static readonly Stale Instance = new();
    }
}

using System.Collections.Immutable;
using Parley.Contracts.Identity;
using Parley.Server.Limiting;
using Parley.Server.Log;

namespace Parley.Server.Sequencing;

/// <summary>Orders the appends of one group's log. Its key is the log's <see cref="LogName.Key"/>.</summary>
internal interface ILogGrain : IGrainWithStringKey
{
    /// <summary>Appends a message and returns when it is durable, or says why not. A retry returns the first outcome.</summary>
    Task<AppendOutcome> AppendAsync(AppendRequest request);

    /// <summary>Does nothing, but when it returns, the grain is awake and takes further calls in the order they are made.</summary>
    Task WakeAsync();
}

/// <summary>A message to append, parsed and within its limits.</summary>
[Orleans.Immutable]
internal sealed record AppendRequest(
    DeviceId Sender,
    MessageId MessageId,
    MessageHeader Header,
    ReadOnlyMemory<byte> Message,
    byte[] Welcome,
    ImmutableArray<DeviceId> Added,
    ImmutableArray<DeviceId> Removed);

/// <summary>Where the message stands in the log, or why it does not.</summary>
[GenerateSerializer]
[Orleans.Immutable]
internal sealed record AppendOutcome(ErrorCode Error, ulong Sequence, ulong ReceivedAtMs, uint RetryAfterMs = 0)
{
    public static AppendOutcome Refused(ErrorCode error, TimeSpan? retryAfter = null) =>
        new(error, 0, 0, (retryAfter ?? RetryAfter.Of(error)) is { } wait ? RetryAfter.Milliseconds(wait) : 0);
}

using Parley.Contracts.Resources;

namespace Parley.Server.Linking;

/// <summary>
/// Devices that wait to be linked, by their codes. Each message of a link is written once, by the side whose turn it is; the same bytes
/// again succeed. Refusals are <c>LinkUnknown</c>, also when it has expired, and <c>LinkUsed</c>, also out of turn.
/// </summary>
internal interface ILinkStore
{
    /// <summary>Keeps a link, and forgets those that have expired.</summary>
    Task AddAsync(string code, byte[] secretHash, byte[] commitment, DateTimeOffset now, DateTimeOffset expiresAt);

    /// <summary>How far a link is. Null if there is none.</summary>
    ValueTask<LinkState?> FindAsync(string code, DateTimeOffset now);

    /// <summary>The first account to answer has the link.</summary>
    Task<ErrorCode> AnswerAsync(string code, long account, byte[] content, DateTimeOffset now);

    /// <summary>What the new device shows once it was answered.</summary>
    Task<ErrorCode> RevealAsync(string code, byte[] secretHash, byte[] content, DateTimeOffset now);

    /// <summary>The end of the link, by the account that has it.</summary>
    Task<ErrorCode> HandOverAsync(string code, long account, byte[] content, DateTimeOffset now);
}

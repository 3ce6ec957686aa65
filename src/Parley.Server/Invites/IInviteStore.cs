namespace Parley.Server.Invites;

/// <summary>Invites, found by the hash of their code. Using one is part of making an account.</summary>
internal interface IInviteStore
{
    /// <summary>Keeps an invite.</summary>
    Task AddAsync(byte[] codeHash, int uses, DateTimeOffset expiresAt);

    /// <summary><c>None</c> if it can be used now, else <c>InviteUnknown</c>, <c>InviteExpired</c> or <c>InviteUsed</c>.</summary>
    ValueTask<ErrorCode> CheckAsync(byte[] codeHash, DateTimeOffset now);
}

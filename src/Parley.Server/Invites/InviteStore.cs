using Parley.Server.Storage;

namespace Parley.Server.Invites;

/// <summary>Invites, in the database.</summary>
internal sealed class InviteStore(IDatabase database) : IInviteStore
{
    public Task AddAsync(byte[] codeHash, int uses, DateTimeOffset expiresAt) => database.WriteAsync(session =>
        session.Execute("INSERT INTO invites (code_hash, uses_left, expires_at) VALUES ($1, $2, $3)", codeHash, (long)uses, expiresAt.ToUnixTimeMilliseconds()));

    public ValueTask<ErrorCode> CheckAsync(byte[] codeHash, DateTimeOffset now) => database.ReadAsync(session => Check(session, codeHash, now));

    /// <summary>Whether the invite can be used, for a transaction that is going to.</summary>
    public static ErrorCode Check(StoreSession session, byte[] codeHash, DateTimeOffset now)
    {
        (long UsesLeft, long ExpiresAt)? found = session.Find<(long, long)?>(
            "SELECT uses_left, expires_at FROM invites WHERE code_hash = $1", row => (row.GetInt64(0), row.GetInt64(1)), codeHash);
        if (found is not { } invite)
            return ErrorCode.InviteUnknown;
        if (invite.ExpiresAt <= now.ToUnixTimeMilliseconds())
            return ErrorCode.InviteExpired;
        return invite.UsesLeft == 0 ? ErrorCode.InviteUsed : ErrorCode.None;
    }
}

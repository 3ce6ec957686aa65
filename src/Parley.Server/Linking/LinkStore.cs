using System.Data.Common;
using Parley.Contracts.Resources;
using Parley.Server.Storage;

namespace Parley.Server.Linking;

/// <summary>Links, in the database.</summary>
internal sealed class LinkStore(IDatabase database) : ILinkStore
{
    public Task AddAsync(string code, byte[] secretHash, byte[] commitment, DateTimeOffset now, DateTimeOffset expiresAt) => database.WriteAsync(session =>
    {
        session.Execute("DELETE FROM links WHERE expires_at <= $1", now.ToUnixTimeMilliseconds());
        return session.Execute(
            "INSERT INTO links (code, secret_hash, expires_at, commitment) VALUES ($1, $2, $3, $4)", code, secretHash, expiresAt.ToUnixTimeMilliseconds(), commitment);
    });

    public ValueTask<LinkState?> FindAsync(string code, DateTimeOffset now) => database.ReadAsync(session => Find(session, code, now)?.State);

    public Task<ErrorCode> AnswerAsync(string code, long account, byte[] content, DateTimeOffset now) => database.WriteAsync(session =>
    {
        if (Find(session, code, now) is not { } link)
            return ErrorCode.LinkUnknown;
        if (link.Account is not null)
            return link.Account == account && link.State.Answer.AsSpan().SequenceEqual(content) ? ErrorCode.None : ErrorCode.LinkUsed;
        session.Execute("UPDATE links SET account = $2, answer = $3 WHERE code = $1", code, account, content);
        return ErrorCode.None;
    });

    public Task<ErrorCode> RevealAsync(string code, byte[] secretHash, byte[] content, DateTimeOffset now) => database.WriteAsync(session =>
    {
        if (Find(session, code, now) is not { } link || !link.SecretHash.AsSpan().SequenceEqual(secretHash))
            return ErrorCode.LinkUnknown;
        if (link.State.Answer is null || link.State.Reveal is not null)
            return link.State.Reveal.AsSpan().SequenceEqual(content) && link.State.Reveal is not null ? ErrorCode.None : ErrorCode.LinkUsed;
        session.Execute("UPDATE links SET reveal = $2 WHERE code = $1", code, content);
        return ErrorCode.None;
    });

    public Task<ErrorCode> HandOverAsync(string code, long account, byte[] content, DateTimeOffset now) => database.WriteAsync(session =>
    {
        if (Find(session, code, now) is not { } link)
            return ErrorCode.LinkUnknown;
        if (link.Account != account || link.State.Handover is not null)
            return link.Account == account && link.State.Handover.AsSpan().SequenceEqual(content) ? ErrorCode.None : ErrorCode.LinkUsed;
        session.Execute("UPDATE links SET handover = $2 WHERE code = $1", code, content);
        return ErrorCode.None;
    });

    private static StoredLink? Find(StoreSession session, string code, DateTimeOffset now) => session.Find(
        "SELECT secret_hash, account, commitment, answer, reveal, handover FROM links WHERE code = $1 AND expires_at > $2",
        row => new StoredLink(
            row.GetFieldValue<byte[]>(0),
            row.IsDBNull(1) ? null : row.GetInt64(1),
            new LinkState(row.GetFieldValue<byte[]>(2), Bytes(row, 3), Bytes(row, 4), Bytes(row, 5))),
        code, now.ToUnixTimeMilliseconds());

    private static byte[]? Bytes(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetFieldValue<byte[]>(column);

    private sealed record StoredLink(byte[] SecretHash, long? Account, LinkState State);
}

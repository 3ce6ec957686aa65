using Parley.Contracts.Identity;
using Parley.Server.Storage;

namespace Parley.Server.Sessions;

/// <summary>Sessions, in the database.</summary>
internal sealed class SessionStore(IDatabase database) : ISessionStore
{
    public Task<bool> AddAsync(byte[] tokenHash, DeviceId device, byte[] challengeMac, DateTimeOffset now, DateTimeOffset expiresAt) => database.WriteAsync(session =>
    {
        session.Execute("DELETE FROM sessions WHERE expires_at <= $1", now.ToUnixTimeMilliseconds());
        return session.Execute(
            "INSERT INTO sessions (token_hash, device, expires_at, challenge) VALUES ($1, $2, $3, $4) ON CONFLICT (challenge) DO NOTHING",
            tokenHash, device.ToArray(), expiresAt.ToUnixTimeMilliseconds(), challengeMac) > 0;
    });

    public ValueTask<SessionOwner?> FindAsync(byte[] tokenHash, DateTimeOffset now) => database.ReadAsync(session => session.Find<SessionOwner?>(
        "SELECT devices.id, devices.account FROM sessions JOIN devices ON devices.id = sessions.device WHERE token_hash = $1 AND expires_at > $2",
        row => DeviceId.TryParse(row.GetFieldValue<byte[]>(0), out DeviceId device) ? new SessionOwner(device, row.GetInt64(1)) : null,
        tokenHash, now.ToUnixTimeMilliseconds()));
}

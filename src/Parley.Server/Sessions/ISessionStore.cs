using Parley.Contracts.Identity;

namespace Parley.Server.Sessions;

/// <summary>Sessions, found by the hash of their token.</summary>
internal interface ISessionStore
{
    /// <summary>Keeps a session, and forgets those that have expired. False if the challenge has begun one already.</summary>
    Task<bool> AddAsync(byte[] tokenHash, DeviceId device, byte[] challengeMac, DateTimeOffset now, DateTimeOffset expiresAt);

    /// <summary>The device of a session that has not expired.</summary>
    ValueTask<DeviceId?> FindAsync(byte[] tokenHash, DateTimeOffset now);
}

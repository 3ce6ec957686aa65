using Parley.Contracts.Identity;

namespace Parley.Server.Sessions;

/// <summary>Sessions, found by the hash of their token.</summary>
internal interface ISessionStore
{
    /// <summary>Keeps a session, and forgets those that have expired.</summary>
    Task AddAsync(byte[] tokenHash, DeviceId device, DateTimeOffset now, DateTimeOffset expiresAt);

    /// <summary>The device of a session that has not expired.</summary>
    ValueTask<DeviceId?> FindAsync(byte[] tokenHash, DateTimeOffset now);
}

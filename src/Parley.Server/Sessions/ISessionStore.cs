using Parley.Contracts.Identity;

namespace Parley.Server.Sessions;

/// <summary>Sessions, found by the hash of their token.</summary>
internal interface ISessionStore
{
    /// <summary>Keeps a session, and forgets those that have expired. False if the challenge has begun one already.</summary>
    Task<bool> AddAsync(byte[] tokenHash, DeviceId device, byte[] challengeMac, DateTimeOffset now, DateTimeOffset expiresAt);

    /// <summary>Whose session it is, if it has not expired.</summary>
    ValueTask<SessionOwner?> FindAsync(byte[] tokenHash, DateTimeOffset now);
}

/// <summary>Who has signed in.</summary>
/// <param name="Device">The device.</param>
/// <param name="Account">The store's number for the device's account.</param>
internal sealed record SessionOwner(DeviceId Device, long Account);

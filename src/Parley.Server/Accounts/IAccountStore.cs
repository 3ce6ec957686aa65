using Parley.Contracts.Identity;
using Parley.Contracts.Resources;

namespace Parley.Server.Accounts;

/// <summary>What an account may do on this server. The values are stored.</summary>
internal enum Role
{
    /// <summary>Talks and invites.</summary>
    Member = 0,

    /// <summary>The first account on a server.</summary>
    Administrator = 1,
}

/// <summary>Accounts and their devices.</summary>
internal interface IAccountStore
{
    /// <summary>
    /// Makes the account, its first device and the device's inbox, and counts down the invite, in one transaction. A certificate that is
    /// registered already succeeds again, whatever has become of the invite. The certificate has been checked.
    /// </summary>
    /// <returns><c>None</c>, or <c>InviteUnknown</c>, <c>InviteExpired</c>, <c>InviteUsed</c>, <c>HandleTaken</c>, or <c>CertificateInvalid</c> if another device has the id.</returns>
    Task<ErrorCode> RegisterAsync(byte[] inviteHash, DeviceCertificate certificate, DateTimeOffset now);

    /// <summary>
    /// Adds a device, and its inbox, to the account of another. A certificate that is registered already succeeds again. The certificate
    /// has been checked to be by the same account key as the other's.
    /// </summary>
    /// <returns><c>None</c>, or <c>CertificateInvalid</c> if another device has the id, or <c>TooManyDevices</c>.</returns>
    Task<ErrorCode> AddDeviceAsync(DeviceId by, DeviceCertificate certificate);

    /// <summary>
    /// Takes a device out of the account of another: its KeyPackages are gone, it is not found any more, and its id is not
    /// given again. False if the account has never had it.
    /// </summary>
    Task<bool> RevokeDeviceAsync(DeviceId by, DeviceId device, DateTimeOffset now);

    /// <summary>The account of a handle.</summary>
    ValueTask<Account?> FindAsync(Handle handle);

    /// <summary>A device that is in an account.</summary>
    ValueTask<RegisteredDevice?> FindDeviceAsync(DeviceId device);
}

/// <summary>A device of an account.</summary>
/// <param name="Account">The store's number for the account.</param>
/// <param name="Certificate">The device's certificate.</param>
internal sealed record RegisteredDevice(long Account, DeviceCertificate Certificate);

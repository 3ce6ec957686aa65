using Parley.Contracts.Identity;
using Parley.Contracts.Resources;
using Parley.Mls.Messages;

namespace Parley.Server.KeyPackages;

/// <summary>The KeyPackage directory.</summary>
internal interface IKeyPackageStore
{
    /// <summary>
    /// Adds KeyPackages; one that is there already is not added twice, and a last-resort one replaces the former of its suite. All or none.
    /// </summary>
    /// <returns><c>None</c>, or <c>TooLarge</c> if the device would have more than it may.</returns>
    Task<ErrorCode> AddAsync(DeviceId device, IReadOnlyList<CheckedKeyPackage> keyPackages, DateTimeOffset now);

    /// <summary>How many KeyPackages of the device and the suite can still be handed out.</summary>
    ValueTask<KeyPackageStock> CountAsync(DeviceId device, CipherSuite suite, DateTimeOffset now);

    /// <summary>
    /// Takes one KeyPackage of the suite for each device of the account, the oldest first, the last-resort one only when there is no other. A
    /// device that has none is left out. Null if there is no such account.
    /// </summary>
    Task<IReadOnlyList<byte[]>?> ClaimAsync(Handle handle, CipherSuite suite, DateTimeOffset now);
}

/// <summary>A KeyPackage that is its device's.</summary>
/// <param name="Suite">Its suite.</param>
/// <param name="Hash">SHA-256 of the content.</param>
/// <param name="Content">The encoded KeyPackage.</param>
/// <param name="IsLastResort">Whether it may be handed out again and again.</param>
/// <param name="ExpiresAt">The end of its lifetime.</param>
internal sealed record CheckedKeyPackage(CipherSuite Suite, byte[] Hash, byte[] Content, bool IsLastResort, DateTimeOffset ExpiresAt);

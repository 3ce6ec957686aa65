using Parley.Contracts.Identity;
using Parley.Contracts.Resources;
using Parley.Mls.Messages;
using Parley.Server.Accounts;
using Parley.Server.Invites;
using Parley.Server.KeyPackages;
using Parley.Server.Linking;
using Parley.Server.Log;

namespace Parley.Server.Tests.Storage;

/// <summary>
/// All stores in memory, behind one lock: the second implementation that keeps the interfaces honest, and the fast one for tests that
/// are about something else. Logs are in the other half of this class.
/// </summary>
internal sealed partial class MemoryStore : IAccountStore, IInviteStore, IKeyPackageStore, ILogStore, ILinkStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<DeviceCertificate>> _accounts = [];
    private readonly Dictionary<DeviceId, DeviceCertificate> _devices = [];
    private readonly HashSet<DeviceId> _revoked = [];
    private readonly Dictionary<string, (int UsesLeft, DateTimeOffset ExpiresAt)> _invites = [];
    private readonly Dictionary<DeviceId, List<CheckedKeyPackage>> _keyPackages = [];

    public Task<ErrorCode> RegisterAsync(byte[] inviteHash, DeviceCertificate certificate, DateTimeOffset now)
    {
        lock (_gate)
        {
            if (_devices.TryGetValue(certificate.DeviceId, out DeviceCertificate? registered))
                return Task.FromResult(registered.Encoded.Span.SequenceEqual(certificate.Encoded.Span) ? ErrorCode.None : ErrorCode.CertificateInvalid);
            ErrorCode invite = Check(inviteHash, now);
            if (invite != ErrorCode.None)
                return Task.FromResult(invite);
            if (!_accounts.TryAdd(certificate.Handle.Value, [certificate]))
                return Task.FromResult(ErrorCode.HandleTaken);
            string key = Convert.ToHexString(inviteHash);
            _invites[key] = _invites[key] with { UsesLeft = _invites[key].UsesLeft - 1 };
            _devices.Add(certificate.DeviceId, certificate);
            AddLog(LogName.Inbox(certificate.DeviceId), certificate.DeviceId);
            return Task.FromResult(ErrorCode.None);
        }
    }

    public Task<bool> RevokeDeviceAsync(DeviceId by, DeviceId device, DateTimeOffset now)
    {
        lock (_gate)
        {
            List<DeviceCertificate> devices = _accounts[_devices[by].Handle.Value];
            if (devices.RemoveAll(certificate => certificate.DeviceId == device) == 0)
                return Task.FromResult(_revoked.Contains(device));
            _devices.Remove(device);
            _revoked.Add(device);
            _keyPackages.Remove(device);
            return Task.FromResult(true);
        }
    }

    public Task<ErrorCode> AddDeviceAsync(DeviceId by, DeviceCertificate certificate)
    {
        lock (_gate)
        {
            if (_devices.TryGetValue(certificate.DeviceId, out DeviceCertificate? registered))
                return Task.FromResult(registered.Encoded.Span.SequenceEqual(certificate.Encoded.Span) ? ErrorCode.None : ErrorCode.CertificateInvalid);
            if (_revoked.Contains(certificate.DeviceId))
                return Task.FromResult(ErrorCode.CertificateInvalid);
            List<DeviceCertificate> devices = _accounts[_devices[by].Handle.Value];
            if (devices.Count >= Contracts.Limits.DevicesPerAccountMax)
                return Task.FromResult(ErrorCode.TooManyDevices);
            devices.Add(certificate);
            _devices.Add(certificate.DeviceId, certificate);
            AddLog(LogName.Inbox(certificate.DeviceId), certificate.DeviceId);
            return Task.FromResult(ErrorCode.None);
        }
    }

    public ValueTask<Account?> FindAsync(Handle handle)
    {
        lock (_gate)
        {
            return new(_accounts.TryGetValue(handle.Value, out List<DeviceCertificate>? devices)
                ? new Account(handle.Value, devices[0].AccountKey.ToArray(), [.. devices.Select(device => device.Encoded.ToArray())])
                : null);
        }
    }

    public ValueTask<RegisteredDevice?> FindDeviceAsync(DeviceId device)
    {
        lock (_gate)
        {
            return new(_devices.TryGetValue(device, out DeviceCertificate? certificate)
                ? new RegisteredDevice(_accounts.Keys.ToList().IndexOf(certificate.Handle.Value), certificate)
                : null);
        }
    }

    public Task AddAsync(byte[] codeHash, int uses, DateTimeOffset expiresAt)
    {
        lock (_gate)
            _invites.Add(Convert.ToHexString(codeHash), (uses, expiresAt));
        return Task.CompletedTask;
    }

    public ValueTask<ErrorCode> CheckAsync(byte[] codeHash, DateTimeOffset now)
    {
        lock (_gate)
            return new(Check(codeHash, now));
    }

    public Task<ErrorCode> AddAsync(DeviceId device, IReadOnlyList<CheckedKeyPackage> keyPackages, DateTimeOffset now)
    {
        lock (_gate)
        {
            List<CheckedKeyPackage> kept = [.. Usable(device, now)];
            var known = kept.Select(keyPackage => Convert.ToHexString(keyPackage.Hash)).ToHashSet();
            foreach (CheckedKeyPackage keyPackage in keyPackages.Where(keyPackage => known.Add(Convert.ToHexString(keyPackage.Hash))))
            {
                if (keyPackage.IsLastResort)
                    kept.RemoveAll(former => former.IsLastResort && former.Suite == keyPackage.Suite);
                kept.Add(keyPackage);
            }

            if (known.Count > Contracts.Limits.KeyPackagesPerDeviceMax)
                return Task.FromResult(ErrorCode.TooLarge);
            _keyPackages[device] = kept;
            return Task.FromResult(ErrorCode.None);
        }
    }

    public ValueTask<KeyPackageStock> CountAsync(DeviceId device, CipherSuite suite, DateTimeOffset now)
    {
        lock (_gate)
        {
            List<CheckedKeyPackage> usable = [.. Usable(device, now).Where(keyPackage => keyPackage.Suite == suite)];
            return new(new KeyPackageStock(usable.Count(keyPackage => !keyPackage.IsLastResort), usable.Exists(keyPackage => keyPackage.IsLastResort)));
        }
    }

    public Task<IReadOnlyList<byte[]>?> ClaimAsync(Handle handle, CipherSuite suite, DateTimeOffset now)
    {
        lock (_gate)
        {
            if (!_accounts.TryGetValue(handle.Value, out List<DeviceCertificate>? devices))
                return Task.FromResult<IReadOnlyList<byte[]>?>(null);
            var claimed = new List<byte[]>();
            foreach (DeviceCertificate device in devices)
            {
                if (Usable(device.DeviceId, now).Where(keyPackage => keyPackage.Suite == suite).OrderBy(keyPackage => keyPackage.IsLastResort).FirstOrDefault() is not { } next)
                    continue;
                claimed.Add(next.Content);
                if (!next.IsLastResort)
                    _keyPackages[device.DeviceId].Remove(next);
            }

            return Task.FromResult<IReadOnlyList<byte[]>?>(claimed);
        }
    }

    private ErrorCode Check(byte[] codeHash, DateTimeOffset now)
    {
        if (!_invites.TryGetValue(Convert.ToHexString(codeHash), out (int UsesLeft, DateTimeOffset ExpiresAt) invite))
            return ErrorCode.InviteUnknown;
        if (invite.ExpiresAt <= now)
            return ErrorCode.InviteExpired;
        return invite.UsesLeft == 0 ? ErrorCode.InviteUsed : ErrorCode.None;
    }

    private IEnumerable<CheckedKeyPackage> Usable(DeviceId device, DateTimeOffset now) =>
        _keyPackages.TryGetValue(device, out List<CheckedKeyPackage>? kept) ? kept.Where(keyPackage => keyPackage.ExpiresAt > now) : [];
}

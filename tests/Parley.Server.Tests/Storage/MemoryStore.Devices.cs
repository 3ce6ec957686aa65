using Parley.Contracts.Identity;
using Parley.Server.KeyPackages;
using Parley.Server.Log;

namespace Parley.Server.Tests.Storage;

/// <content>People who are there from the beginning, without invites: for the simulation.</content>
internal sealed partial class MemoryStore
{
    public void Add(DeviceCertificate certificate, IEnumerable<CheckedKeyPackage> keyPackages)
    {
        if (!_accounts.TryGetValue(certificate.Handle.Value, out List<DeviceCertificate>? devices))
            _accounts.Add(certificate.Handle.Value, devices = []);
        devices.Add(certificate);
        _devices.Add(certificate.DeviceId, certificate);
        AddLog(LogName.Inbox(certificate.DeviceId), certificate.DeviceId);
        _keyPackages[certificate.DeviceId] = [.. keyPackages];
    }
}

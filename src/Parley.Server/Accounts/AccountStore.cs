using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Resources;
using Parley.Server.Invites;
using Parley.Server.Log;
using Parley.Server.Storage;

namespace Parley.Server.Accounts;

/// <summary>Accounts, in the database.</summary>
internal sealed class AccountStore(IDatabase database) : IAccountStore
{
    public Task<ErrorCode> RegisterAsync(byte[] inviteHash, DeviceCertificate certificate, DateTimeOffset now) =>
        database.WriteAsync(session => Register(session, inviteHash, certificate, now));

    public Task<ErrorCode> AddDeviceAsync(DeviceId by, DeviceCertificate certificate) => database.WriteAsync(session =>
    {
        if (FindOutcome(session, certificate) is { } outcome)
            return outcome;
        (long account, long count) = session.Find(
            "SELECT account, (SELECT count(*) FROM devices AS others WHERE others.account = devices.account AND others.revoked_at IS NULL) FROM devices WHERE id = $1",
            row => (row.GetInt64(0), row.GetInt64(1)),
            by.ToArray());
        if (count >= Limits.DevicesPerAccountMax)
            return ErrorCode.TooManyDevices;
        AddDevice(session, account, certificate);
        return ErrorCode.None;
    });

    public Task<bool> RevokeDeviceAsync(DeviceId by, DeviceId device, DateTimeOffset now) => database.WriteAsync(session =>
    {
        byte[] id = device.ToArray();
        if (!session.Find("SELECT 1 FROM devices WHERE id = $1 AND account = (SELECT account FROM devices WHERE id = $2)", _ => true, id, by.ToArray()))
            return false;
        session.Execute("UPDATE devices SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL", id, now.ToUnixTimeMilliseconds());
        session.Execute("DELETE FROM key_packages WHERE device = $1", id);
        return true;
    });

    public ValueTask<Account?> FindAsync(Handle handle) => database.ReadAsync(session =>
    {
        // One statement, so that the account and its devices are of one moment.
        byte[]? key = null;
        List<byte[]> certificates = session.Query(
            "SELECT account_key, certificate FROM accounts JOIN devices ON devices.account = accounts.id WHERE handle = $1 AND revoked_at IS NULL ORDER BY devices.id",
            row =>
            {
                key = row.GetFieldValue<byte[]>(0);
                return row.GetFieldValue<byte[]>(1);
            },
            handle.Value);
        return key is null ? null : new Account(handle.Value, key, certificates);
    });

    public ValueTask<RegisteredDevice?> FindDeviceAsync(DeviceId device) => database.ReadAsync(session => session.Find<RegisteredDevice?>(
        "SELECT account, certificate FROM devices WHERE id = $1 AND revoked_at IS NULL",
        row => DeviceCertificate.TryDecode(row.GetFieldValue<byte[]>(1), out DeviceCertificate? certificate) ? new RegisteredDevice(row.GetInt64(0), certificate) : null,
        device.ToArray()));

    private static ErrorCode Register(StoreSession session, byte[] inviteHash, DeviceCertificate certificate, DateTimeOffset now)
    {
        if (FindOutcome(session, certificate) is { } outcome)
            return outcome;
        ErrorCode invite = InviteStore.Check(session, inviteHash, now);
        if (invite != ErrorCode.None)
            return invite;
        if (session.Find("SELECT 1 FROM accounts WHERE handle = $1", _ => true, certificate.Handle.Value))
            return ErrorCode.HandleTaken;

        session.Execute("UPDATE invites SET uses_left = uses_left - 1 WHERE code_hash = $1", inviteHash);
        bool isFirst = !session.Find("SELECT 1 FROM accounts LIMIT 1", _ => true);
        long account = session.Find(
            "INSERT INTO accounts (handle, account_key, role, created_at) VALUES ($1, $2, $3, $4) RETURNING id",
            row => row.GetInt64(0),
            certificate.Handle.Value, certificate.AccountKey.ToArray(), (long)(isFirst ? Role.Administrator : Role.Member), now.ToUnixTimeMilliseconds());
        AddDevice(session, account, certificate);
        return ErrorCode.None;
    }

    private static void AddDevice(StoreSession session, long account, DeviceCertificate certificate)
    {
        byte[] device = certificate.DeviceId.ToArray();
        session.Execute("INSERT INTO devices (id, account, certificate) VALUES ($1, $2, $3)", device, account, certificate.Encoded.ToArray());
        long inbox = session.Find("INSERT INTO logs (kind, name, creator, epoch) VALUES ($1, $2, $2, 0) RETURNING id", row => row.GetInt64(0), (long)LogKind.Inbox, device);
        session.Execute("INSERT INTO members (log, device, after_sequence) VALUES ($1, $2, 0)", inbox, device);
    }

    /// <summary>What a certificate is answered whose device has been here before: it succeeds again, if it is that device's and the device is still here. Null: it is new.</summary>
    private static ErrorCode? FindOutcome(StoreSession session, DeviceCertificate certificate) => session.Find<ErrorCode?>(
        "SELECT certificate = $2 AND revoked_at IS NULL FROM devices WHERE id = $1",
        row => row.GetBoolean(0) ? ErrorCode.None : ErrorCode.CertificateInvalid,
        certificate.DeviceId.ToArray(), certificate.Encoded.ToArray());
}

using Parley.Contracts;
using Parley.Contracts.Identity;
using Parley.Contracts.Resources;
using Parley.Mls.Messages;
using Parley.Server.Storage;

namespace Parley.Server.KeyPackages;

/// <summary>KeyPackages, in the database.</summary>
internal sealed class KeyPackageStore(IDatabase database) : IKeyPackageStore
{
    public Task<ErrorCode> AddAsync(DeviceId device, IReadOnlyList<CheckedKeyPackage> keyPackages, DateTimeOffset now) => database.WriteAsync(
        session => Add(session, device.ToArray(), keyPackages, now),
        keyPackages.Sum(keyPackage => keyPackage.Content.Length) + 1024);

    public ValueTask<KeyPackageStock> CountAsync(DeviceId device, CipherSuite suite, DateTimeOffset now) => database.ReadAsync(session => session.Find(
        "SELECT count(*) FILTER (WHERE last_resort = 0), count(*) FILTER (WHERE last_resort = 1) FROM key_packages WHERE device = $1 AND suite = $2 AND expires_at > $3",
        row => new KeyPackageStock(row.GetInt32(0), row.GetInt32(1) > 0),
        device.ToArray(), (long)suite, now.ToUnixTimeMilliseconds())!); // Not null: an aggregate always has one row.

    public Task<IReadOnlyList<byte[]>?> ClaimAsync(Handle handle, CipherSuite suite, DateTimeOffset now) =>
        database.WriteAsync<IReadOnlyList<byte[]>?>(session => Claim(session, handle, (long)suite, now.ToUnixTimeMilliseconds()));

    private static ErrorCode Add(StoreSession session, byte[] device, IReadOnlyList<CheckedKeyPackage> keyPackages, DateTimeOffset now)
    {
        session.Execute("DELETE FROM key_packages WHERE device = $1 AND expires_at <= $2", device, now.ToUnixTimeMilliseconds());
        IEnumerable<byte[]> known = session.Query("SELECT hash FROM key_packages WHERE device = $1", row => row.GetFieldValue<byte[]>(0), device);
        var hashes = known.Select(Convert.ToHexString).ToHashSet(StringComparer.Ordinal);
        List<CheckedKeyPackage> added = [.. keyPackages.Where(keyPackage => hashes.Add(Convert.ToHexString(keyPackage.Hash)))];
        if (hashes.Count > Limits.KeyPackagesPerDeviceMax)
            return ErrorCode.TooLarge;
        foreach (CheckedKeyPackage keyPackage in added)
        {
            if (keyPackage.IsLastResort)
                session.Execute("DELETE FROM key_packages WHERE device = $1 AND suite = $2 AND last_resort = 1", device, (long)keyPackage.Suite);
            session.Execute(
                "INSERT INTO key_packages (device, suite, hash, last_resort, expires_at, content) VALUES ($1, $2, $3, $4, $5, $6)",
                device, (long)keyPackage.Suite, keyPackage.Hash, keyPackage.IsLastResort ? 1L : 0L, keyPackage.ExpiresAt.ToUnixTimeMilliseconds(), keyPackage.Content);
        }

        return ErrorCode.None;
    }

    private static List<byte[]>? Claim(StoreSession session, Handle handle, long suite, long nowMs)
    {
        List<byte[]> devices = session.Query(
            "SELECT devices.id FROM accounts JOIN devices ON devices.account = accounts.id WHERE handle = $1 AND revoked_at IS NULL", row => row.GetFieldValue<byte[]>(0), handle.Value);
        if (devices.Count == 0)
            return null;
        var claimed = new List<byte[]>();
        foreach (byte[] device in devices)
        {
            (long Id, byte[] Content)? next = session.Find<(long, byte[])?>(
                "SELECT id, content FROM key_packages WHERE device = $1 AND suite = $2 AND expires_at > $3 ORDER BY last_resort, id LIMIT 1",
                row => (row.GetInt64(0), row.GetFieldValue<byte[]>(1)),
                device, suite, nowMs);
            if (next is not { } keyPackage)
                continue;
            session.Execute("DELETE FROM key_packages WHERE id = $1 AND last_resort = 0", keyPackage.Id);
            claimed.Add(keyPackage.Content);
        }

        return claimed;
    }
}

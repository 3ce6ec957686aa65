using System.Data.Common;
using System.Globalization;
using Parley.Server.Storage;

namespace Parley.Server.Clustering;

/// <summary>
/// The nodes of the cluster, in the database that they share. A change names the version of the whole that it builds on and fails if
/// there is a newer one, so two changes never cross. Times are kept by the database's clock and translated on the way in and out: a
/// node whose clock is wrong neither looks dead to the others nor takes them for dead.
/// </summary>
internal sealed class MembershipTable(PostgresDatabase database, TimeProvider clock) : IMembershipTable
{
    // A change names the version of the whole, which covers each row.
    private const string RowEtag = "";

    private const string DatabaseNow = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

    /// <summary>A migration has made it.</summary>
    public Task InitializeMembershipTable(bool tryInitTableVersion) => Task.CompletedTask;

    public async Task<MembershipTableData> ReadAll() => await database.ReadAsync(Read);

    public async Task<MembershipTableData> ReadRow(SiloAddress key)
    {
        MembershipTableData all = await ReadAll();
        return all.TryGet(key) is { } row ? new MembershipTableData(row, all.Version) : new MembershipTableData(all.Version);
    }

    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => WriteAsync(
        """
        INSERT INTO cluster_members (address, status, host, name, started_at, alive_at, suspects) VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (address) DO NOTHING
        """,
        entry, tableVersion);

    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => WriteAsync(
        "UPDATE cluster_members SET status = $2, host = $3, name = $4, started_at = $5, alive_at = $6, suspects = $7 WHERE address = $1", entry, tableVersion);

    public Task UpdateIAmAlive(MembershipEntry entry) => database.WriteAsync(session =>
        session.Execute($"UPDATE cluster_members SET alive_at = {DatabaseNow} WHERE address = $1", entry.SiloAddress.ToParsableString()));

    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => database.WriteAsync(session =>
        session.Execute("DELETE FROM cluster_members WHERE status = $1 AND alive_at < $2", (long)SiloStatus.Dead, beforeDate.ToUnixTimeMilliseconds() + ReadSkewMs(session)));

    public Task DeleteMembershipTableEntries(string clusterId) => database.WriteAsync(session => session.Execute("DELETE FROM cluster_members"));

    private Task<bool> WriteAsync(string sql, MembershipEntry entry, TableVersion version) => database.WriteAsync(session =>
    {
        if (session.Find("SELECT value FROM settings WHERE name = 'cluster_version'", row => row.GetString(0)) != version.VersionEtag)
            return false;
        long skewMs = ReadSkewMs(session);
        string suspects = string.Join(',', (entry.SuspectTimes ?? []).Select(vote => $"{vote.Item1.ToParsableString()}={ToDatabase(vote.Item2, skewMs)}"));
        int changed = session.Execute(
            sql, entry.SiloAddress.ToParsableString(), (long)entry.Status, entry.HostName, entry.SiloName, ToDatabase(entry.StartTime, skewMs), ToDatabase(entry.IAmAliveTime, skewMs), suspects);
        if (changed == 0)
            return false;
        session.Execute("UPDATE settings SET value = $1 WHERE name = 'cluster_version'", version.Version.ToString(CultureInfo.InvariantCulture));
        return true;
    });

    private MembershipTableData Read(StoreSession session)
    {
        string version = "0";
        var members = new List<Tuple<MembershipEntry, string>>();
        session.Scan(
            $"""
            SELECT settings.value, {DatabaseNow}, address, status, host, cluster_members.name, started_at, alive_at, suspects
            FROM settings LEFT JOIN cluster_members ON true WHERE settings.name = 'cluster_version'
            """,
            row =>
            {
                version = row.GetString(0);
                if (!row.IsDBNull(2))
                    members.Add(Tuple.Create(ToEntry(row, SkewMs(row.GetInt64(1))), RowEtag));
                return true;
            });
        return new MembershipTableData(members, new TableVersion(int.Parse(version, CultureInfo.InvariantCulture), version));
    }

    private static MembershipEntry ToEntry(DbDataReader row, long skewMs) => new()
    {
        SiloAddress = SiloAddress.FromParsableString(row.GetString(2)),
        Status = (SiloStatus)row.GetInt64(3),
        HostName = row.GetString(4),
        SiloName = row.GetString(5),
        StartTime = ToLocal(row.GetInt64(6), skewMs),
        IAmAliveTime = ToLocal(row.GetInt64(7), skewMs),
        SuspectTimes = [.. row.GetString(8).Split(',', StringSplitOptions.RemoveEmptyEntries).Select(vote => vote.Split('='))
            .Select(vote => Tuple.Create(SiloAddress.FromParsableString(vote[0]), ToLocal(long.Parse(vote[1], CultureInfo.InvariantCulture), skewMs)))],
    };

    private long ReadSkewMs(StoreSession session) => SkewMs(session.Find($"SELECT {DatabaseNow}", row => row.GetInt64(0)));

    /// <summary>How far the database's clock is ahead of this machine's.</summary>
    private long SkewMs(long databaseNowMs) => databaseNowMs - clock.GetUtcNow().ToUnixTimeMilliseconds();

    private static long ToDatabase(DateTime local, long skewMs) => new DateTimeOffset(DateTime.SpecifyKind(local, DateTimeKind.Utc)).ToUnixTimeMilliseconds() + skewMs;

    private static DateTime ToLocal(long databaseMs, long skewMs) => DateTimeOffset.FromUnixTimeMilliseconds(databaseMs - skewMs).UtcDateTime;
}

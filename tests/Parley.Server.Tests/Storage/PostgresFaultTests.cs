using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Parley.Mls.Messages;
using Parley.Server.Log;
using Parley.Server.Storage;

namespace Parley.Server.Tests.Storage;

/// <summary>What PostgreSQL does where SQLite cannot: connections that are cut, and nodes beside each other.</summary>
public sealed class PostgresFaultTests
{
    [Fact]
    public async Task A_kept_connection_that_was_cut_costs_nobody_an_answer()
    {
        PostgresCluster cluster = await PostgresCluster.SharedAsync();
        NpgsqlConnectionStringBuilder settings = await cluster.CreateDatabaseAsync();
        await using var database = PostgresDatabase.Open(settings, NullLogger.Instance);
        Assert.True(await database.ReadAsync(static session => session.Find("SELECT 1", static _ => true)));
        await PostgresCluster.CutAsync(settings);
        Assert.True(await database.ReadAsync(static session => session.Find("SELECT 1", static _ => true)));
    }

    [Fact]
    public async Task Two_nodes_that_both_think_they_order_a_log_make_one_log_of_it()
    {
        const int EntriesEach = 200;
        PostgresCluster cluster = await PostgresCluster.SharedAsync();
        NpgsqlConnectionStringBuilder settings = await cluster.CreateDatabaseAsync();
        await using var one = PostgresDatabase.Open(settings, NullLogger.Instance);
        await using var other = PostgresDatabase.Open(settings, NullLogger.Instance);
        TestDevice creator = await RegisterAsync(one);
        Assert.True(LogName.TryParseGroup(RandomNumberGenerator.GetBytes(32), out LogName? group));
        Assert.True(await new LogStore(one).CreateGroupAsync(group, creator.Id));

        await Task.WhenAll(AppendAsync(new LogStore(one), group, EntriesEach), AppendAsync(new LogStore(other), group, EntriesEach));

        LogSnapshot snapshot = (await new LogStore(one).LoadAsync(group))!;
        IReadOnlyList<StoredEntry> log = await new LogStore(one).ReadAsync(snapshot.LogId, creator.Id, 0, int.MaxValue);
        Assert.Equal(2ul * EntriesEach, snapshot.Head);
        Assert.Equal(Enumerable.Range(1, 2 * EntriesEach), log.Select(entry => (int)entry.Sequence));
    }

    [Fact]
    public async Task One_KeyPackage_is_handed_out_once_by_two_nodes()
    {
        const int Count = 40;
        const CipherSuite Suite = CipherSuite.X25519ChaCha20Poly1305Sha256Ed25519;
        PostgresCluster cluster = await PostgresCluster.SharedAsync();
        NpgsqlConnectionStringBuilder settings = await cluster.CreateDatabaseAsync();
        await using var one = PostgresDatabase.Open(settings, NullLogger.Instance);
        await using var other = PostgresDatabase.Open(settings, NullLogger.Instance);
        TestDevice device = await RegisterAsync(one);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        Server.KeyPackages.CheckedKeyPackage[] packages = [.. Enumerable.Range(0, Count).Select(_ => RandomNumberGenerator.GetBytes(100))
            .Select(content => new Server.KeyPackages.CheckedKeyPackage(Suite, SHA256.HashData(content), content, IsLastResort: false, now.AddDays(1)))];
        await new Server.KeyPackages.KeyPackageStore(one).AddAsync(device.Id, packages, now);

        IReadOnlyList<byte[]>?[] claims = await Task.WhenAll(Enumerable.Range(0, Count).Select(i =>
            new Server.KeyPackages.KeyPackageStore(i % 2 == 0 ? one : other).ClaimAsync(device.Certificate.Handle, Suite, now)));
        Assert.Equal(Count, claims.SelectMany(claim => claim!).Select(Convert.ToHexString).Distinct(StringComparer.Ordinal).Count());
    }

    /// <summary>As a sequencer does: numbers ahead in pipelines, and begins anew where the store has refused.</summary>
    private static async Task AppendAsync(LogStore logs, LogName group, int count)
    {
        int stored = 0;
        while (stored < count)
        {
            LogSnapshot snapshot = (await logs.LoadAsync(group))!;
            var lease = new LogLease(snapshot.LogId);
            int run = Math.Min(10, count - stored);
            AppendResult[] results = await Task.WhenAll(Enumerable.Range(1, run).Select(i => logs.AppendAsync(Entry(lease, snapshot.Head + (ulong)i))));
            int taken = results.Count(result => result is AppendResult.Stored);
            Assert.All(results.Take(taken), result => Assert.IsType<AppendResult.Stored>(result));
            stored += taken;
        }
    }

    private static NewEntry Entry(LogLease lease, ulong sequence)
    {
        Assert.True(MessageId.TryParse(RandomNumberGenerator.GetBytes(16), out MessageId id));
        return new NewEntry(lease, sequence, ReceivedAtMs: 0, id, RandomNumberGenerator.GetBytes(80), Commit: null);
    }

    private static async Task<TestDevice> RegisterAsync(IDatabase database)
    {
        var device = new TestDevice("creator");
        byte[] invite = RandomNumberGenerator.GetBytes(32);
        await new Server.Invites.InviteStore(database).AddAsync(invite, 1, DateTimeOffset.UtcNow.AddHours(1));
        Assert.Equal(ErrorCode.None, await new Server.Accounts.AccountStore(database).RegisterAsync(invite, device.Certificate, DateTimeOffset.UtcNow));
        return device;
    }
}

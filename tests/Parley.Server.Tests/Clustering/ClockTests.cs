using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Parley.Server.Clustering;
using Parley.Server.Storage;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Clustering;

/// <summary>Nodes whose clocks jump by an hour.</summary>
public sealed class ClockTests
{
    [Fact]
    public async Task Clocks_that_jump_under_load_lose_nothing()
    {
        Npgsql.NpgsqlConnectionStringBuilder settings = await (await PostgresCluster.SharedAsync()).CreateDatabaseAsync();
        JumpingClock[] clocks = [new(), new()];
        await using TestServer one = await TestServer.StartOnPostgresAsync(settings, isNode: true, clocks[0]);
        await using TestServer other = await TestServer.StartOnPostgresAsync(settings, isNode: true, clocks[1]);
        TestClient[] clients = [await one.JoinAsync("alice"), await other.JoinAsync("bob")];
        byte[] group = await clients[0].CreateGroupAsync();
        await using (TestSocket socket = await clients[0].ConnectAsync())
            await socket.AppendAsync(TestMessages.Commit(group, epoch: 0, added: clients[1..]));
        TestListener[] listeners = [TestListener.Start([one], 0, clients[1], group, after: 1), TestListener.Start([other], 0, clients[0], group, after: 1)];
        var load = TestLoad.Start([one, other], group, epoch: 1, clients);
        foreach ((int clock, int hours) in new[] { (0, 1), (1, -1), (0, -1), (1, 1) })
        {
            await load.ProgressAsync(100);
            clocks[clock].Offset = TimeSpan.FromHours(hours);
        }

        await load.ProgressAsync(100);
        IReadOnlyList<Contracts.Wire.Envelope> log = await load.EndAndVerifyAsync(clients[1], after: 1);
        foreach (TestListener listener in listeners)
            await listener.EndAndVerifyAsync(log);
        await one.SignInAsync(clients[0].Device);
    }

    [Fact]
    public async Task A_node_looks_as_alive_as_it_is_whatever_the_clocks_of_who_writes_and_who_reads()
    {
        Npgsql.NpgsqlConnectionStringBuilder settings = await (await PostgresCluster.SharedAsync()).CreateDatabaseAsync();
        await using var database = PostgresDatabase.Open(settings, NullLogger.Instance);
        JumpingClock ahead = new() { Offset = TimeSpan.FromHours(1) };
        JumpingClock behind = new() { Offset = TimeSpan.FromHours(-1) };
        var node = SiloAddress.New(IPEndPoint.Parse("10.0.0.1:7946"), 1);
        var written = new MembershipEntry
        {
            SiloAddress = node,
            Status = SiloStatus.Active,
            HostName = "host",
            SiloName = "name",
            StartTime = ahead.GetUtcNow().UtcDateTime.AddMinutes(-10),
            IAmAliveTime = ahead.GetUtcNow().UtcDateTime,
            SuspectTimes = [Tuple.Create(SiloAddress.New(IPEndPoint.Parse("[fd00::2]:7946"), 2), ahead.GetUtcNow().UtcDateTime.AddMinutes(-5))],
        };
        IMembershipTable writer = new MembershipTable(database, ahead);
        IMembershipTable reader = new MembershipTable(database, behind);
        TableVersion version = (await writer.ReadAllAsync(CancellationToken.None)).Version;
        Assert.True(await writer.InsertRowAsync(written, version.Next(), CancellationToken.None));
        Assert.False(await writer.InsertRowAsync(written, version.Next(), CancellationToken.None));

        MembershipEntry read = Assert.Single((await reader.ReadAllAsync(CancellationToken.None)).Members).Item1;
        DateTime now = behind.GetUtcNow().UtcDateTime;
        Assert.Equal((node, SiloStatus.Active), (read.SiloAddress, read.Status));
        Assert.Equal(now, read.IAmAliveTime, TimeSpan.FromMinutes(2));
        Assert.Equal(now.AddMinutes(-10), read.StartTime, TimeSpan.FromMinutes(2));
        (SiloAddress suspector, DateTime suspectedAt) = Assert.Single(read.SuspectTimes ?? []);
        Assert.Equal(written.SuspectTimes[0].Item1, suspector);
        Assert.Equal(now.AddMinutes(-5), suspectedAt, TimeSpan.FromMinutes(2));
    }

    /// <summary>The time of day jumps; what has passed does not.</summary>
    private sealed class JumpingClock : TimeProvider
    {
        private long _offsetTicks;

        public TimeSpan Offset
        {
            get => TimeSpan.FromTicks(Interlocked.Read(ref _offsetTicks));
            set => Interlocked.Exchange(ref _offsetTicks, value.Ticks);
        }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Offset;
    }
}

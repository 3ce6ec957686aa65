using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Parley.Server.Clustering;
using Parley.Server.Storage;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Clustering;

/// <summary>Nodes whose clocks are wrong by an hour.</summary>
public sealed class ClockTests
{
    [Fact]
    public async Task A_node_looks_as_alive_as_it_is_whatever_the_clocks_of_who_writes_and_who_reads()
    {
        Npgsql.NpgsqlConnectionStringBuilder settings = await (await PostgresCluster.SharedAsync()).CreateDatabaseAsync();
        await using var database = PostgresDatabase.Open(settings, NullLogger.Instance);
        var ahead = new SteppedClock();
        ahead.Step(TimeSpan.FromHours(1));
        var behind = new SteppedClock();
        behind.Step(TimeSpan.FromHours(-1));
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
}

using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Parley.Server.Hosting;
using Parley.Server.Log;
using Parley.Server.Storage;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Hosting;

public sealed class ReadinessTests
{
    [Fact]
    public async Task However_many_ask_whether_it_is_ready_the_store_is_asked_ten_times_a_second()
    {
        using var folder = new TemporaryFolder();
        await using var database = SqliteDatabase.Open(folder.File("parley.db"), NullLogger.Instance);
        var clock = new FakeTimeProvider();
        var readiness = new Readiness(new LogStore(database), clock);
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => readiness.CheckAsync()));
        int changes = await ChangesAsync(database);
        await readiness.CheckAsync();
        Assert.Equal(changes, await ChangesAsync(database));
        clock.Advance(TimeSpan.FromMilliseconds(100));
        await readiness.CheckAsync();
        Assert.Equal(changes + 1, await ChangesAsync(database));
    }

    private static Task<int> ChangesAsync(IDatabase database) => database.WriteAsync(session => session.Find("SELECT total_changes()", row => row.GetInt32(0)));
}

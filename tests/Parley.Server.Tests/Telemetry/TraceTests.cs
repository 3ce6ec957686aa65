using System.Collections.Concurrent;
using System.Diagnostics;
using Parley.Server.Telemetry;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Telemetry;

public sealed class TraceTests
{
    [Fact]
    public async Task The_span_of_a_transaction_links_the_appends_that_it_carries()
    {
        var commits = new ConcurrentQueue<Activity>();
        var appends = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == ServerMetrics.Name,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span => (span.OperationName == "append" ? appends : commits).Enqueue(span),
        };
        ActivitySource.AddActivityListener(listener);
        using var folder = new TemporaryFolder();
        await using TestServer server = await TestServer.StartOnSqliteAsync(folder.File("parley.db"));
        TestClient alice = await server.JoinAsync("alice");
        byte[] group = await alice.CreateGroupAsync();
        await using TestSocket socket = await alice.ConnectAsync();
        await socket.AppendAsync(TestMessages.Application(group));
        await socket.AppendAsync(TestMessages.Application(group));

        // Tests beside this one make spans of their own: at least one append was carried by a transaction that says so.
        var carried = commits.Where(span => span.OperationName == "store.commit").SelectMany(span => span.Links).Select(link => link.Context.SpanId).ToHashSet();
        Assert.True(appends.Count(span => carried.Contains(span.SpanId)) >= 2);
    }
}

using System.Net;
using Parley.Server.Tests.Hosting;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Telemetry;

/// <summary>What Prometheus reads of the real program.</summary>
public sealed class MetricsTests
{
    [Fact]
    public async Task Metrics_are_served_at_their_own_address_and_tell_nothing_about_people()
    {
        using var folder = new TemporaryFolder();
        (string address, string metrics) = (ServerProcess.FreeAddress(), ServerProcess.FreeAddress());
        await using var process = ServerProcess.Start(
            "run", "--listen", address, "--data", folder.Path, "--name", TestServer.Name, "--metrics-listen", metrics, "--print-invite");
        string command = await process.LineAsync("./parley join");
        await using RemoteServer server = new(new Uri(address));
        TestClient alice = await server.JoinAsync("alice", command.Trim()[(command.Trim().LastIndexOf('/') + 1)..]);
        byte[] group = await alice.CreateGroupAsync();
        await using TestSocket socket = await alice.ConnectAsync();
        await socket.SubscribeAsync(TestMessages.Log(group));
        for (int i = 0; i < 3; i++)
            await socket.AppendAsync(TestMessages.Application(group));
        await socket.EnvelopesAsync(TestMessages.Log(group), 3);
        Assert.NotEqual(ErrorCode.None, await socket.TryAppendAsync(TestMessages.Application(group, epoch: 7)));

        using var prometheus = new HttpClient { BaseAddress = new Uri(metrics) };
        string text = await prometheus.GetStringAsync("/metrics");
        Assert.Matches("""parley_appends_total\{[^}]*outcome="None"[^}]*\} 3\n""", text);
        Assert.Matches("""parley_appends_total\{[^}]*outcome="EpochUnknown"[^}]*\} 1\n""", text);
        foreach (string instrument in new[] { "parley_append_duration_seconds_bucket", "parley_store_commit_duration_seconds_count", "parley_store_queue_writes", "parley_deliveries_", "parley_connections", "parley_subscriptions" })
            Assert.Contains(instrument, text, StringComparison.Ordinal);
        foreach (string secret in new[] { "alice", alice.Id.ToString(), Convert.ToHexStringLower(group), alice.Token })
            Assert.DoesNotContain(secret, text, StringComparison.OrdinalIgnoreCase);

        Assert.Equal(HttpStatusCode.NotFound, (await server.Http.GetAsync("/metrics")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await prometheus.GetAsync(Contracts.Routes.Server)).StatusCode);
    }
}

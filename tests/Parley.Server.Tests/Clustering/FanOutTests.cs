using System.Diagnostics;
using Parley.Contracts.Wire;
using Parley.Server.Telemetry;
using Parley.Server.Tests.Faults;

namespace Parley.Server.Tests.Clustering;

/// <summary>What other nodes tell a node. Beside nothing else, because spans are the whole process's.</summary>
[Collection(FaultsCollection.Name)]
public sealed class FanOutTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task What_one_node_tells_does_not_wait_for_what_another_tells()
    {
        await using InProcessCluster cluster = await InProcessCluster.StartAsync();
        TestClient[] clients = await cluster.JoinAsync("alice", "bob", "carol");
        byte[][] groups = [await GroupAsync(clients[0], clients[2]), await GroupAsync(clients[1], clients[2])];
        await using TestSocket carol = await clients[2].ConnectAsync();
        foreach (byte[] group in groups)
            Assert.Equal(ErrorCode.None, (await carol.SubscribeAsync(TestMessages.Log(group), after: 1)).Error);

        // Each that is handed to carol waits for the other, so that neither ends if they come one after the other.
        using var both = new Barrier(2);
        int met = 0;
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == ServerMetrics.Name,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStarted = span =>
            {
                if (span.OperationName == "fan_out" && both.SignalAndWait(Patience))
                    Interlocked.Increment(ref met);
            },
        };
        ActivitySource.AddActivityListener(listener);
        await using TestSocket alice = await clients[0].ConnectAsync();
        await using TestSocket bob = await clients[1].ConnectAsync();
        await alice.SendAsync(new ClientFrame { Append = TestMessages.Application(groups[0], epoch: 1) });
        await bob.SendAsync(new ClientFrame { Append = TestMessages.Application(groups[1], epoch: 1) });
        for (int i = 0; i < groups.Length; i++)
            Assert.Equal(2ul, Assert.Single((await carol.NextAsync())!.Events.Envelopes).Sequence); // Not null: the server goes on.
        Assert.Equal(2, met);
    }

    /// <summary>A group whose log is ordered on the node of who makes it.</summary>
    private static async Task<byte[]> GroupAsync(TestClient maker, TestClient member)
    {
        byte[] group = await maker.CreateGroupAsync();
        await using TestSocket socket = await maker.ConnectAsync();
        await socket.AppendAsync(TestMessages.Commit(group, epoch: 0, added: [member]));
        return group;
    }
}

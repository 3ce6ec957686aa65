using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Parley.Contracts.Wire;
using Parley.Server.Clustering;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Clustering;

/// <summary>Three nodes of one cluster, in this process, with clients on all of them.</summary>
public sealed class ClusterTests
{
    [Fact]
    public async Task What_is_appended_on_any_node_is_delivered_on_all_in_one_order()
    {
        const int Rounds = 20;
        await using InProcessCluster cluster = await InProcessCluster.StartAsync();
        TestClient[] clients = await cluster.JoinAsync("alice", "bob", "carol");
        byte[] group = await cluster.GroupOfAsync(clients);
        await using var sockets = await SocketsAsync(clients);
        foreach (TestSocket socket in sockets)
            Assert.Equal(ErrorCode.None, (await socket.SubscribeAsync(TestMessages.Log(group), after: 1)).Error);

        var numbers = new List<ulong>();
        for (int round = 0; round < Rounds; round++)
        {
            Append append = TestMessages.Application(group, epoch: 1);
            numbers.Add(await sockets[round % sockets.Count].AppendAsync(append));
        }

        Assert.Equal(Enumerable.Range(2, Rounds).Select(i => (ulong)i), numbers);
        foreach (TestSocket socket in sockets)
            Assert.Equal(numbers, (await socket.EnvelopesAsync(TestMessages.Log(group), Rounds)).Select(envelope => envelope.Sequence));
    }

    [Fact]
    public async Task A_Welcome_reaches_an_inbox_on_another_node_and_a_removal_ends_a_subscription_there()
    {
        await using InProcessCluster cluster = await InProcessCluster.StartAsync();
        TestClient[] clients = await cluster.JoinAsync("alice", "bob");
        byte[] group = await clients[0].CreateGroupAsync();
        await using var sockets = await SocketsAsync(clients);
        await sockets[1].SubscribeAsync(clients[1].Inbox);

        await sockets[0].AppendAsync(TestMessages.Commit(group, epoch: 0, added: clients[1..]));
        Envelope welcome = Assert.Single(await sockets[1].EnvelopesAsync(clients[1].Inbox, 1));
        Assert.Equal(1ul, welcome.Welcome.CommitSequence);

        await sockets[1].SubscribeAsync(TestMessages.Log(group), after: 1);
        await sockets[0].AppendAsync(TestMessages.Commit(group, epoch: 1, removed: clients[1..]));
        Assert.Equal(2ul, Assert.Single(await sockets[1].EnvelopesAsync(TestMessages.Log(group), 1)).Sequence);
        Assert.Equal(ErrorCode.NotAMember, (await sockets[1].NextAsync())?.Closed.Reason);
    }

    [Fact]
    public async Task A_node_that_leaves_hands_over_and_clients_go_on_elsewhere()
    {
        await using InProcessCluster cluster = await InProcessCluster.StartAsync();
        TestClient[] clients = await cluster.JoinAsync("alice", "bob", "carol");
        byte[] group = await cluster.GroupOfAsync(clients);
        await using TestSocket bob = await clients[1].ConnectAsync();
        await bob.SubscribeAsync(TestMessages.Log(group), after: 1);

        // Made on the first node, so sequenced there.
        await using (TestSocket alice = await clients[0].ConnectAsync())
            await alice.AppendAsync(TestMessages.Application(group, epoch: 1));
        await cluster.StopFirstAsync();
        await using TestSocket again = await clients[0].At(cluster.Nodes[2]).ConnectAsync();
        Assert.Equal(3ul, await again.AppendAsync(TestMessages.Application(group, epoch: 1)));
        Assert.Equal([2ul, 3ul], (await bob.EnvelopesAsync(TestMessages.Log(group), 2)).Select(envelope => envelope.Sequence));
    }

    [Fact]
    public async Task What_a_node_told_nobody_is_found_in_the_store_when_it_leaves()
    {
        await using InProcessCluster cluster = await InProcessCluster.StartAsync();
        TestClient[] clients = await cluster.JoinAsync("alice", "bob");
        byte[] group = await cluster.GroupOfAsync(clients);
        await using TestSocket bob = await clients[1].ConnectAsync();
        await bob.SubscribeAsync(TestMessages.Log(group), after: 1);
        await using (TestSocket alice = await clients[0].ConnectAsync())
        {
            await alice.AppendAsync(TestMessages.Application(group, epoch: 1));
            Assert.Single(await bob.EnvelopesAsync(TestMessages.Log(group), 1));
            cluster.Nodes[0].Get<Peers>().Set([]);
            await alice.AppendAsync(TestMessages.Commit(group, epoch: 1, removed: clients[1..]));
            await alice.AppendAsync(TestMessages.Application(group, epoch: 2));
        }

        await cluster.StopFirstAsync();
        Assert.Equal(3ul, Assert.Single(await bob.EnvelopesAsync(TestMessages.Log(group), 1)).Sequence);
        Assert.Equal(ErrorCode.NotAMember, (await bob.NextAsync())?.Closed.Reason);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_device_that_is_taken_out_is_disconnected_on_another_node(bool isMissed)
    {
        await using InProcessCluster cluster = await InProcessCluster.StartAsync(nodes: 2);
        TestClient[] clients = await cluster.JoinAsync("alice");
        TestClient lost = await clients[0].AddDeviceAsync(cluster.Nodes[1]);
        await using TestSocket socket = await lost.ConnectAsync();
        if (isMissed)
            cluster.Nodes[0].Get<Peers>().Set([]);
        Assert.Equal(System.Net.HttpStatusCode.NoContent, (await clients[0].RevokeAsync(lost.Id)).StatusCode);
        if (isMissed)
            await cluster.StopFirstAsync();
        Assert.Equal(ErrorCode.Unauthenticated, await socket.ClosedAsync());
    }

    [Fact]
    public async Task A_node_that_was_declared_dead_stores_nothing_more_and_ends()
    {
        await using InProcessCluster cluster = await InProcessCluster.StartAsync();
        TestClient[] clients = await cluster.JoinAsync("alice", "bob");
        byte[] group = await cluster.GroupOfAsync(clients);
        await using TestSocket alice = await clients[0].ConnectAsync();
        await cluster.DeclareFirstDeadAsync();

        Assert.Equal(ErrorCode.StoreUnavailable, await alice.TryAppendAsync(TestMessages.Application(group, epoch: 1)));
        Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, (await cluster.Nodes[0].Http.GetAsync(Contracts.Routes.HealthReady)).StatusCode);
        Assert.Equal(Server.Hosting.ExitCode.DeclaredDead, await cluster.Nodes[0].Ended);
        await using TestSocket again = await clients[0].At(cluster.Nodes[1]).ConnectAsync();
        Append append = TestMessages.Application(group, epoch: 1);
        while (await again.TryAppendAsync(append) == ErrorCode.StoreUnavailable)
        {
            // The log is still looked for on the dead node, until this one has read that it is dead.
        }

        Assert.Equal(2ul, await again.AppendAsync(append));
    }

    [Fact]
    public async Task Two_sequencers_of_one_log_lose_nothing_and_double_nothing()
    {
        // Two servers that do not know of each other: each orders the log as if it were alone.
        Npgsql.NpgsqlConnectionStringBuilder settings = await (await PostgresCluster.SharedAsync()).CreateDatabaseAsync();
        await using TestServer one = await TestServer.StartOnPostgresAsync(settings);
        await using TestServer other = await TestServer.StartOnPostgresAsync(settings);
        TestClient[] clients = [await one.JoinAsync("alice"), await other.JoinAsync("bob"), await one.JoinAsync("carol")];
        byte[] group = await clients[0].CreateGroupAsync();
        await using (TestSocket socket = await clients[0].ConnectAsync())
            await socket.AppendAsync(TestMessages.Commit(group, epoch: 0, added: clients[1..]));
        var load = TestLoad.Start([one, other], group, epoch: 1, clients);
        await load.ProgressAsync(500);
        await load.EndAndVerifyAsync(clients[1], after: 1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stranger_gets_nothing_from_a_nodes_port(bool showsCertificate)
    {
        await using InProcessCluster cluster = await InProcessCluster.StartAsync(nodes: 1);
        System.Net.IPEndPoint address = cluster.Nodes[0].Get<ClusterNode>().Settings.Listen;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 own = new CertificateRequest("CN=parley-cluster", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(address);
        await using var tls = new SslStream(tcp.GetStream(), leaveInnerStreamOpen: false, (_, shown, _, _) => shown is not null);
        var options = new SslClientAuthenticationOptions { TargetHost = "parley", ClientCertificates = showsCertificate ? [own] : [] };

        // With TLS 1.3 the client's side may be done before the node has seen the certificate; then the first read says so.
        Exception? refusal = await Record.ExceptionAsync(async () =>
        {
            await tls.AuthenticateAsClientAsync(options);
            await tls.WriteAsync(new byte[100]);
            if (await tls.ReadAsync(new byte[1]) == 0)
                throw new IOException("Closed without a byte.");
        });
        Assert.True(refusal is IOException or System.Security.Authentication.AuthenticationException, refusal?.ToString() ?? "The node has answered.");
    }

    private static async Task<SocketList> SocketsAsync(params IEnumerable<TestClient> clients)
    {
        var sockets = new SocketList();
        foreach (TestClient client in clients)
            sockets.Add(await client.ConnectAsync());
        return sockets;
    }

    private sealed class SocketList : List<TestSocket>, IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            foreach (TestSocket socket in this)
                await socket.DisposeAsync();
        }
    }
}

using Parley.Server.Clustering;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Clustering;

/// <summary>Nodes of one cluster in this process, on a database of their own.</summary>
internal sealed class InProcessCluster : IAsyncDisposable
{
    private readonly List<TestServer> _nodes = [];

    public IReadOnlyList<TestServer> Nodes => _nodes;

    public static async Task<InProcessCluster> StartAsync(int nodes = 3)
    {
        Npgsql.NpgsqlConnectionStringBuilder settings = await (await PostgresCluster.SharedAsync()).CreateDatabaseAsync();
        var cluster = new InProcessCluster();
        for (int i = 0; i < nodes; i++)
            cluster._nodes.Add(await TestServer.StartOnPostgresAsync(settings, isNode: true));
        return cluster;
    }

    /// <summary>Registers accounts, each on the next node.</summary>
    public async Task<TestClient[]> JoinAsync(params string[] handles)
    {
        var clients = new List<TestClient>();
        foreach (string handle in handles)
            clients.Add(await _nodes[clients.Count % _nodes.Count].JoinAsync(handle));
        return [.. clients];
    }

    /// <summary>A group of them all, in epoch 1, whose log has one entry.</summary>
    public async Task<byte[]> GroupOfAsync(TestClient[] clients)
    {
        byte[] group = await clients[0].CreateGroupAsync();
        await using TestSocket socket = await clients[0].ConnectAsync();
        await socket.AppendAsync(TestMessages.Commit(group, epoch: 0, added: clients[1..]));
        return group;
    }

    /// <summary>As others do that cannot reach it: says in the database that the first node is dead.</summary>
    public async Task DeclareFirstDeadAsync()
    {
        IMembershipTable table = _nodes[1].Get<IMembershipTable>();
        bool done = false;
        while (!done)
        {
            MembershipTableData members = await table.ReadAllAsync(CancellationToken.None);
            (MembershipEntry entry, string etag) = members.Members.Single(member => member.Item1.SiloAddress.Endpoint.Equals(_nodes[0].Get<ClusterNode>().Settings.Address));
            entry.Status = SiloStatus.Dead;
            done = await table.UpdateRowAsync(entry, etag, members.Version.Next(), CancellationToken.None);
        }
    }

    /// <summary>Stops the first node as a service manager does.</summary>
    public ValueTask StopFirstAsync() => _nodes[0].DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (TestServer node in _nodes)
            await node.DisposeAsync();
    }
}

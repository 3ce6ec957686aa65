using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Parley.Contracts.Wire;
using Parley.Server.Invites;
using Parley.Server.Storage;
using Parley.Server.Tests.Faults;

namespace Parley.Server.Tests.Clustering;

/// <summary>
/// Nodes in processes of their own on one database, and on all of them devices of one group that append and listen without a pause.
/// Whatever a test does to them, in the end every acknowledged append is there once, in order, and was heard by everybody.
/// </summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private const int TalkRounds = 30;
    private static readonly TimeSpan TalkPatience = TimeSpan.FromSeconds(120);

    private readonly List<TestNode> _nodes = [];
    private readonly List<TestListener> _listeners = [];
    private readonly List<MemoryLevel> _levels = [];
    private readonly NpgsqlConnectionStringBuilder _settings;
    private TestClient[] _clients = [];

    private TestCluster(NpgsqlConnectionStringBuilder settings) => _settings = settings;

    public IReadOnlyList<TestNode> Nodes => _nodes;

    /// <summary>Where the nodes keep everything.</summary>
    public string Database => $"postgresql://{_settings.Username}@any:{_settings.Port}/{_settings.Database}?host={_settings.Host}";

    /// <summary>What loads it. There once it has started.</summary>
    public TestLoad Load { get; private set; } = null!;

    /// <summary>Starts nodes, each as the function says, and the load.</summary>
    public static async Task<TestCluster> StartAsync(NpgsqlConnectionStringBuilder settings, int count = 3, Func<int, string, Task<TestNode>>? start = null)
    {
        var cluster = new TestCluster(settings);
        for (int i = 0; i < count; i++)
            cluster._nodes.Add(await (start is null ? TestNode.StartAsync(cluster.Database) : start(i, cluster.Database)));
        await cluster.StartLoadAsync();
        return cluster;
    }

    /// <summary>Returns when the others have declared the node dead, or it has joined anew since: its address before is no longer among the living.</summary>
    public async Task DeclaredDeadAsync(string incarnation)
    {
        while ((await MembersAsync()).Contains(incarnation))
            await Load.ProgressAsync(5);
    }

    /// <summary>The living's addresses in the cluster, each with the generation of its process.</summary>
    public async Task<IReadOnlyList<string>> MembersAsync()
    {
        await using var connection = new NpgsqlConnection(_settings.ConnectionString);
        await connection.OpenAsync();
        await using var select = new NpgsqlCommand("SELECT address FROM cluster_members WHERE status = 3", connection);
        await using NpgsqlDataReader row = await select.ExecuteReaderAsync();
        var members = new List<string>();
        while (await row.ReadAsync())
            members.Add(row.GetString(0));
        return members;
    }

    public async Task<string> IncarnationAsync(TestNode node) =>
        (await MembersAsync()).Single(address => address.StartsWith(node.ClusterAddress + "@", StringComparison.Ordinal));

    /// <summary>
    /// Each node in turn orders a log, into which all append, and what each appends is heard on all before the next. Nodes that do not
    /// understand each other would refuse appends, or hear of each only when they look into the store, which is every half minute.
    /// </summary>
    public async Task TalkAcrossAsync()
    {
        for (int home = 0; home < _nodes.Count; home++)
            await TalkAcrossAsync(home).WaitAsync(TalkPatience);
    }

    private async Task TalkAcrossAsync(int home)
    {
        TestClient[] clients = [.. _nodes.Select((node, i) => _clients[i].At(node))];
        byte[] group = await clients[home].CreateGroupAsync();
        List<TestSocket> sockets = [];
        foreach (TestClient client in clients)
            sockets.Add(await client.ConnectAsync());
        await sockets[home].AppendAsync(TestMessages.Commit(group, epoch: 0, added: [.. _clients.Where(client => client.Id != clients[home].Id)]));
        foreach (TestSocket socket in sockets)
            Assert.Equal(ErrorCode.None, (await socket.SubscribeAsync(TestMessages.Log(group), after: 1)).Error);
        for (int round = 0; round < TalkRounds; round++)
        {
            ulong sequence = await sockets[round % sockets.Count].AppendAsync(TestMessages.Application(group, epoch: 1));
            foreach (TestSocket socket in sockets)
                Assert.Equal(sequence, Assert.Single(await socket.EnvelopesAsync(TestMessages.Log(group), 1)).Sequence);
        }

        foreach (TestSocket socket in sockets)
            await socket.DisposeAsync();
    }

    /// <summary>
    /// Ends the load and checks everything: also that the nodes tell each other again, since a listener that is told nothing goes to another node
    /// and finds it in the store; and that none holds more memory than in the beginning.
    /// </summary>
    public async Task VerifyAsync()
    {
        IReadOnlyList<Envelope> log = await Load.EndAndVerifyAsync(_clients[0].At(_nodes[^1]), after: 1);
        foreach (TestListener listener in _listeners)
            await listener.EndAndVerifyAsync(log);
        foreach (TestNode node in _nodes)
            await node.StartedAsync();
        await TalkAcrossAsync();
        foreach ((TestNode node, MemoryLevel level) in _nodes.Zip(_levels))
            await level.ReturnsAsync(node.Process);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (TestNode node in _nodes)
            await node.DisposeAsync();
    }

    private async Task StartLoadAsync()
    {
        byte[] invite = await InviteAsync();
        string code = System.Buffers.Text.Base64Url.EncodeToString(invite);
        _clients = [await _nodes[0].JoinAsync("alice", code), await _nodes[1].JoinAsync("bob", code), await _nodes[^1].JoinAsync("carol", code)];
        byte[] group = await _clients[0].CreateGroupAsync();
        await using (TestSocket socket = await _clients[0].ConnectAsync())
            await socket.AppendAsync(TestMessages.Commit(group, epoch: 0, added: _clients[1..]));
        foreach (TestNode node in _nodes)
            _levels.Add(await MemoryLevel.OfAsync(node.Process));
        for (int i = 0; i < _nodes.Count; i++)
            _listeners.Add(TestListener.Start(_nodes, i, _clients[i % _clients.Length], group, after: 1));
        Load = TestLoad.Start(_nodes, group, epoch: 1, _clients);
    }

    private async Task<byte[]> InviteAsync()
    {
        byte[] secret = RandomNumberGenerator.GetBytes(16);
        Assert.True(InviteCode.TryParse(System.Buffers.Text.Base64Url.EncodeToString(secret), out InviteCode? code));
        await using var database = PostgresDatabase.Open(_settings, NullLogger.Instance);
        await new InviteStore(database).AddAsync(code.Hash, uses: 3, DateTimeOffset.UtcNow.AddDays(1));
        return secret;
    }
}

using System.Security.Cryptography;
using Parley.Contracts.Wire;

namespace Parley.Bench.Server.Clients;

/// <summary>Devices that have signed up, two and two with a group.</summary>
internal sealed class Population
{
    private const int AtOnce = 16;
    private const int UsesOfInvite = 1000;

    private readonly LoadDevice[] _devices;
    private readonly byte[][] _groups;

    private Population(int devices)
    {
        _devices = new LoadDevice[devices];
        _groups = new byte[devices / 2][];
    }

    public IReadOnlyList<LoadDevice> Devices => _devices;

    public int Pairs => _groups.Length;

    /// <summary>Signs devices up and makes their groups.</summary>
    /// <param name="server">Where the server listens.</param>
    /// <param name="name">Its name.</param>
    /// <param name="invite">The first invite. They make the further ones themselves.</param>
    /// <param name="devices">How many, an even number.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<Population> CreateAsync(Uri server, string name, string invite, int devices, CancellationToken cancellationToken)
    {
        var people = new Population(devices);
        await people.CreatePairAsync(server, name, invite, 0, cancellationToken);
        string[] invites = new string[1 + (devices / UsesOfInvite)];
        using (ParleyClient first = await ParleyClient.OpenAsync(server, people._devices[0], cancellationToken))
        using (LoadStream stream = await LoadStream.ConnectAsync(server, cancellationToken))
        {
            for (int i = 0; i < invites.Length; i++)
                invites[i] = await stream.InviteAsync(first.Token, UsesOfInvite, cancellationToken);
        }

        var parallel = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
        await Parallel.ForAsync(1, people.Pairs, parallel, async (pair, token) => await people.CreatePairAsync(server, name, invites[pair * 2 / UsesOfInvite], pair, token));
        return people;
    }

    /// <summary>The group of a pair.</summary>
    public byte[] GroupOf(int pair) => _groups[pair];

    /// <summary>The connections of a pair, subscribed to their group.</summary>
    public async Task<(ParleyClient First, ParleyClient Second)> OpenPairAsync(Uri server, int pair, CancellationToken cancellationToken)
    {
        ParleyClient first = await ParleyClient.OpenAsync(server, _devices[pair * 2], cancellationToken);
        ParleyClient second = await ParleyClient.OpenAsync(server, _devices[(pair * 2) + 1], cancellationToken);
        await first.RequestAsync(ParleyClient.SubscribeGroup(_groups[pair]), cancellationToken);
        await second.RequestAsync(ParleyClient.SubscribeGroup(_groups[pair]), cancellationToken);
        return (first, second);
    }

    /// <summary>Brings a device online, subscribed to what it has.</summary>
    public Task<ParleyClient> SignInAsync(Uri server, int device, CancellationToken cancellationToken) =>
        ParleyClient.OpenAsync(server, _devices[device], cancellationToken, SubscriptionsOf(device));

    /// <summary>A new group of the first devices, and their connections, subscribed to it.</summary>
    public async Task<(IReadOnlyList<ParleyClient> Members, byte[] Group)> OpenGroupAsync(Uri server, int members, CancellationToken cancellationToken)
    {
        byte[] group = await CreateGroupAsync(server, _devices[0], _devices[1..members], cancellationToken);
        var connections = new List<ParleyClient>();
        foreach (LoadDevice device in _devices.Take(members))
        {
            ParleyClient connection = await ParleyClient.OpenAsync(server, device, cancellationToken);
            connections.Add(connection);
            await connection.RequestAsync(ParleyClient.SubscribeGroup(group), cancellationToken);
        }

        return (connections, group);
    }

    /// <summary>What a device subscribes to when it comes online: its inbox and its group. Both have one entry, which it has read; but nobody has welcomed the first one of a pair.</summary>
    private ClientFrame[] SubscriptionsOf(int device) =>
        [ParleyClient.SubscribeInbox(_devices[device], (ulong)(device % 2)), ParleyClient.SubscribeGroup(_groups[device / 2])];

    private async Task CreatePairAsync(Uri server, string name, string invite, int pair, CancellationToken cancellationToken)
    {
        using (LoadStream stream = await LoadStream.ConnectAsync(server, cancellationToken))
        {
            for (int i = pair * 2; i < (pair * 2) + 2; i++)
            {
                _devices[i] = new LoadDevice(name, "load" + i);
                await stream.RegisterAsync(invite, _devices[i], cancellationToken);
            }
        }

        _groups[pair] = await CreateGroupAsync(server, _devices[pair * 2], [_devices[(pair * 2) + 1]], cancellationToken);
    }

    private static async Task<byte[]> CreateGroupAsync(Uri server, LoadDevice creator, IReadOnlyCollection<LoadDevice> others, CancellationToken cancellationToken)
    {
        byte[] group = RandomNumberGenerator.GetBytes(32);
        using LoadStream stream = await LoadStream.ConnectAsync(server, cancellationToken);
        using ParleyClient connection = await ParleyClient.OpenAsync(server, creator, cancellationToken);
        await stream.CreateGroupAsync(group, connection.Token, cancellationToken);
        await connection.RequestAsync(new ClientFrame { RequestId = 5, Append = LoadMessages.Commit(group, others) }, cancellationToken);
        return group;
    }
}

using Parley.Bench.Server.Clients;
using Parley.Bench.Server.Measuring;

namespace Parley.Bench.Server.Systems;

/// <summary>The server with people on it, and what can be measured on them.</summary>
internal sealed class ParleySystem : ISystemUnderLoad
{
    private readonly ParleyStore _store;
    private readonly BenchSizes _sizes;
    private readonly Population _people;
    private ParleyProcess _server;

    private ParleySystem(ParleyStore store, ParleyProcess server, Population people, BenchSizes sizes)
    {
        _store = store;
        _server = server;
        _people = people;
        _sizes = sizes;
    }

    public string Name => "parley";

    public string Database => _store.Postgres is null ? "sqlite" : "postgres";

    public IReadOnlyList<int> Processes => _store.Postgres is null ? [_server.Id] : [_server.Id, _store.Postgres.Id];

    public static async Task<ParleySystem> StartAsync(bool usesPostgres, int devices, BenchSizes sizes, CancellationToken cancellationToken)
    {
        ParleyStore store = await ParleyStore.CreateAsync(usesPostgres, cancellationToken);
        ParleyProcess? server = null;
        try
        {
            server = await ParleyProcess.StartAsync(store, cancellationToken);
            Console.Error.WriteLine($"Signing up {devices} devices ...");
            Population people = await Population.CreateAsync(server.Address, server.Address.Authority, await server.InviteAsync(cancellationToken), devices, cancellationToken);
            return new ParleySystem(store, server, people, sizes);
        }
        catch
        {
            if (server is not null)
                await server.DisposeAsync();
            await store.DisposeAsync();
            throw;
        }
    }

    public async Task<Load> FanOutAsync(int inFlight, double perSecond, CancellationToken cancellationToken)
    {
        (IReadOnlyList<ParleyClient> members, byte[] group) = await _people.OpenGroupAsync(_server.Address, _sizes.GroupMembers, cancellationToken);
        return new FanOut(members, new LoadMessages(group, 1, BenchSizes.PayloadBytes).Next, inFlight, perSecond);
    }

    public async Task<Load> PairsAsync(double perSecond, CancellationToken cancellationToken)
    {
        var pairs = new List<TalkingPair>();
        for (int pair = 0; pair < _sizes.Pairs; pair++)
        {
            (ParleyClient first, ParleyClient second) = await _people.OpenPairAsync(_server.Address, pair, cancellationToken);
            var messages = new LoadMessages(_people.GroupOf(pair), 1, BenchSizes.PayloadBytes);
            pairs.Add(new TalkingPair(first, second, messages.Next, messages.Next));
        }

        return new PairedTalk(pairs, perSecond, echoes: true);
    }

    public Task<Load> SignInsAsync(CancellationToken cancellationToken) =>
        Task.FromResult<Load>(new SignIns(async (device, token) => await _people.SignInAsync(_server.Address, device, token), _sizes.Pairs * 2, _sizes.SignInsAtOnce));

    /// <summary>One client that reads a log that others have filled.</summary>
    public async Task<Load> CatchUpAsync(CancellationToken cancellationToken)
    {
        (IReadOnlyList<ParleyClient> members, byte[] group) = await _people.OpenGroupAsync(_server.Address, 2, cancellationToken);
        await CatchUp.FillAsync(members[0], new LoadMessages(group, 1, BenchSizes.PayloadBytes), _sizes.CatchUpEntries, cancellationToken);
        foreach (ParleyClient member in members)
            member.Dispose();
        return new CatchUp(await ParleyClient.OpenAsync(_server.Address, _people.Devices[1], cancellationToken), group, _sizes.CatchUpEntries);
    }

    /// <summary>
    /// Memory of a server that was started anew for each connection of a device that has signed in, subscribed to its inbox and its group,
    /// and is silent.
    /// </summary>
    public async Task<double> BytesPerIdleConnectionAsync(bool usesTls, CancellationToken cancellationToken)
    {
        await _server.DisposeAsync();
        _server = await ParleyProcess.StartAsync(_store, cancellationToken, usesTls);
        double bytes = await MeasureIdleAsync(cancellationToken);
        if (usesTls)
        {
            // What comes after this goes without.
            await _server.DisposeAsync();
            _server = await ParleyProcess.StartAsync(_store, cancellationToken);
        }

        return bytes;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _store.DisposeAsync();
    }

    private async Task<double> MeasureIdleAsync(CancellationToken cancellationToken)
    {
        // The first ones make the server compile and load what it needs for any.
        foreach (ParleyClient connection in await OpenIdleAsync(_sizes.IdleConnections / 20, cancellationToken))
            await connection.CloseAsync(cancellationToken);
        long before = await SettledBytesAsync(cancellationToken);
        IReadOnlyCollection<ParleyClient> connections = await OpenIdleAsync(_sizes.IdleConnections, cancellationToken);
        long after = await SettledBytesAsync(cancellationToken);
        foreach (ParleyClient connection in connections)
            connection.Dispose();
        return (after - before) / (double)connections.Count;
    }

    private async Task<IReadOnlyCollection<ParleyClient>> OpenIdleAsync(int count, CancellationToken cancellationToken)
    {
        var connections = new ParleyClient[count];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = _sizes.SignInsAtOnce, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, count, parallel, async (i, token) =>
        {
            connections[i] = await _people.SignInAsync(_server.Address, i, token);
        });
        return connections;
    }

    /// <summary>The server's resident memory, when it has stayed the same for some seconds.</summary>
    private async Task<long> SettledBytesAsync(CancellationToken cancellationToken)
    {
        const int SecondsMax = 15;
        var seen = new List<long>();
        do
        {
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
            seen.Add(ProcessTimes.ResidentBytes(_server.Id));
        }
        while (seen.Count < SecondsMax && (seen.Count < _sizes.SilentSeconds || seen.TakeLast(_sizes.SilentSeconds).Max() > seen.TakeLast(_sizes.SilentSeconds).Min() * 1.002));

        return seen[^1];
    }
}

using System.Security.Cryptography;
using Parley.Contracts.Wire;

namespace Parley.Bench.Server;

/// <summary>Many groups of two: in each, one sends and the other answers, so that there is one message under way in each all the time.</summary>
internal sealed class PairedTalk : ILoad
{
    private readonly CancellationTokenSource _ending = new();
    private readonly List<Speaker> _speakers;
    private Task _running = Task.CompletedTask;

    private PairedTalk(List<Speaker> speakers) => _speakers = speakers;

    public static async Task<PairedTalk> CreateAsync(ServerUnderLoad server, IReadOnlyList<LoadDevice> devices, int pairs, int payloadBytes, CancellationToken cancellationToken)
    {
        var speakers = new List<Speaker>();
        for (int pair = 0; pair < pairs; pair++)
        {
            (LoadDevice one, LoadDevice other) = (devices[pair * 2], devices[(pair * 2) + 1]);
            byte[] group = RandomNumberGenerator.GetBytes(32);
            await server.CreateGroupAsync(group, one, cancellationToken);
            LoadConnection first = await LoadConnection.OpenAsync(server.Address, one, cancellationToken);
            await first.RequestAsync(new ClientFrame { RequestId = 3, Append = LoadMessages.Commit(group, [other]) }, cancellationToken);
            LoadConnection second = await LoadConnection.OpenAsync(server.Address, other, cancellationToken);
            await first.SubscribeAsync(group, cancellationToken);
            await second.SubscribeAsync(group, cancellationToken);
            var messages = new LoadMessages(group, 1, payloadBytes);
            speakers.Add(new Speaker(first, messages, Begins: true));
            speakers.Add(new Speaker(second, messages, Begins: false));
        }

        return new PairedTalk(speakers);
    }

    public void Start(Latencies latencies) => _running = Task.WhenAll(_speakers.Select(speaker => TalkAsync(speaker, latencies)));

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (Speaker speaker in _speakers)
            await speaker.Connection.DisposeAsync();
        _ending.Dispose();
    }

    /// <summary>Each message is delivered to both; the one who has not sent it answers.</summary>
    private async Task TalkAsync(Speaker speaker, Latencies latencies)
    {
        bool mine = speaker.Begins;
        if (mine)
            await speaker.Connection.SendAsync(speaker.Messages.Next(), _ending.Token);
        while (true)
        {
            if (LoadMessages.Count((await speaker.Connection.NextAsync(_ending.Token)).Span, latencies) == 0)
                continue;
            if (!mine)
                await speaker.Connection.SendAsync(speaker.Messages.Next(), _ending.Token);
            mine = !mine;
        }
    }

    private sealed record Speaker(LoadConnection Connection, LoadMessages Messages, bool Begins);
}

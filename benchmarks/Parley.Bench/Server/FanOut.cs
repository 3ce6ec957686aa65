using System.Security.Cryptography;
using Parley.Contracts.Wire;

namespace Parley.Bench.Server;

/// <summary>One group; one member sends, with a number of messages in flight, and all members receive.</summary>
internal sealed class FanOut : ILoad
{
    private readonly CancellationTokenSource _ending = new();
    private readonly List<LoadConnection> _receivers;
    private readonly LoadConnection _sender;
    private readonly LoadMessages _messages;
    private readonly int _inFlight;
    private Task _running = Task.CompletedTask;

    private FanOut(LoadConnection sender, List<LoadConnection> receivers, LoadMessages messages, int inFlight)
    {
        _sender = sender;
        _receivers = receivers;
        _messages = messages;
        _inFlight = inFlight;
    }

    public static async Task<FanOut> CreateAsync(ServerUnderLoad server, IReadOnlyList<LoadDevice> devices, int members, int inFlight, int payloadBytes, CancellationToken cancellationToken)
    {
        byte[] group = RandomNumberGenerator.GetBytes(32);
        await server.CreateGroupAsync(group, devices[0], cancellationToken);
        LoadConnection sender = await LoadConnection.OpenAsync(server.Address, devices[0], cancellationToken);
        await sender.RequestAsync(new ClientFrame { RequestId = 3, Append = LoadMessages.Commit(group, devices.Take(members).Skip(1)) }, cancellationToken);
        await sender.SubscribeAsync(group, cancellationToken);
        var receivers = new List<LoadConnection>();
        foreach (LoadDevice device in devices.Take(members).Skip(1))
        {
            LoadConnection receiver = await LoadConnection.OpenAsync(server.Address, device, cancellationToken);
            await receiver.SubscribeAsync(group, cancellationToken);
            receivers.Add(receiver);
        }

        return new FanOut(sender, receivers, new LoadMessages(group, 1, payloadBytes), inFlight);
    }

    public void Start(Latencies latencies) =>
        _running = Task.WhenAll(_receivers.Select(receiver => ReceiveAsync(receiver, latencies)).Append(SendAsync(latencies)));

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (LoadConnection connection in _receivers.Append(_sender))
            await connection.DisposeAsync();
        _ending.Dispose();
    }

    private async Task ReceiveAsync(LoadConnection receiver, Latencies latencies)
    {
        while (true)
            LoadMessages.Count((await receiver.NextAsync(_ending.Token)).Span, latencies);
    }

    /// <summary>Sends one more message for each that has come back. The sender is a member, so its own messages come back to it.</summary>
    private async Task SendAsync(Latencies latencies)
    {
        for (int i = 0; i < _inFlight; i++)
            await _sender.SendAsync(_messages.Next(), _ending.Token);
        while (true)
        {
            int delivered = LoadMessages.Count((await _sender.NextAsync(_ending.Token)).Span, latencies);
            for (int i = 0; i < delivered; i++)
                await _sender.SendAsync(_messages.Next(), _ending.Token);
        }
    }
}

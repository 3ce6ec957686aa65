using System.Diagnostics;
using Parley.Bench.Server.Measuring;

namespace Parley.Bench.Server.Clients;

/// <summary>One group; one member sends, with a number of messages in flight or at a rate, and all members receive.</summary>
/// <param name="members">The members. The first one sends.</param>
/// <param name="messages">What it sends: so many messages.</param>
/// <param name="inFlight">How many messages are on their way all the time.</param>
/// <param name="perSecond">How many it sends each second instead, if not 0.</param>
internal sealed class FanOut(IReadOnlyList<ChatClient> members, Func<int, byte[]> messages, int inFlight, double perSecond) : Load
{
    protected override IEnumerable<IDisposable> Connections => members;

    protected override IEnumerable<Task> Run(Latencies latencies, CancellationToken cancellationToken)
    {
        ChatClient sender = members[0];
        IEnumerable<Task> receiving = members.Skip(1).Select(member => ReceiveAsync(member, latencies, cancellationToken));
        return perSecond > 0
            ? receiving.Append(ReceiveAsync(sender, latencies, cancellationToken)).Append(Pace.RunAsync(perSecond, token => sender.SendAsync(messages(1), token), cancellationToken))
            : receiving.Append(SendAsync(sender, latencies, cancellationToken));
    }

    private static async Task ReceiveAsync(ChatClient member, Latencies latencies, CancellationToken cancellationToken)
    {
        while (true)
        {
            await member.ReceiveAsync(cancellationToken);
            TakeAll(member, latencies);
        }
    }

    /// <summary>Sends one more message for each that has come back: the sender is a member, too.</summary>
    private async Task SendAsync(ChatClient sender, Latencies latencies, CancellationToken cancellationToken)
    {
        await sender.SendAsync(messages(inFlight), cancellationToken);
        while (true)
        {
            await sender.ReceiveAsync(cancellationToken);
            if (TakeAll(sender, latencies) is var delivered and > 0)
                await sender.SendAsync(messages(delivered), cancellationToken);
        }
    }

    private static int TakeAll(ChatClient member, Latencies latencies)
    {
        long now = Stopwatch.GetTimestamp();
        int delivered = 0;
        for (; member.TryTakeMessage(out long sentAt); delivered++)
            latencies.Add(sentAt, now);
        return delivered;
    }
}

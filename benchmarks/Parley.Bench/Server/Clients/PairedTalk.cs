using System.Diagnostics;
using Parley.Bench.Server.Measuring;

namespace Parley.Bench.Server.Clients;

/// <summary>
/// Many conversations of two: in each, one sends and the other answers, so that there is one message under way in each all the time; or
/// the first ones send at a rate. What counts is the delivery to the peer.
/// </summary>
/// <param name="pairs">Each two.</param>
/// <param name="perSecond">How many messages are sent each second by all together, if not 0.</param>
/// <param name="echoes">Whether a message comes back to its sender, too, as it does from a log.</param>
internal sealed class PairedTalk(IReadOnlyList<TalkingPair> pairs, double perSecond, bool echoes) : Load
{
    protected override IEnumerable<IDisposable> Connections => pairs.SelectMany(pair => (ChatClient[])[pair.First, pair.Second]);

    protected override IEnumerable<Task> Run(Latencies latencies, CancellationToken cancellationToken) => perSecond > 0
        ? pairs.SelectMany(pair => (Task[])[ReceiveAsync(pair.First, null, cancellationToken), ReceiveAsync(pair.Second, latencies, cancellationToken)]).Append(SendAsync(cancellationToken))
        : pairs.SelectMany(pair => (Task[])[TalkAsync(pair.First, pair.FromFirst, true, latencies, cancellationToken), TalkAsync(pair.Second, pair.FromSecond, false, latencies, cancellationToken)]);

    private async Task TalkAsync(ChatClient speaker, Func<int, byte[]> messages, bool begins, Latencies latencies, CancellationToken cancellationToken)
    {
        bool nextIsOwn = begins && echoes;
        if (begins)
            await speaker.SendAsync(messages(1), cancellationToken);
        while (true)
        {
            await speaker.ReceiveAsync(cancellationToken);
            while (speaker.TryTakeMessage(out long sentAt))
            {
                if (!nextIsOwn)
                {
                    latencies.Add(sentAt, Stopwatch.GetTimestamp());
                    await speaker.SendAsync(messages(1), cancellationToken);
                }

                nextIsOwn = echoes && !nextIsOwn;
            }
        }
    }

    private static async Task ReceiveAsync(ChatClient listener, Latencies? latencies, CancellationToken cancellationToken)
    {
        while (true)
        {
            await listener.ReceiveAsync(cancellationToken);
            while (listener.TryTakeMessage(out long sentAt))
                latencies?.Add(sentAt, Stopwatch.GetTimestamp());
        }
    }

    private Task SendAsync(CancellationToken cancellationToken)
    {
        int next = 0;
        return Pace.RunAsync(perSecond, token =>
        {
            next = (next + 1) % pairs.Count;
            return pairs[next].First.SendAsync(pairs[next].FromFirst(1), token);
        }, cancellationToken);
    }
}

/// <summary>Two who talk, and what each sends: so many messages.</summary>
internal sealed record TalkingPair(ChatClient First, ChatClient Second, Func<int, byte[]> FromFirst, Func<int, byte[]> FromSecond);

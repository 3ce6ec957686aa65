using System.Diagnostics;
using Google.Protobuf;
using Parley.Bench.Server.Measuring;
using Parley.Contracts.Wire;

namespace Parley.Bench.Server.Clients;

/// <summary>One client that was away and reads a log from the beginning, again and again. The time counts from its request.</summary>
/// <param name="reader">Its connection.</param>
/// <param name="group">The log.</param>
/// <param name="entries">How many entries follow the Commit.</param>
internal sealed class CatchUp(ParleyClient reader, byte[] group, int entries) : Load
{
    private const int InFlight = 200;

    protected override IEnumerable<IDisposable> Connections => [reader];

    /// <summary>Fills a log, by a connection that is subscribed to it.</summary>
    public static async Task FillAsync(ParleyClient writer, LoadMessages messages, int count, CancellationToken cancellationToken)
    {
        int sent = Math.Min(count, InFlight);
        await writer.SendAsync(messages.Next(sent), cancellationToken);
        for (int delivered = 0; delivered < count;)
        {
            await writer.ReceiveAsync(cancellationToken);
            int more = 0;
            while (writer.TryTakeMessage(out _))
                more++;
            delivered += more;
            int next = Math.Min(more, count - sent);
            if (next > 0)
                await writer.SendAsync(messages.Next(next), cancellationToken);
            sent += next;
        }
    }

    protected override IEnumerable<Task> Run(Latencies latencies, CancellationToken cancellationToken) => [ReadAsync(latencies, cancellationToken)];

    private async Task ReadAsync(Latencies latencies, CancellationToken cancellationToken)
    {
        byte[] subscribe = ParleyClient.Encode(ParleyClient.SubscribeGroup(group));
        var unsubscribe = new ClientFrame { RequestId = 4, Unsubscribe = new Unsubscribe { Log = new LogRef { Group = ByteString.CopyFrom(group) } } };
        while (true)
        {
            long started = Stopwatch.GetTimestamp();
            await reader.SendAsync(subscribe, cancellationToken);
            for (int read = 0; read < entries;)
            {
                await reader.ReceiveAsync(cancellationToken);
                int more = 0;
                while (reader.TryTakeMessage(out _))
                    more++;
                if (more > 0)
                    latencies.Add(started, Stopwatch.GetTimestamp(), more);
                read += more;
            }

            await reader.RequestAsync(unsubscribe, cancellationToken);
        }
    }
}

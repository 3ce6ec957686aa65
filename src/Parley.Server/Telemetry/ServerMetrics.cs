using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Parley.Server.Telemetry;

/// <summary>
/// What an operator sees of the Delivery Service in numbers, and where a message's time goes. No measurement carries an account, a
/// device, a group or an address: who talks to whom is nobody's business, the operator's included. An instrument that nobody listens
/// to costs a few nanoseconds.
/// </summary>
internal static class ServerMetrics
{
    /// <summary>The name of the meter and of the source of traces.</summary>
    public const string Name = "Parley.Server";

    // Sub-millisecond appends are the rule, so the buckets begin there.
    private static readonly InstrumentAdvice<double> Durations = new()
    {
        HistogramBucketBoundaries = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    };

    private static readonly InstrumentAdvice<int> Counts = new() { HistogramBucketBoundaries = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] };

    private static readonly Meter Meter = new(Name);

    private static readonly Counter<long> Appends = Meter.CreateCounter<long>(
        "parley.appends", "{append}", "Appends answered, by their outcome.");

    private static readonly Histogram<double> AppendDuration = Meter.CreateHistogram(
        "parley.append.duration", "s", "From reading an append to its answer: it is durable by then.", advice: Durations);

    private static readonly Histogram<int> BatchWrites = Meter.CreateHistogram(
        "parley.store.batch.writes", "{write}", "Writes that shared one sync of the disk.", advice: Counts);

    private static readonly Histogram<double> CommitDuration = Meter.CreateHistogram(
        "parley.store.commit.duration", "s", "From the beginning of a transaction until it is durable.", advice: Durations);

    private static readonly Counter<long> CommitFailures = Meter.CreateCounter<long>(
        "parley.store.commit.failures", "{commit}", "Transactions that the store did not take, by reason.");

    private static readonly UpDownCounter<long> WaitingWrites = Meter.CreateUpDownCounter<long>(
        "parley.store.queue.writes", "{write}", "Writes that wait for the disk.");

    private static readonly Counter<long> LiveDeliveries = Meter.CreateCounter<long>(
        "parley.deliveries.live", "{envelope}", "Envelopes handed to connections as they were appended.");

    private static readonly Counter<long> CaughtUp = Meter.CreateCounter<long>(
        "parley.deliveries.catch_up", "{envelope}", "Envelopes read from the store for connections that were behind.");

    private static readonly Counter<long> FallsBehind = Meter.CreateCounter<long>(
        "parley.subscriptions.fallen_behind", "{subscription}", "How often a live subscription had to go back to the store.");

    private static readonly UpDownCounter<long> QueuedBytes = Meter.CreateUpDownCounter<long>(
        "parley.connections.queued", "By", "Memory that holds what peers have not read yet.");

    private static readonly Counter<long> Refusals = Meter.CreateCounter<long>(
        "parley.limits.refusals", "{refusal}", "What was refused because somebody had too much of it, by limit.");

    private static readonly Counter<long> PeerDeliveries = Meter.CreateCounter<long>(
        "parley.peers.deliveries", "{envelope}", "Envelopes that another node was told of.");

    private static readonly Counter<long> PeersMissed = Meter.CreateCounter<long>(
        "parley.peers.missed", "{failure}", "How often another node could not be told, and had to look into the store.");

    private static readonly UpDownCounter<long> Connections = Meter.CreateUpDownCounter<long>(
        "parley.connections", "{connection}", "Connections that have signed in.");

    private static readonly UpDownCounter<long> Subscriptions = Meter.CreateUpDownCounter<long>(
        "parley.subscriptions", "{subscription}", "Subscriptions to logs.");

    private static readonly Gauge<long> CertificateExpiry = Meter.CreateGauge<long>(
        "parley.tls.certificate.expiry", "s", "When the server's certificate expires, in seconds since 1970.");

    /// <summary>Spans of the way an append takes.</summary>
    public static ActivitySource Traces { get; } = new(Name);

    public static void Appended(ErrorCode outcome, long startedAt)
    {
        var tag = new KeyValuePair<string, object?>("outcome", outcome.ToString());
        Appends.Add(1, tag);
        AppendDuration.Record(Stopwatch.GetElapsedTime(startedAt).TotalSeconds, tag);
    }

    public static void Committed(int writes, long startedAt)
    {
        BatchWrites.Record(writes);
        CommitDuration.Record(Stopwatch.GetElapsedTime(startedAt).TotalSeconds);
    }

    public static void CommitFailed(Storage.StoreFailure reason) => CommitFailures.Add(1, new KeyValuePair<string, object?>("reason", reason.ToString()));

    public static void Waiting(int writes) => WaitingWrites.Add(writes);

    public static void DeliveredLive(int envelopes) => LiveDeliveries.Add(envelopes);

    public static void DeliveredFromStore(int envelopes) => CaughtUp.Add(envelopes);

    public static void FellBehind() => FallsBehind.Add(1);

    public static void Queued(int change) => QueuedBytes.Add(change);

    public static void Limited(string limit) => Refusals.Add(1, new KeyValuePair<string, object?>("limit", limit));

    public static void ToldPeer(int envelopes) => PeerDeliveries.Add(envelopes);

    public static void PeerMissed() => PeersMissed.Add(1);

    public static void CertificateExpires(DateTimeOffset at) => CertificateExpiry.Record(at.ToUnixTimeSeconds());

    public static void Connected(int change) => Connections.Add(change);

    public static void Subscribed(int change) => Subscriptions.Add(change);
}

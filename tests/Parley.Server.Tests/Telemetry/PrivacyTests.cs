using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Parley.Contracts;
using Parley.Contracts.Resources;
using Parley.Contracts.Wire;
using Parley.Server.Limiting;
using Parley.Server.Storage;
using Parley.Server.Telemetry;
using Parley.Server.Tests.Storage;

namespace Parley.Server.Tests.Telemetry;

/// <summary>A conversation with everything that can be logged, measured and traced: nobody and nothing in it can be found there.</summary>
public sealed class PrivacyTests
{
    private const string OpenLabel = " OPEN ";

    private static readonly string[] LimitNames = [.. typeof(RateLimits).GetProperties().Select(limit => JsonNamingPolicy.SnakeCaseLower.ConvertName(limit.Name)), "queue_bytes"];

    private static readonly string[] Meters = [ServerMetrics.Name, "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime"];

    [Fact]
    public async Task Neither_logs_at_their_finest_nor_metrics_nor_traces_name_people_devices_groups_or_content()
    {
        var said = new ConcurrentQueue<string>();
        using MeterListener metrics = Listen(said);
        using ActivityListener traces = Trace(said);
        var logs = new CapturedLogs();
        using var folder = new TemporaryFolder();
        await using (TestServer server = await TestServer.StartOnSqliteAsync(folder.File("parley.db"), configure: logs.AddTo))
        {
            string invite = await server.InviteAsync(uses: 2);
            TestClient one = await server.JoinAsync("zebedee", invite);
            TestClient other = await server.JoinAsync("quentin", invite);
            Append message = await TalkAsync(server, one, other, invite);

            metrics.RecordObservableInstruments();
            byte[] group = MessageGroup(message);
            string everything = string.Join('\n', logs.Entries.Concat(said));
            byte[][] hidden = [group, one.Id.ToArray(), other.Id.ToArray(), message.Message.ToByteArray()];
            string[] secrets = ["zebedee", "quentin", invite, one.Token, other.Token, .. hidden.SelectMany(Forms)];
            foreach (string secret in secrets)
                Assert.DoesNotContain(secret, everything, StringComparison.OrdinalIgnoreCase);
            foreach (string span in new[] { "append", "store.commit", "fan_out", "catch_up" })
                Assert.Contains("span " + span + " ", everything, StringComparison.Ordinal);
            Assert.Contains("parley.appends", everything, StringComparison.Ordinal);
            Assert.DoesNotContain(said, words => words.Contains(OpenLabel, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_PostgreSQL_and_Orleans_say_of_a_failure_names_nobody(bool isNode)
    {
        PostgresCluster cluster = await PostgresCluster.SharedAsync();
        var logs = new CapturedLogs();
        await using TestServer server = await TestServer.StartOnPostgresAsync(await cluster.CreateDatabaseAsync(), isNode, logs: logs);
        TestClient one = await server.JoinAsync("zebedee");
        byte[] group = await one.CreateGroupAsync();
        await using TestSocket socket = await one.ConnectAsync();
        await server.Get<IDatabase>().WriteAsync(session => session.Execute("ALTER TABLE entries ADD CONSTRAINT none CHECK (length(envelope) = 0)"));

        // PostgreSQL answers with the whole row that it does not take, and the append fails as none should.
        Append message = TestMessages.Application(group);
        Assert.Equal(ErrorCode.Internal, await socket.TryAppendAsync(message));
        Assert.Contains(logs.Errors, line => line.Contains("A write failed", StringComparison.Ordinal));
        server.Get<ILoggerFactory>().CreateLogger("Orleans.Runtime.Catalog").LogError("Failed to activate group/{Group}", Convert.ToHexStringLower(group));

        byte[][] hidden = [group, one.Id.ToArray(), message.Message.ToByteArray(), message.MessageId.ToByteArray()];
        foreach (string secret in (string[])["zebedee", one.Token, .. hidden.SelectMany(Forms)])
            Assert.DoesNotContain(secret, string.Join('\n', logs.Entries), StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>
    /// The conversations above do not reach every statement. So none can take what could name somebody: numbers, times, members of an enum,
    /// what failed, and two texts that are looked at by hand.
    /// </summary>
    [Fact]
    public void No_log_statement_takes_what_could_name_somebody()
    {
        string[] texts = ["Peer.NotTold(error)", "TlsCertificate.NotRenewed(reason)"]; // The kind of an exception; what is wrong with a file.
        MethodInfo[] statements = [.. typeof(ServerMetrics).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly))
            .Where(method => method.GetCustomAttribute<LoggerMessageAttribute>() is not null)];
        Assert.NotEmpty(statements);
        Assert.Empty(statements.SelectMany(method => method.GetParameters(), (method, parameter) => (method, parameter))
            .Where(found => !IsNobody(found.parameter.ParameterType))
            .Select(found => $"{found.method.DeclaringType!.DeclaringType!.Name}.{found.method.Name}({found.parameter.Name})")
            .Except(texts, StringComparer.Ordinal));

        static bool IsNobody(Type type) => type == typeof(ILogger) || type == typeof(Exception) || type == typeof(int) || type == typeof(DateTime) || type.IsEnum;
    }

    /// <summary>Each label is one of a few words of ours: what people choose can never be one.</summary>
    private static bool IsClosedLabel(KeyValuePair<string, object?> label) => label.Key switch
    {
        "outcome" => Enum.TryParse<ErrorCode>(label.Value as string, out _),
        "reason" => Enum.TryParse<StoreFailure>(label.Value as string, out _),
        "limit" => label.Value is string name && LimitNames.Contains(name),
        "writes" or "deliveries" or "envelopes" => label.Value is int,
        _ => false,
    };

    /// <summary>What people do, and what goes wrong.</summary>
    private static async Task<Append> TalkAsync(TestServer server, TestClient one, TestClient other, string invite)
    {
        byte[] group = await one.CreateGroupAsync();
        await using TestSocket socket = await one.ConnectAsync();
        await using TestSocket reader = await other.ConnectAsync();
        await reader.SubscribeAsync(other.Inbox);
        await socket.AppendAsync(TestMessages.Commit(group, added: [other]));
        await reader.SubscribeAsync(TestMessages.Log(group), after: 1);
        Append message = TestMessages.Application(group, epoch: 1);
        await socket.AppendAsync(message);
        await reader.EnvelopesAsync(other.Inbox, 1);
        await reader.EnvelopesAsync(TestMessages.Log(group), 1);
        await socket.AppendAsync(TestMessages.Application(group, epoch: 1));
        await reader.EnvelopesAsync(TestMessages.Log(group), 1);

        Assert.NotEqual(ErrorCode.None, await socket.TryAppendAsync(TestMessages.Application(group, epoch: 7)));
        await one.SendAsync(HttpMethod.Get, Routes.AccountByHandle.Replace("{handle}", "quentin"));
        await one.SendAsync(HttpMethod.Post, Routes.OfSuite(Routes.AccountKeyPackages.Replace("{handle}", "quentin"), 3));
        await one.SendAsync(HttpMethod.Post, Routes.KeyPackages, new NewKeyPackages([[1, 2, 3]]));
        await server.Http.GetAsync(Routes.InvitePage.Replace("{code}", invite));
        await server.RegisterAsync(new TestDevice("zebedee"), invite);
        await using (TestSocket stranger = await TestSocket.OpenAsync(server.Address))
            Assert.Equal(ErrorCode.ChallengeFailed, (await stranger.SignInAsync(new TestDevice("zebedee", id: one.Id))).Error);
        await socket.SendRawAsync([0xff, 0xff]);
        await socket.ClosedAsync();
        return message;
    }

    private static byte[] MessageGroup(Append message) => Server.Log.MessageHeader.TryParse(message.Message.Memory)!.Value.Group.ToBytes();

    private static string[] Forms(byte[] bytes) => [Convert.ToHexString(bytes), Convert.ToBase64String(bytes).TrimEnd('='), BitConverter.ToString(bytes)];

    private static MeterListener Listen(ConcurrentQueue<string> said)
    {
        var listener = new MeterListener { InstrumentPublished = (instrument, listening) => { if (Meters.Contains(instrument.Meter.Name)) listening.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => said.Enqueue(Words(instrument, tags)));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => said.Enqueue(Words(instrument, tags)));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => said.Enqueue(Words(instrument, tags)));
        listener.Start();
        return listener;
    }

    private static string Words(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var words = new StringBuilder(instrument.Name);
        foreach (KeyValuePair<string, object?> tag in tags)
        {
            if (instrument.Meter.Name == ServerMetrics.Name && !IsClosedLabel(tag))
                words.Append(OpenLabel);
            words.Append(' ').Append(tag.Key).Append('=').Append(tag.Value);
        }

        return words.ToString();
    }

    private static ActivityListener Trace(ConcurrentQueue<string> said)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == ServerMetrics.Name,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span => said.Enqueue(
                $"{(span.TagObjects.All(IsClosedLabel) ? "" : OpenLabel)}span {span.OperationName} {span.DisplayName} {span.StatusDescription} {string.Join(' ', span.TagObjects)} {string.Join(' ', span.Events.Select(one => one.Name))} {string.Join(' ', span.Baggage)}"),
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }
}

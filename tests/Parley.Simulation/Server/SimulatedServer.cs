using Parley.Client;
using Parley.Client.Engine;
using Parley.Client.Outbox;
using Parley.Contracts.Identity;
using Parley.Contracts.Wire;
using Parley.Mls.Messages;
using Parley.Server.Clustering;
using Parley.Server.KeyPackages;
using Parley.Server.Limiting;
using Parley.Server.Log;
using Parley.Server.Sequencing;
using Parley.Server.Sockets;
using Parley.Server.Tests.Storage;
using Parley.Simulation.Core;
using Parley.Simulation.Devices;
using MessageId = Parley.Server.Log.MessageId;

namespace Parley.Simulation.Server;

/// <summary>
/// The server: its real sequencer, one for each log, over a simulated disk. What Orleans and sockets do around it is a dictionary and a
/// call here. A crash forgets everything but the disk.
/// </summary>
internal sealed class SimulatedServer
{
    private const int PageBytes = 64 * 1024;

    private readonly World _world;
    private readonly MemoryStore _disk = new();
    private readonly List<Connection> _connections = [];
    private readonly Dictionary<string, Sequencer> _sequencers = [];
    private SimulatedLogStore _store;
    private RateLimits _rates;

    public SimulatedServer(World world, IEnumerable<Person> people)
    {
        _world = world;
        foreach (Person person in people)
            _disk.Add(person.Certificate, person.KeyPackages);
        (_store, _rates) = Start();
    }

    public bool IsUp { get; private set; } = true;

    /// <summary>Dies: connections, sequencers and appends under way are gone. Comes up again after a while.</summary>
    public void Crash(TimeSpan downtime)
    {
        _world.Trace.Add("server crashes");
        IsUp = false;
        _sequencers.Clear();
        foreach (Connection connection in _connections.ToList())
            connection.Break("the server crashed");
        _world.Agenda.After(downtime, () =>
        {
            IsUp = true;
            _world.Trace.Add("server is up");
        });
        (_store, _rates) = Start();
    }

    public void Open(Connection connection) => _connections.Add(connection);

    public void Close(Connection connection) => _connections.Remove(connection);

    public void Subscribe(Connection connection, LogId log, ulong after, Action<SubscribeReply> answer)
    {
        LogAccess? access = Done(_store.FindAccessAsync(NameOf(log, connection.Device.Id), connection.Device.Id, after));
        if (access is null)
        {
            answer(new SubscribeReply(ErrorCode.NotAMember));
            return;
        }

        if (after > access.Head)
        {
            answer(new SubscribeReply(ErrorCode.CursorInvalid));
            return;
        }

        ulong begin = Math.Max(after, access.After);
        answer(new SubscribeReply(ErrorCode.None, Math.Min(access.Head, access.Through ?? ulong.MaxValue), begin, access.Epoch));
        connection.Subscriptions[log] = new Position(access.LogId, begin);
        Send(connection);
    }

    /// <summary>Hands an append to the log's sequencer. Answered when it is durable; never, if the server dies first.</summary>
    public void Append(DeviceId sender, SealedMessage message, Action<AppendOutcome> answer) => _ = AppendAsync(sender, message, answer);

    public ErrorCode CreateGroup(ConversationId group, DeviceId creator) =>
        _store.CreateGroupAsync(NameOf(new LogId(group), creator), creator).Result ? ErrorCode.None : ErrorCode.GroupExists;

    public (int Count, bool HasLastResort) CountKeyPackages(DeviceId device, CipherSuite suite)
    {
        var stock = Done(_disk.CountAsync(device, suite, _world.Agenda.Now));
        return (stock.Count, stock.HasLastResort);
    }

    public ErrorCode AddKeyPackages(DeviceId device, IReadOnlyList<byte[]> keyPackages)
    {
        DeviceCertificate certificate = Done(_disk.FindDeviceAsync(device))?.Certificate ?? throw new InvalidOperationException("All devices are known.");
        var good = new List<CheckedKeyPackage>();
        foreach (byte[] encoded in keyPackages)
        {
            if (!KeyPackageCheck.TryCheck(encoded, certificate, _world.Agenda.Now, out CheckedKeyPackage? one))
                return ErrorCode.KeyPackageInvalid;
            good.Add(one);
        }

        return _disk.AddAsync(device, good, _world.Agenda.Now).Result;
    }

    public IReadOnlyList<byte[]> Claim(Handle handle, CipherSuite suite) => _disk.ClaimAsync(handle, suite, _world.Agenda.Now).Result ?? [];

    /// <summary>What has come to stand in a log since a device was last added to it.</summary>
    public IEnumerable<Envelope> ReadableSinceAdded(LogId log, DeviceId device) => Done(_disk.FindAccessAsync(NameOf(log, device), device, after: long.MaxValue)) is { } access
        ? Readable(log, device).Where(envelope => envelope.Sequence > access.After)
        : [];

    /// <summary>What stands in a log that a device may read, with the ids under which it was appended: the truth that clients are measured by.</summary>
    public IReadOnlyList<Envelope> Readable(LogId log, DeviceId device)
    {
        if (Done(_disk.FindAccessAsync(NameOf(log, device), device, after: 0)) is not { } access)
            return [];
        var readable = new List<Envelope>();
        while (Done(_disk.ReadAsync(access.LogId, device, readable.LastOrDefault()?.Sequence ?? 0, int.MaxValue)) is { Count: > 0 } stretch)
            readable.AddRange(stretch.Select(static entry => Envelope.Parser.ParseFrom(entry.Envelope.Span)));
        return readable;
    }

    /// <summary>The epoch that the next Commit must build on.</summary>
    public ulong EpochOf(ConversationId group, DeviceId member) => Done(_disk.LoadAsync(NameOf(new LogId(group), member)))?.Epoch ?? 0;

    /// <summary>How many devices may append.</summary>
    public int CountMembers(ConversationId group, DeviceId member) => Done(_disk.LoadAsync(NameOf(new LogId(group), member)))?.Members.Count ?? 0;

    /// <summary>Where the log's last Commit stands.</summary>
    public ulong LastCommitOf(ConversationId group, DeviceId member) => Done(_disk.LoadAsync(NameOf(new LogId(group), member)))?.LastCommit ?? 0;

    /// <summary>Whether a device may append.</summary>
    public bool IsMember(ConversationId group, DeviceId device) => Done(_disk.LoadAsync(NameOf(new LogId(group), device)))?.Members.Contains(device) ?? false;

    private static LogName NameOf(LogId log, DeviceId device)
    {
        if (log.Conversation is not { } group)
            return LogName.Inbox(device);
        return LogName.TryParseGroup(group.ToArray(), out LogName? name) ? name : throw new InvalidOperationException("16 bytes name a group.");
    }

    /// <summary>What is read from memory is there at once.</summary>
    private static T Done<T>(ValueTask<T> read) => read.IsCompletedSuccessfully ? read.Result : throw new InvalidOperationException("A read had to wait.");

    private (SimulatedLogStore Store, RateLimits Rates) Start()
    {
        SimulatedLogStore? made = null;
        made = new SimulatedLogStore(_disk, () => PlanFlush(made), _world.Stored) { AcknowledgesTooEarly = _world.Options.Plant == Plant.AcknowledgesTooEarly };
        return (made, new RateLimits(new ServerLimits(), _world.Agenda.Time));
    }

    private void PlanFlush(SimulatedLogStore? store)
    {
        if (store is { WaitingCount: 1 })
            _world.Agenda.After(_world.Chance.Between(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(15)), () => Flush(store));
    }

    private void Flush(SimulatedLogStore store)
    {
        if (store != _store || !store.HasWaiting)
            return;
        switch (_world.FateOfFlush(store.WaitingCount))
        {
            case { Refuses: true }:
                _world.Trace.Add("server's disk refuses");
                store.Refuse();
                break;
            case { Dies: true, First: var first }:
                store.Flush(first, dies: true);
                Crash(_world.Chance.Between(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1)));
                break;
            default:
                store.Flush();
                break;
        }

        foreach (Connection connection in _connections.ToList())
            Send(connection);
    }

    /// <summary>Sends what a connection has subscribed to and not got.</summary>
    private void Send(Connection connection)
    {
        foreach (LogId log in connection.Subscriptions.Keys.ToList())
        {
            while (connection.Subscriptions.ContainsKey(log) && TryReadPage(connection, log, out IReadOnlyList<Envelope> page))
            {
                IReadOnlyList<Envelope> envelopes = _world.Page(connection.Device, page);
                if (envelopes.Count > 0)
                    connection.ToClient($"{envelopes.Count} of {_world.NameOf(log)} from {envelopes[0].Sequence}", () => connection.Device.Receive(log, envelopes));
            }
        }
    }

    private bool TryReadPage(Connection connection, LogId log, out IReadOnlyList<Envelope> page)
    {
        Position position = connection.Subscriptions[log];
        IReadOnlyList<StoredEntry> entries = Done(_store.ReadAsync(position.Log, connection.Device.Id, position.After, PageBytes));
        // A device that was removed and added again subscribes again.
        page = entries.Count > 0 && entries[0].Sequence == position.After + 1 ? [.. entries.Select(static entry => Envelope.Parser.ParseFrom(entry.Envelope.Span))] : [];
        if (page.Count > 0 && page[^1].RemovedDevices.Any(removed => removed.Span.SequenceEqual(connection.Device.Id.ToArray())))
            connection.Subscriptions.Remove(log);
        else if (page.Count > 0)
            connection.Subscriptions[log] = position with { After = page[^1].Sequence };
        return page.Count > 0;
    }

    private async Task AppendAsync(DeviceId sender, SealedMessage message, Action<AppendOutcome> answer)
    {
        try
        {
            if (MessageHeader.TryParse(message.Message) is not { } header || !MessageId.TryParse(message.Id.Span, out MessageId id))
            {
                answer(AppendOutcome.Refused(ErrorCode.MessageMisplaced));
                return;
            }

            if ((await _store.FindUnknownAsync(message.Added)).Count > 0)
            {
                answer(AppendOutcome.Refused(ErrorCode.DeviceUnknown));
                return;
            }

            var request = new AppendRequest(sender, id, header, message.Message, message.Welcome.ToArray(), message.Added, message.Removed);
            answer(await SequencerOf(header.Group).AppendAsync(request));
        }
        catch (Exception fault)
        {
            // Nobody awaits this: the run must end all the same.
            _world.Fault = fault;
        }
    }

    private Sequencer SequencerOf(LogName log)
    {
        if (!_sequencers.TryGetValue(log.Key, out Sequencer? sequencer))
        {
            var services = new SequencerServices(_store, new Subscribers(), new Peers(), _rates, _world.Agenda.Time) { StaysOnContext = true };
            _sequencers.Add(log.Key, sequencer = new Sequencer(services, static () => { }));
        }

        return sequencer;
    }
}

/// <summary>How far a subscription is.</summary>
internal readonly record struct Position(long Log, ulong After);

/// <summary>What becomes of a batch of the server's.</summary>
/// <param name="Refuses">The disk takes nothing of it.</param>
/// <param name="Dies">The server dies, with some of it written and nothing of it acknowledged.</param>
/// <param name="First">How many are written before it dies.</param>
internal readonly record struct FlushFate(bool Refuses, bool Dies, int First);

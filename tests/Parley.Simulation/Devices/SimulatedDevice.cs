using System.Collections.Immutable;
using Parley.Client;
using Parley.Client.Engine;
using Parley.Client.Store;
using Parley.Client.Transport;
using Parley.Contracts.Identity;
using Parley.Contracts.Wire;
using Parley.Mls.Crypto;
using Parley.Mls.Messages;
using Parley.Server.Sequencing;
using Parley.Simulation.Core;

namespace Parley.Simulation.Devices;

/// <summary>
/// A machine with the real client engine on it: carries out what the engine asks for as <c>ServerSession</c> and <c>ConnectionLoop</c> do, in
/// plain calls, and dies and comes up again when it is told.
/// </summary>
internal sealed class SimulatedDevice : IDisposable
{
    private readonly World _world;
    private readonly ICryptoProvider _crypto;
    private readonly RetryDelay _delay;
    private Connection? _connection;
    private int _generation;
    private bool _isWorkDue;

    public SimulatedDevice(World world, Person person)
    {
        _world = world;
        Handle = person.Certificate.Handle;
        Id = person.Certificate.DeviceId;
        _crypto = new ObservedCrypto(Chance.Of(world.Options.Seed, Handle.Value), (key, ciphertext) => world.Sealed(this, key, ciphertext));
        _delay = new RetryDelay(_crypto);
        Store = new SimulatedClientStore(batch => world.FateOfWrite(this, batch), (batch, disk) => Plants.Spoil(world.Options.Plant, batch, disk));
        Store.Restore(person.Stored);
        Host = Load();
    }

    public Handle Handle { get; }

    public DeviceId Id { get; }

    public SimulatedClientStore Store { get; }

    public ICryptoProvider Crypto => _crypto;

    /// <summary>The running client, or null while the machine is down.</summary>
    public EngineHost? Host { get; private set; }

    /// <summary>Whether it works against the others; it is no longer what is tested.</summary>
    public bool IsHostile { get; private set; }

    /// <summary>Whether there is a network where it is.</summary>
    public bool IsReachable { get; private set; } = true;

    /// <summary>How far its clock is off.</summary>
    public TimeSpan ClockError { get; set; }

    public bool IsConnected => _connection is not null;

    public DateTimeOffset Now => _world.Agenda.Now + ClockError;

    /// <summary>Begins to connect.</summary>
    public void Connect() => _world.Agenda.After(_world.Chance.Between(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(200)), TryConnect);

    /// <summary>Gives the engine an input. False if the machine died of it, or could not take it.</summary>
    public bool Run(Action<ClientEngine> input) => Run(input, wakes: true);

    private bool Run(Action<ClientEngine> input, bool wakes)
    {
        if (Host is not { } host)
            return false;
        try
        {
            host.Run(input);
            _world.Touch(this);
            if (wakes)
                Wake();
            return true;
        }
        catch (SimulatedCrashException)
        {
            Crash();
        }
        catch (ClientStoreException)
        {
            // What the connection knew is void with the engine that was dropped.
            _world.Trace.Add($"{this}'s disk refuses");
            _connection?.Break("the disk refuses");
        }

        return false;
    }

    /// <summary>Asks the server for KeyPackages of people, and gives them to the engine to check; null where somebody has none that is good.</summary>
    public void Claim(IReadOnlyList<SimulatedDevice> people, Action<ImmutableArray<ReadOnlyMemory<byte>>> claimed)
    {
        _connection?.Call<IReadOnlyList<IReadOnlyList<byte[]>>>(
            "claim",
            answer => answer([.. people.Select(person => _world.Server.Claim(person.Handle, MlsProfile.Suite))]),
            found =>
            {
                var all = ImmutableArray.CreateBuilder<ReadOnlyMemory<byte>>();
                for (int i = 0; i < people.Count; i++)
                {
                    int index = i;
                    ClientResult<ImmutableArray<ReadOnlyMemory<byte>>>? good = null;
                    Run(engine => good = engine.CheckKeyPackages(people[index].Handle, MlsProfile.Suite, found[index], Now));
                    if (good is not { Succeeded: true })
                        return;
                    all.AddRange(good.Value);
                }

                claimed(all.ToImmutable());
            });
    }

    /// <summary>Envelopes have come.</summary>
    public void Receive(LogId log, IReadOnlyList<Envelope> envelopes)
    {
        bool fits = true;
        if (Run(engine => fits = engine.Receive(log, envelopes, Now)) && !fits)
            _connection?.Break("the server misbehaved");
    }

    /// <summary>The connection is gone; another is tried later.</summary>
    public void Disconnected(Connection connection)
    {
        if (_connection != connection)
            return;
        _connection = null;
        Run(static engine => engine.ResetConnection());
        _world.Agenda.After(_delay.Take(), TryConnect);
    }

    public void SetReachable(bool isReachable)
    {
        IsReachable = isReachable;
        if (isReachable)
            Connect();
        else
            _connection?.Break("no network");
    }

    /// <summary>Ends the connection, as networks do.</summary>
    public void Reconnect() => _connection?.Break("a new network");

    /// <summary>Dies without a word, and comes up again from what is stored.</summary>
    public void Crash(Action? meanwhile = null)
    {
        if (Host is null)
            return;
        _world.Trace.Add($"{this} crashes");
        Stop();
        _world.Agenda.After(_world.Chance.Between(TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(2)), () =>
        {
            if (IsHostile || Host is not null)
                return;
            meanwhile?.Invoke();
            Host = Load();
            _world.Trace.Add($"{this} is up");
            _world.LookAgain(this);
            TryConnect();
        });
    }

    /// <summary>The client is no longer ours: from now on something else uses its keys.</summary>
    public void TurnHostile()
    {
        Stop();
        IsHostile = true;
    }

    public void Dispose() => Host?.Dispose();

    public override string ToString() => Handle.Value;

    private void Stop()
    {
        Connection? connection = _connection;
        _connection = null;
        Host?.Dispose();
        Host = null;
        connection?.Break("its device is gone");
    }

    private EngineHost Load() => new(_crypto, Store, ClientEngine.Load(_crypto, Store) ?? throw new InvalidOperationException("The account is in the store."));

    private void TryConnect()
    {
        if (Host is null || _connection is not null)
            return;
        if (!IsReachable)
            return;
        if (!_world.Server.IsUp)
        {
            _world.Agenda.After(_delay.Take(), TryConnect);
            return;
        }

        var connection = new Connection(_world, this);
        _connection = connection;
        _world.Server.Open(connection);
        _generation = Host.Generation;
        _world.Trace.Add($"{this} is connected");
        Run(static engine => engine.ResetConnection());
    }

    /// <summary>The engine may have something to ask of the server.</summary>
    private void Wake()
    {
        if (_isWorkDue || _connection is null)
            return;
        _isWorkDue = true;
        _world.Agenda.After(TimeSpan.Zero, Work);
    }

    private void Work()
    {
        _isWorkDue = false;
        if (_connection is not { } connection || Host is not { } host)
            return;
        if (host.Generation != _generation)
        {
            connection.Break("the disk had failed");
            return;
        }

        IReadOnlyList<EngineRequest> requests = [];
        DateTimeOffset? next = null;
        bool isDone = Run(
            engine =>
            {
                requests = engine.TakeRequests(Now);
                next = engine.NextTime(Now);
                if (engine.IsCaughtUp)
                    _delay.Reset();
            },
            wakes: false);
        if (!isDone)
            return;
        foreach (EngineRequest request in requests)
            Execute(connection, request);
        if (requests.Count > 0)
            Wake();
        else if (next is { } time)
            WakeAt(time);
    }

    /// <summary>Time alone may give the engine something to do. A time that is over and has given it nothing would have it asked again and again.</summary>
    private void WakeAt(DateTimeOffset time)
    {
        if (time <= Now)
            throw new SimulationFailureException("Rest", $"{this} waits for {time:O}, which is over, and has nothing to do");
        // A runner that does not wait for what is far off is a bug that is put in.
        if (_world.Options.Plant != Plant.ForgetsTheSchedule || time - Now < TimeSpan.FromHours(1))
            _world.Agenda.After(time - Now, Wake);
    }

    private void Execute(Connection connection, EngineRequest request)
    {
        switch (request)
        {
            case EngineRequest.Subscribe subscribe:
                connection.Call<SubscribeReply>(
                    $"subscribe {_world.NameOf(subscribe.Log)} after {subscribe.After}",
                    answer => _world.Server.Subscribe(connection, subscribe.Log, subscribe.After, answer),
                    reply =>
                    {
                        bool fits = true;
                        if (Run(engine => fits = engine.Subscribed(subscribe.Log, reply, Now)) && !fits)
                            connection.Break("the server misbehaved");
                    });
                break;
            case EngineRequest.Append append:
                Append(connection, append);
                break;
            case EngineRequest.CreateLog create:
                connection.Call<ErrorCode>(
                    "create",
                    answer => answer(_world.Server.CreateGroup(create.Conversation, Id)),
                    error => Run(engine => engine.LogCreated(create, error == ErrorCode.None ? ClientResult.Success : ClientResult.Refuse(ErrorText.Of(error)), Now)));
                break;
            case EngineRequest.CheckKeyPackages:
                KeepStock(connection, 0);
                break;
        }
    }

    private void Append(Connection connection, EngineRequest.Append append)
    {
        _world.Appends(this, append);
        connection.Call<AppendOutcome>(
            $"append {_world.NameOf(new LogId(append.Conversation))} #{append.Number} epoch {append.Message.Epoch} {Convert.ToHexStringLower(append.Message.Id.Span[..4])}",
            answer => _world.Server.Append(Id, append.Message, answer),
            outcome =>
            {
                _world.Trace.Add($"{this} hears {outcome.Error} for {Convert.ToHexStringLower(append.Message.Id.Span[..4])}");
                Run(engine => engine.Replied(append, new AppendReply(outcome.Error, ErrorText.Of(outcome.Error, outcome.RetryAfterMs).RetryAfter), Now));
            });
    }

    /// <summary>One round of <c>KeyPackageUpkeep</c>, suite by suite.</summary>
    private void KeepStock(Connection connection, int index)
    {
        if (index == MlsProfile.Suites.Length)
        {
            Run(engine => engine.StockAdded(Now));
            return;
        }

        CipherSuite suite = MlsProfile.Suites[index];
        connection.Call<(int Count, bool HasLastResort)>("stock", answer => answer(_world.Server.CountKeyPackages(Id, suite)), stock =>
        {
            IReadOnlyList<byte[]> wanted = [];
            if (!Run(engine => wanted = engine.StockKnown(suite, stock.Count, stock.HasLastResort, Now)))
                return;
            if (wanted.Count == 0)
                KeepStock(connection, index + 1);
            else
                connection.Call<ErrorCode>("add KeyPackages", answer => answer(_world.Server.AddKeyPackages(Id, wanted)), _ => KeepStock(connection, index + 1));
        });
    }
}

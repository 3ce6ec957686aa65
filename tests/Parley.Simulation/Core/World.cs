using System.Globalization;
using Parley.Client;
using Parley.Client.Engine;
using Parley.Client.Store;
using Parley.Contracts.Wire;
using Parley.Server.Log;
using Parley.Simulation.Checks;
using Parley.Simulation.Devices;
using Parley.Simulation.Faults;
using Parley.Simulation.Server;

namespace Parley.Simulation.Core;

/// <summary>
/// One run: a server, some devices, people who use them, and what goes wrong, all on one thread and one agenda. First people do what they
/// do and faults happen; then the world falls quiet, everything heals that heals, and what was promised must be true.
/// </summary>
internal sealed class World : IDisposable
{
    private const int PeopleMin = 2;

    // Longer than anything waits that is not on a schedule; and than the schedule by which leaves get new keys.
    private static readonly TimeSpan RestMin = TimeSpan.FromHours(1);
    private static readonly TimeSpan QuietWeek = MlsProfile.LeafUpdateInterval + TimeSpan.FromHours(1);

    // Far more than any run that comes to rest.
    private const int QuietStepsMax = 60_000;

    private readonly Dictionary<string, Said> _appended = [];
    private readonly Dictionary<ConversationId, string> _names = [];
    private readonly Dictionary<SimulatedDevice, Sight> _sights = [];
    private readonly List<SimulatedDevice> _touched = [];
    private readonly List<(int PerMille, Action Happens)> _often = [];
    private readonly IReadOnlyList<Checker> _checkers;
    private readonly Workload _workload;

    public World(SimulationOptions options)
    {
        Options = options;
        _checkers = [.. Checker.All().Where(checker => options.OnlyChecker is null || checker.GetType().Name == options.OnlyChecker)];
        Chance = Chance.Of(options.Seed, "world");
        Trace = new Trace(Agenda, options.Output);
        List<Person> people = [.. Genesis.All.Take(PeopleMin + Chance.Below(Genesis.All.Count - PeopleMin + 1))];
        Server = new SimulatedServer(this, people);
        Devices = [.. people.Select(person => new SimulatedDevice(this, person))];
        foreach (SimulatedDevice device in Devices)
            _sights.Add(device, new Sight(device));
        _workload = new Workload(this);
    }

    public SimulationOptions Options { get; }

    public Chance Chance { get; }

    public Agenda Agenda { get; } = new();

    public Trace Trace { get; }

    public SimulatedServer Server { get; }

    public IReadOnlyList<SimulatedDevice> Devices { get; }

    /// <summary>The devices on which our client runs, or will again.</summary>
    public IReadOnlyList<SimulatedDevice> Honest => [.. Devices.Where(static device => !device.IsHostile)];

    /// <summary>What people have written.</summary>
    public Dictionary<string, Said> Said { get; } = [];

    /// <summary>Which texts somebody has read on which device.</summary>
    public HashSet<(SimulatedDevice Device, string Text)> ReadBy { get; } = [];

    /// <summary>The texts that are on the server's disk.</summary>
    public HashSet<string> Durable { get; } = [];

    /// <summary>All entries that are on the server's disk.</summary>
    public List<byte[]> Entries { get; } = [];

    /// <summary>The ids of what no client of ours has made, and where it was sent.</summary>
    public Dictionary<string, ConversationId> Garbage { get; } = [];

    /// <summary>Of those the Commits that some members can follow and others not.</summary>
    public HashSet<string> Split { get; } = [];

    public IReadOnlyCollection<ConversationId> Conversations => _names.Keys;

    /// <summary>Whether nothing goes wrong any more.</summary>
    public bool IsQuiet { get; private set; }

    /// <summary>When the week began in which nobody does anything.</summary>
    public DateTimeOffset QuietSince { get; private set; }

    /// <summary>A fault in something that nobody waits for.</summary>
    public Exception? Fault { get; set; }

    public int Steps { get; private set; }

    /// <summary>Plays the whole run.</summary>
    /// <exception cref="SimulationFailureException">A promise was not kept.</exception>
    public void Run()
    {
        SynchronizationContext? before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(Agenda);
        try
        {
            foreach (SimulatedDevice device in Devices)
                device.Connect();
            foreach (Fault fault in Options.Faults)
                fault.Begin(this);
            _workload.Begin();
            while (!_workload.IsOver && Step())
            {
            }

            FallQuiet();
        }
        catch (Exception fault) when (fault is not SimulationFailureException)
        {
            throw new SimulationFailureException("Faultless", fault.ToString());
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    public Sight SightOf(SimulatedDevice device) => _sights[device];

    public string NameOf(LogId log)
    {
        if (log.Conversation is not { } id)
            return "inbox";
        if (!_names.TryGetValue(id, out string? name))
            _names.Add(id, name = string.Create(CultureInfo.InvariantCulture, $"c{_names.Count + 1}"));
        return name;
    }

    /// <summary>The conversations a device may write in.</summary>
    public IReadOnlyList<ConversationId> ConversationsOf(SimulatedDevice device) => device.Host is null
        ? []
        : [.. device.Host.Look(static engine => engine.ReadConversations()).Where(static c => c.State == MembershipState.Active).Select(static c => c.Id).OrderBy(id => NameOf(new LogId(id)), StringComparer.Ordinal)];

    /// <summary>Something may happen between any two things that people do.</summary>
    public void Often(int perMille, Action happens) => _often.Add((perMille, happens));

    /// <summary>Something happens once, somewhere in the middle.</summary>
    public void Once(Action happens) => _workload.Insert(happens);

    /// <summary>Time passes until everybody's keys are due, and then all write at once.</summary>
    public void Race() => _workload.Race();

    public void BetweenDeeds()
    {
        foreach ((int perMille, Action happens) in _often)
        {
            if (Chance.PerMille(perMille))
                happens();
        }
    }

    /// <summary>The device has taken an input.</summary>
    public void Touch(SimulatedDevice device)
    {
        if (!_touched.Contains(device))
            _touched.Add(device);
    }

    /// <summary>The device has come up: what it shows is read anew.</summary>
    public void LookAgain(SimulatedDevice device)
    {
        _sights[device].IsNew = true;
        Touch(device);
    }

    /// <summary>The device has become what it was some time ago: what it has shown since, it may forget, but not what is shown falsely.</summary>
    public void RolledBack(SimulatedDevice device)
    {
        Trace.Add($"{device} is restored from an old copy");
        _sights[device] = new Sight(device) { IsRolledBack = true };
        foreach (Said said in Said.Values.Where(said => said.By == device && !Durable.Contains(said.Text)))
            said.IsAccepted = false;
        foreach (Said said in Said.Values.Where(said => said.By == device && Durable.Contains(said.Text)))
            said.IsForgotten = true;
        foreach (Checker checker in _checkers)
            checker.Forget(this, device);
    }

    /// <summary>A client seals with a key.</summary>
    public void Sealed(SimulatedDevice device, ReadOnlySpan<byte> key, ReadOnlySpan<byte> ciphertext)
    {
        foreach (Checker checker in _checkers)
            checker.Sealed(device, key, ciphertext);
    }

    /// <summary>A device hands something to the server: under which id which text goes.</summary>
    public void Appends(SimulatedDevice device, EngineRequest.Append append)
    {
        IReadOnlyList<TimelineItem> items = device.Host?.Look(engine => engine.ReadTimeline(append.Conversation, 200, long.MaxValue)) ?? [];
        if (items.FirstOrDefault(item => item.Order == Sight.QueuedOrder + append.Number) is { Content: TimelineContent.Text text } && Said.TryGetValue(text.Body, out Said? said))
            _appended[Convert.ToHexStringLower(append.Message.Id.Span)] = said;
    }

    /// <summary>Which text an entry of a log holds, or null.</summary>
    public Said? TextOf(Envelope envelope) => _appended.GetValueOrDefault(Convert.ToHexStringLower(envelope.MessageId.Span));

    public void GarbageIs(ConversationId conversation, byte[] id, bool isSplit)
    {
        Garbage.Add(Convert.ToHexStringLower(id), conversation);
        if (isSplit)
            Split.Add(Convert.ToHexStringLower(id));
    }

    /// <summary>Whether a device was hit by a Commit that it, and perhaps nobody else, could not follow: what others said meanwhile it may not be able to read.</summary>
    public bool WasHit(SimulatedDevice device, ConversationId conversation) =>
        Split.Any(id => Garbage[id] == conversation) && SightOf(device).Whole.GetValueOrDefault(conversation, []).Any(static item => EverythingExplained.SaysBroken(item.Content));

    /// <summary>Whether a device was hit so, and most of the others are hostile: then nobody brings it back.</summary>
    public bool IsOutvoted(SimulatedDevice device, ConversationId conversation) =>
        WasHit(device, conversation) && Honest.Count(member => Server.IsMember(conversation, member.Id)) * 2 <= Server.CountMembers(conversation, device.Id) - 1;

    /// <summary>An entry is on the server's disk.</summary>
    public void Stored(NewEntry entry)
    {
        Entries.Add(entry.Envelope);
        if (_appended.TryGetValue(Convert.ToHexStringLower(entry.MessageId.ToArray()), out Said? said))
            Durable.Add(said.Text);
    }

    public FrameFate FateOfFrame() => First(fault => fault.OfFrame(Chance), FrameFate.Deliver);

    public WriteFate FateOfWrite(SimulatedDevice device, StoreBatch batch)
    {
        if (device.IsHostile)
            return WriteFate.Write;
        WriteFate fate = First(fault => fault.OfWrite(Chance, batch), WriteFate.Write);
        foreach (Checker checker in _checkers)
            checker.Wrote(device, isWritten: fate is WriteFate.Write or WriteFate.CrashAfter);
        return fate;
    }

    public FlushFate FateOfFlush(int count) => First(fault => fault.OfFlush(Chance, count), default);

    /// <summary>What a device is sent instead of a page.</summary>
    public IReadOnlyList<Envelope> Page(SimulatedDevice device, IReadOnlyList<Envelope> page)
    {
        if (device == Devices[^1])
            Plants.Spoil(Options.Plant, page);
        if (!IsQuiet)
        {
            foreach (Fault fault in Options.Faults)
            {
                if (page.Count > 0)
                    page = fault.OfPage(Chance, page);
            }
        }

        return page;
    }

    public void Dispose()
    {
        foreach (SimulatedDevice device in Devices)
            device.Dispose();
        Trace.Dispose();
    }

    private T First<T>(Func<Fault, T> ask, T nothing)
        where T : struct
    {
        if (IsQuiet)
            return nothing;
        foreach (Fault fault in Options.Faults)
        {
            T fate = ask(fault);
            if (!fate.Equals(nothing))
                return fate;
        }

        return nothing;
    }

    private bool Step() => Step(DateTimeOffset.MaxValue);

    private bool Step(DateTimeOffset until)
    {
        if (!Agenda.TryStep(until))
            return false;
        Steps++;
        if (Fault is { } fault)
            throw new SimulationFailureException("Faultless", fault.ToString());
        foreach (SimulatedDevice device in _touched)
        {
            foreach (Sighting sighting in _sights[device].Look())
            {
                foreach (Checker checker in _checkers)
                    checker.Sees(this, sighting);
            }
        }

        _touched.Clear();
        return true;
    }

    private void FallQuiet()
    {
        IsQuiet = true;
        Trace.Add("quiet");
        foreach (SimulatedDevice device in Honest)
            device.SetReachable(true);
        ComeToRest();

        // A conversation that rests until the next connection gets one.
        foreach (SimulatedDevice device in Honest)
            device.Reconnect();
        ComeToRest();

        // Nobody does anything for a week.
        QuietSince = Agenda.Now;
        Agenda.After(QuietWeek, static () => { });
        ComeToRest(QuietSince + QuietWeek);
        ComeToRest();
        foreach (SimulatedDevice device in Honest)
            _sights[device].LookAtAll();
        foreach (Checker checker in _checkers)
            checker.IsQuiet(this);
        Trace.Add("end");
    }

    /// <summary>Goes on until nothing happens within the hour, but what is on a schedule; or until a time.</summary>
    private void ComeToRest(DateTimeOffset? until = null)
    {
        int last = Steps + QuietStepsMax;
        while (Step(until ?? (Agenda.Now + RestMin)))
        {
            if (Steps > last)
                throw new SimulationFailureException("Rest", "the devices never come to rest");
        }
    }
}

/// <summary>A text that somebody wrote.</summary>
/// <param name="Text">The text; no two are the same.</param>
/// <param name="By">On which device.</param>
/// <param name="In">In which conversation.</param>
/// <param name="Number">The how manieth of the device's in the conversation.</param>
internal sealed record Said(string Text, SimulatedDevice By, ConversationId In, int Number)
{
    /// <summary>Whether the client has said that it has it. Where it died in between, it may have it or not.</summary>
    public bool IsAccepted { get; set; }

    /// <summary>Whether its writer's device may have forgotten that it was sent.</summary>
    public bool IsForgotten { get; set; }
}

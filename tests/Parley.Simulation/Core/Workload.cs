using System.Collections.Immutable;
using System.Globalization;
using Parley.Client;
using Parley.Client.Engine;
using Parley.Mls.Messages;
using Parley.Simulation.Devices;

namespace Parley.Simulation.Core;

/// <summary>What people do: they write, read, begin conversations, add and remove each other, rename groups, and leave.</summary>
internal sealed class Workload(World world)
{
    private static readonly TimeSpan KeysAreDue = TimeSpan.FromDays(8);

    private const int ReadItems = 20;

    private readonly Dictionary<int, Action> _inserted = [];
    private readonly Dictionary<(SimulatedDevice, ConversationId), int> _numbers = [];
    private int _done;
    private bool _isRaceDue;

    public bool IsOver { get; private set; }

    public void Begin() => world.Agenda.After(TimeSpan.FromSeconds(1), Go);

    public void Insert(Action happens) => _inserted[(world.Options.Deeds / 3) + world.Chance.Below(Math.Max(1, world.Options.Deeds / 3))] = happens;

    public void Race() => _isRaceDue = true;

    private void Go()
    {
        if (_done == world.Options.Deeds)
        {
            IsOver = true;
            return;
        }

        if (_inserted.Remove(_done, out Action? happens))
            happens();
        if (_done == 0)
            Start(world.Devices[0], ConversationKind.Group, [.. world.Devices.Skip(1)]);
        else if (world.Honest.Count > 0)
            Act(world.Chance.Pick(world.Honest));
        _done++;
        world.BetweenDeeds();
        if (_isRaceDue)
        {
            _isRaceDue = false;
            world.Agenda.After(KeysAreDue, () =>
            {
                foreach (SimulatedDevice device in world.Honest)
                    WriteSomewhere(device);
                Go();
            });
            return;
        }

        world.Agenda.After(Gap(), Go);
    }

    private TimeSpan Gap() => world.Chance.Below(100) switch
    {
        < 60 => world.Chance.Between(TimeSpan.Zero, TimeSpan.FromSeconds(3)),
        < 90 => world.Chance.Between(TimeSpan.Zero, TimeSpan.FromMinutes(10)),
        < 98 => world.Chance.Between(TimeSpan.Zero, TimeSpan.FromHours(5)),
        _ => world.Chance.Between(TimeSpan.Zero, TimeSpan.FromDays(10)),
    };

    private void Act(SimulatedDevice device)
    {
        switch (world.Chance.Below(100))
        {
            case < 58:
                WriteSomewhere(device);
                break;
            case < 72:
                Somewhere(device, conversation => Read(device, conversation));
                break;
            case < 76:
                Start(device, ConversationKind.Direct, [world.Chance.Pick(world.Devices)]);
                break;
            case < 79:
                Start(device, ConversationKind.Group, [.. world.Devices.Where(_ => world.Chance.PerMille(600))]);
                break;
            case < 85:
                Somewhere(device, conversation => Add(device, conversation, world.Chance.Pick(world.Devices)));
                break;
            case < 89:
                Somewhere(device, conversation => Do(device, conversation, "remove", engine => engine.Remove(conversation, world.Chance.Pick(world.Devices).Handle, device.Now)));
                break;
            case < 95:
                Somewhere(device, conversation => Do(device, conversation, "rename", engine => engine.Rename(conversation, string.Create(CultureInfo.InvariantCulture, $"name {_done}"), device.Now)));
                break;
            case < 97:
                Somewhere(device, conversation => Do(device, conversation, "leave", engine => engine.Leave(conversation, device.Now)));
                break;
            default:
                device.Reconnect();
                break;
        }
    }

    private void WriteSomewhere(SimulatedDevice device) => Somewhere(device, conversation =>
    {
        int count = world.Chance.PerMille(200) ? 1 + world.Chance.Below(4) : 1;
        for (int i = 0; i < count; i++)
            Write(device, conversation);
    });

    private void Somewhere(SimulatedDevice device, Action<ConversationId> act)
    {
        IReadOnlyList<ConversationId> conversations = world.ConversationsOf(device);
        if (conversations.Count > 0)
            act(world.Chance.Pick(conversations));
    }

    private void Write(SimulatedDevice device, ConversationId conversation)
    {
        int number = _numbers[(device, conversation)] = _numbers.GetValueOrDefault((device, conversation)) + 1;
        string text = string.Create(CultureInfo.InvariantCulture, $"{device} in {world.NameOf(new LogId(conversation))}: {number}");
        var said = new Said(text, device, conversation, number);
        world.Said.Add(text, said);
        ClientResult<MessageId>? result = null;
        bool isDone = device.Run(engine => result = engine.Send(conversation, new OutgoingMessage.Text(text), device.Now));
        said.IsAccepted = isDone && result is { Succeeded: true };
        world.Trace.Add($"{text}{(said.IsAccepted ? "" : " (refused)")}");
    }

    /// <summary>Somebody looks at the screen: all that is on it is read.</summary>
    private void Read(SimulatedDevice device, ConversationId conversation)
    {
        IReadOnlyList<TimelineItem> items = device.Host?.Look(engine => engine.ReadTimeline(conversation, ReadItems, Sight.QueuedOrder)) ?? [];
        if (items.Count == 0)
            return;
        world.Trace.Add($"{device}: read {world.NameOf(new LogId(conversation))} up to {items[^1].Order}");
        // Whatever becomes of the write: who has seen it has read it.
        foreach (TimelineItem item in device.Host?.Look(engine => engine.ReadTimeline(conversation, int.MaxValue, Sight.QueuedOrder)) ?? [])
        {
            if (item.Content is TimelineContent.Text text)
                world.ReadBy.Add((device, text.Body));
        }

        device.Run(engine => engine.MarkRead(conversation, items[^1].Order, device.Now));
    }

    private void Do<T>(SimulatedDevice device, ConversationId conversation, string what, Func<ClientEngine, T> act)
    {
        world.Trace.Add($"{device}: {what} {world.NameOf(new LogId(conversation))}");
        device.Run(engine => act(engine));
    }

    private void Start(SimulatedDevice device, ConversationKind kind, IReadOnlyList<SimulatedDevice> others)
    {
        List<SimulatedDevice> members = [.. others.Where(other => other != device)];
        if (members.Count == 0)
            return;
        device.Claim(members, keyPackages => device.Run(engine =>
        {
            (ConversationId id, _) = engine.Create(kind, kind == ConversationKind.Group ? "club" : members[0].Handle.Value, MlsProfile.Suite, keyPackages, device.Now);
            world.Trace.Add($"{device}: begin {world.NameOf(new LogId(id))} with {string.Join(' ', members)}");
        }));
    }

    private void Add(SimulatedDevice device, ConversationId conversation, SimulatedDevice other)
    {
        ClientResult<CipherSuite>? may = null;
        if (!device.Run(engine => may = engine.MayAdd(conversation, other.Handle)) || may is not { Succeeded: true })
            return;
        device.Claim([other], keyPackages => Do(device, conversation, $"add {other}", engine => engine.Add(conversation, keyPackages, device.Now)));
    }
}

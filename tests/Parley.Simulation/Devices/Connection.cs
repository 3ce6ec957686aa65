using Parley.Client.Engine;
using Parley.Simulation.Core;
using Parley.Simulation.Server;

namespace Parley.Simulation.Devices;

/// <summary>
/// One connection between a device and the server: frames take their time, in each direction in order unless a fault says otherwise. When it
/// breaks, both ends forget what was under way.
/// </summary>
internal sealed class Connection(World world, SimulatedDevice device)
{
    private static readonly TimeSpan LatencyMin = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LatencyMax = TimeSpan.FromMilliseconds(60);
    private static readonly TimeSpan SilenceMin = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(40);

    private DateTimeOffset _atServer;
    private DateTimeOffset _atClient;
    private bool _isSilent;

    public SimulatedDevice Device => device;

    public bool IsOpen { get; private set; } = true;

    /// <summary>What the server sends on this connection, and how far it is.</summary>
    public Dictionary<LogId, Position> Subscriptions { get; } = [];

    /// <summary>Asks the server something and does something with the answer.</summary>
    public void Call<T>(string what, Action<Action<T>> atServer, Action<T> atClient)
    {
        bool isAnswered = false;
        ToServer(what, () => atServer(reply => ToClient("reply to " + what, () =>
        {
            // As with the client's own session: an answer that was not asked for ends the connection.
            if (isAnswered)
            {
                Break("answered twice");
                return;
            }

            isAnswered = true;
            atClient(reply);
        })));
    }

    public void ToClient(string what, Action arrive) => Send($"{device} < {what}", ref _atClient, arrive);

    public void ToServer(string what, Action arrive) => Send($"{device} > {what}", ref _atServer, arrive);

    /// <summary>Ends the connection at both ends.</summary>
    public void Break(string why)
    {
        if (!IsOpen)
            return;
        IsOpen = false;
        world.Trace.Add($"{device} is disconnected: {why}");
        world.Server.Close(this);
        device.Disconnected(this);
    }

    private void Send(string what, ref DateTimeOffset last, Action arrive)
    {
        if (!IsOpen || _isSilent)
            return;
        FrameFate fate = world.FateOfFrame();
        DateTimeOffset arrival = world.Agenda.Now + world.Chance.Between(LatencyMin, LatencyMax);
        if (fate == FrameFate.Lose)
        {
            // A stream that has lost a frame has lost all behind it, and somebody notices in the end.
            world.Trace.Add($"{what} is lost");
            _isSilent = true;
            world.Agenda.After(world.Chance.Between(SilenceMin, SilenceMax), () => Break("silence"));
            return;
        }

        if (fate == FrameFate.Overtake)
            arrival += world.Chance.Between(LatencyMin, LatencyMax);
        else
            last = arrival = arrival < last ? last : arrival;
        world.Agenda.At(arrival, () => Arrive(what, arrive));
        if (fate == FrameFate.Twice)
            world.Agenda.At(arrival + world.Chance.Between(LatencyMin, LatencyMax), () => Arrive(what, arrive));
    }

    private void Arrive(string what, Action arrive)
    {
        if (!IsOpen)
            return;
        world.Trace.Add(what);
        arrive();
    }
}

/// <summary>What becomes of a frame.</summary>
internal enum FrameFate
{
    Deliver,
    Lose,
    Twice,
    Overtake,
}

using Microsoft.Extensions.Time.Testing;

namespace Parley.Client.Tests.Engine;

/// <summary>A server and its devices on one thread and one clock.</summary>
internal sealed class EngineFixture : IDisposable
{
    private readonly List<TestDevice> _devices = [];

    public EngineFixture()
    {
        Time = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        Server = new FakeServer(Time);
    }

    public FakeTimeProvider Time { get; }

    public FakeServer Server { get; }

    /// <summary>A new device with an account of its own, or with that of another, connected and known to the server.</summary>
    public TestDevice Join(string name, TestDevice? besides = null)
    {
        var device = new TestDevice(Server, Time, name, besides);
        _devices.Add(device);
        device.Connect();
        Settle();
        return device;
    }

    /// <summary>Lets the connected devices talk until nobody has anything to say now.</summary>
    public void Talk()
    {
        for (int round = 0; round < 1000; round++)
        {
            bool any = false;
            foreach (TestDevice device in _devices.Where(static device => device.IsConnected).ToList())
                any |= device.Send() | device.Receive();
            if (!any)
                return;
        }

        throw new InvalidOperationException("The devices never come to rest.");
    }

    /// <summary>Lets the connected devices talk until nobody has anything to say within the hour, waiting as long as they would.</summary>
    public void Settle()
    {
        for (int round = 0; round < 1000; round++)
        {
            Talk();
            DateTimeOffset? next = _devices.Where(static device => device.IsConnected).Select(device => device.Host.Look(engine => engine.NextTime(Time.GetUtcNow()))).Min();
            if (next is null || next > Time.GetUtcNow() + TimeSpan.FromHours(1))
                return;
            if (next > Time.GetUtcNow())
                Time.SetUtcNow(next.Value);
        }

        throw new InvalidOperationException("The devices never come to rest.");
    }

    /// <summary>Lets so much time pass, with all that happens in it.</summary>
    public void Pass(TimeSpan time)
    {
        DateTimeOffset end = Time.GetUtcNow() + time;
        while (true)
        {
            Talk();
            DateTimeOffset? next = _devices.Where(static device => device.IsConnected).Select(device => device.Host.Look(engine => engine.NextTime(Time.GetUtcNow()))).Min();
            if (next is null || next > end)
                break;
            Time.SetUtcNow(next > Time.GetUtcNow() ? next.Value : Time.GetUtcNow());
        }

        Time.SetUtcNow(end);
        Talk();
    }

    public void Dispose() => _devices.ForEach(static device => device.Dispose());
}

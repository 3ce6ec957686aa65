using Microsoft.Extensions.Time.Testing;

namespace Parley.Simulation.Core;

/// <summary>What is to happen, in the order of time and, at one time, in the order in which it was planned. The clock stands still while anything happens.</summary>
internal sealed class Agenda : SynchronizationContext
{
    private readonly PriorityQueue<Action, (long Ticks, long Number)> _plan = new();
    private long _number;

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    public DateTimeOffset Now => Time.GetUtcNow();

    public void At(DateTimeOffset time, Action action) => _plan.Enqueue(action, ((time < Now ? Now : time).UtcTicks, _number++));

    public void After(TimeSpan delay, Action action) => At(Now + delay, action);

    /// <summary>What comes after an await is planned like everything else: otherwise several that wait for one thing would go on on other threads.</summary>
    public override void Post(SendOrPostCallback d, object? state) => After(TimeSpan.Zero, () => d(state));

    /// <summary>Lets the next thing happen, if it is planned for no later than the time given. False if there is nothing.</summary>
    public bool TryStep(DateTimeOffset until)
    {
        if (!_plan.TryPeek(out Action? action, out (long Ticks, long Number) when) || when.Ticks > until.UtcTicks)
            return false;
        _plan.Dequeue();
        Time.SetUtcNow(new DateTimeOffset(when.Ticks, TimeSpan.Zero));
        action();
        return true;
    }
}

namespace Parley.Server.Tests;

/// <summary>The system's clock, set forward and back by a test as an administrator or a time server sets it: what is measured is not changed by that.</summary>
internal sealed class SteppedClock : TimeProvider
{
    private long _offsetTicks;

    public void Step(TimeSpan by) => Interlocked.Add(ref _offsetTicks, by.Ticks);

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _offsetTicks));
}

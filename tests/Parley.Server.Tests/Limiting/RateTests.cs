using Microsoft.Extensions.Time.Testing;
using Parley.Server.Limiting;

namespace Parley.Server.Tests.Limiting;

public sealed class RateTests
{
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);

    [Fact]
    public void A_burst_is_given_and_then_no_more_than_the_rate()
    {
        var rate = new Rate(PerSecond: 2, Burst: 10);
        double bucket = 0;
        for (int i = 0; i < 10; i++)
            Assert.Null(rate.Take(ref bucket, now: 100));
        Assert.Equal(0.5, rate.Take(ref bucket, now: 100)!.Value.TotalSeconds, precision: 3);
        Assert.Null(rate.Take(ref bucket, now: 100.5));
        Assert.NotNull(rate.Take(ref bucket, now: 100.5));

        // Rest fills the bucket again, and no further.
        for (int i = 0; i < 10; i++)
            Assert.Null(rate.Take(ref bucket, now: 1000));
        Assert.NotNull(rate.Take(ref bucket, now: 1000));
    }

    [Fact]
    public void More_than_the_bucket_holds_is_given_when_it_is_full_and_paid_off()
    {
        var rate = new Rate(PerSecond: 1, Burst: 10);
        double bucket = 0;
        Assert.Null(rate.Take(ref bucket, now: 100, amount: 25));
        Assert.Equal(16, rate.Take(ref bucket, now: 100, amount: 1)!.Value.TotalSeconds, precision: 3);
        Assert.Null(rate.Take(ref bucket, now: 116.1, amount: 1));
    }

    [Fact]
    public void What_was_refused_is_given_when_it_was_said_to_be()
    {
        var limit = new RateLimit("test", new Rate(PerSecond: 3, Burst: 1), _clock);
        for (int i = 0; i < 1000; i++)
        {
            if (limit.Take("key") is { } wait)
                _clock.Advance(wait);
            else if (limit.Take("key") is null)
                Assert.Fail("There was one, and then another at once.");
        }
    }

    [Fact]
    public void What_is_missing_by_less_than_a_timer_can_wait_is_waited_for()
    {
        var rate = new Rate(PerSecond: 1, Burst: 1);
        double bucket = 0;
        Assert.Null(rate.Take(ref bucket, now: 100));
        Assert.Equal(TimeSpan.FromMilliseconds(1), rate.Take(ref bucket, now: 100.9999));
        Assert.Null(rate.Take(ref bucket, now: 101));
    }

    [Fact]
    public void Setting_the_clock_changes_nothing()
    {
        var clock = new SteppedClock();
        var limit = new RateLimit("test", new Rate(PerSecond: 1.0 / 3600, Burst: 1), clock);
        Assert.Null(limit.Take("key"));
        foreach (int hours in new[] { 1, -2, 1 })
        {
            clock.Step(TimeSpan.FromHours(hours));
            Assert.NotNull(limit.Take("key"));
        }
    }

    [Fact]
    public void An_attack_from_many_addresses_takes_no_more_memory_and_refuses_few_others()
    {
        var limit = new RateLimit("test", new Rate(PerSecond: 0.01, Burst: 5), _clock);
        _ = limit.Take(-1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int attacker = 0; attacker < 1000; attacker++)
        {
            for (int i = 0; i < 20; i++)
                _ = limit.Take(attacker);
        }

        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 64 * 1024, "A key costs memory.");
        Assert.True(Enumerable.Range(0, 1000).Count(attacker => limit.Take(attacker) is null) < 20, "Attackers are let through.");
        Assert.True(Enumerable.Range(1_000_000, 1000).Count(other => limit.Take(other) is not null) < 50, "Others pay for the attack.");
    }
}

using Parley.Client.Tests.Engine;
using Parley.Client.Transport;

namespace Parley.Client.Tests.Transport;

public sealed class RetryDelayTests
{
    [Fact]
    public void Each_delay_is_a_random_part_of_twice_the_last_up_to_a_minute()
    {
        var delay = new RetryDelay(TestDevice.Crypto);
        foreach (double seconds in (double[])[0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60])
            Assert.InRange(delay.Take().TotalSeconds, seconds / 2, seconds);
        delay.Reset();
        Assert.InRange(delay.Take().TotalSeconds, 0.25, 0.5);
        Assert.InRange(RetryDelay.After(TestDevice.Crypto, int.MaxValue).TotalSeconds, 30, 60);
        Assert.True(Enumerable.Range(0, 20).Select(static _ => RetryDelay.After(TestDevice.Crypto, 5)).Distinct().Count() > 10);
    }
}

using Parley.Client;
using Parley.Terminal.Text;

namespace Parley.Terminal.Tests.Text;

public sealed class HealingTextTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 9, 15, 0, TimeSpan.Zero);

    [Fact]
    public void What_a_thief_of_yesterday_could_read_ends_where_the_device_has_healed_since() => Assert.Equal(
        [
            "This device last gave itself new keys here on 23 November 2026, 06:15.",
            "It does so again by 30 November 2026, 06:15, if it is online then.",
            "Whoever copied its state yesterday could read what was sent here until 23 November 2026, 06:15, and nothing since.",
            "What was stored on the device when it was copied can be read too; “parley lock” protects that.",
        ],
        HealingText.Of(new Healing(Now.AddHours(-3), Now.AddHours(-3).AddDays(7)), Now, TimeZoneInfo.Utc));

    [Fact]
    public void Where_it_has_not_healed_since_it_ends_when_it_does()
    {
        string sentence = "Whoever copied its state yesterday can read what is sent here until this device has new keys, by 26 November 2026, 09:15.";
        Assert.Contains(sentence, HealingText.Of(new Healing(Now.AddDays(-4), Now.AddDays(3)), Now, TimeZoneInfo.Utc));
        Assert.Contains(sentence, HealingText.Of(new Healing(null, Now.AddDays(3)), Now, TimeZoneInfo.Utc));
        Assert.Contains("This device has not given itself new keys here since it came in.", HealingText.Of(new Healing(null, Now.AddDays(3)), Now, TimeZoneInfo.Utc));
    }
}

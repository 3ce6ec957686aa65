using System.Collections.Immutable;
using System.Globalization;
using Parley.Client;

namespace Parley.Terminal.Text;

/// <summary>In words what a thief of this device's state could read.</summary>
internal static class HealingText
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    /// <summary>A few sentences, one a line.</summary>
    public static ImmutableArray<string> Of(Healing healing, DateTimeOffset now, TimeZoneInfo zone)
    {
        string healed = healing.HealedAt is { } at
            ? $"This device last gave itself new keys here on {Words(at, zone)}."
            : "This device has not given itself new keys here since it came in.";
        string next = $"It does so again by {Words(healing.HealsBy, zone)}, if it is online then.";
        DateTimeOffset until = healing.ReadableUntil(now - Day);
        string stolen = until <= now
            ? $"Whoever copied its state yesterday could read what was sent here until {Words(until, zone)}, and nothing since."
            : $"Whoever copied its state yesterday can read what is sent here until this device has new keys, by {Words(until, zone)}.";
        return [healed, next, stolen, "What was stored on the device when it was copied can be read too; “parley lock” protects that."];
    }

    private static string Words(DateTimeOffset time, TimeZoneInfo zone) => TimeZoneInfo.ConvertTime(time, zone).ToString("d MMMM yyyy, HH:mm", CultureInfo.InvariantCulture);
}

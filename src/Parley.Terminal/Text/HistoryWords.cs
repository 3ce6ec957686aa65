using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Parley.Client;

namespace Parley.Terminal.Text;

/// <summary>How a group's history policy is written and read.</summary>
internal static class HistoryWords
{
    /// <summary>What can be written.</summary>
    public const string Usage = "Write none, invitation, all, or a number of days.";

    /// <summary>Reads a policy.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out HistoryPolicy? policy)
    {
        policy = text.ToLowerInvariant() switch
        {
            "none" => HistoryPolicy.None,
            "invitation" => new HistoryPolicy(HistoryPolicyKind.FromInvitation),
            "all" => new HistoryPolicy(HistoryPolicyKind.All),
            var days => int.TryParse(days, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? new HistoryPolicy(HistoryPolicyKind.LastDays, number) : null,
        };
        policy = policy is { IsValid: true } ? policy : null;
        return policy is not null;
    }

    /// <summary>A policy in a sentence.</summary>
    public static string Describe(HistoryPolicy policy) => policy.Kind switch
    {
        HistoryPolicyKind.None => "People who are added are shown nothing of what was said before.",
        HistoryPolicyKind.FromInvitation => "People who are added are shown what was said since they were invited.",
        HistoryPolicyKind.LastDays => $"People who are added are shown what was said in the {(policy.Days == 1 ? "day" : $"{policy.Days} days")} before.",
        HistoryPolicyKind.All => "People who are added are shown all that was said before.",
        _ => throw new ArgumentOutOfRangeException(nameof(policy)),
    };

    /// <summary>How far the handing over of history has got; empty if nothing is under way.</summary>
    public static string Describe(IReadOnlyCollection<HistoryProgress> progress)
    {
        if (progress.Count == 0)
            return "";
        bool isHere = progress.Any(static one => one.To is null);
        var shown = progress.Where(one => one.To is null == isHere).ToList();
        long total = shown.Sum(static one => one.Total);
        string count = total == 0 ? "waiting for another device" : $"{Plural.Grouped(shown.Sum(static one => one.Done))} of {Plural.Grouped(total)} messages";
        return isHere ? $"History: {count}." : $"Handing history over: {count}.";
    }
}

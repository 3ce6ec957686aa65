namespace Parley.Client;

/// <summary>What is handed over, of what was said before, to people who are added to a group. One's own devices are always handed everything.</summary>
/// <param name="Kind">Which messages.</param>
/// <param name="Days">For <see cref="HistoryPolicyKind.LastDays"/>: of how many days before they came; otherwise 0.</param>
public sealed record HistoryPolicy(HistoryPolicyKind Kind, int Days = 0)
{
    /// <summary>The most days that can be chosen; whoever wants more chooses everything.</summary>
    public const int DaysMax = 3650;

    /// <summary>Nothing.</summary>
    public static readonly HistoryPolicy None = new(HistoryPolicyKind.None);

    /// <summary>Whether it is one that can be chosen.</summary>
    public bool IsValid => Enum.IsDefined(Kind) && (Kind == HistoryPolicyKind.LastDays ? Days is > 0 and <= DaysMax : Days == 0);
}

/// <summary>Which messages are handed over.</summary>
public enum HistoryPolicyKind
{
    /// <summary>None.</summary>
    None,

    /// <summary>Those since somebody asked for them to be added, which may be long before it could be done.</summary>
    FromInvitation,

    /// <summary>Those of the last days before they came.</summary>
    LastDays,

    /// <summary>All that whoever hands over has.</summary>
    All,
}

namespace Parley.Bench.Server;

/// <summary>How large the works are.</summary>
/// <param name="GroupMembers">Members of the group in which one sends.</param>
/// <param name="Pairs">Conversations of two.</param>
/// <param name="SignInsAtOnce">Devices that come online at the same time.</param>
/// <param name="IdleConnections">Connections that are silent.</param>
/// <param name="CatchUpEntries">Entries of the log that one client reads.</param>
/// <param name="StoredMessages">Messages whose size on disk is measured.</param>
/// <param name="SilentSeconds">How long the server's memory must stay the same before it is read.</param>
internal sealed record BenchSizes(int GroupMembers, int Pairs, int SignInsAtOnce, int IdleConnections, int CatchUpEntries, int StoredMessages, int SilentSeconds)
{
    /// <summary>What each message carries, in MLS framing.</summary>
    public const int PayloadBytes = 300;

    public static BenchSizes Full { get; } = new(GroupMembers: 100, Pairs: 500, SignInsAtOnce: 64, IdleConnections: 10_000, CatchUpEntries: 10_000, StoredMessages: 50_000, SilentSeconds: 3);

    /// <summary>To see that everything works.</summary>
    public static BenchSizes Quick { get; } = new(GroupMembers: 10, Pairs: 5, SignInsAtOnce: 4, IdleConnections: 20, CatchUpEntries: 200, StoredMessages: 200, SilentSeconds: 1);
}

namespace Parley.Server.Limiting;

/// <summary>When what was refused may be tried again.</summary>
internal static class RetryAfter
{
    private static readonly TimeSpan Store = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Connection = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Load = TimeSpan.FromSeconds(10);

    /// <summary>Where the code alone tells. Null if waiting does not help, or nobody knows how long.</summary>
    public static TimeSpan? Of(ErrorCode code) => code switch
    {
        ErrorCode.StoreUnavailable => Store,
        ErrorCode.TooManyConnections => Connection,
        ErrorCode.Overloaded => Load,
        _ => null,
    };

    /// <summary>As it travels: at least one.</summary>
    public static uint Milliseconds(TimeSpan wait) => (uint)Math.Clamp(Math.Ceiling(wait.TotalMilliseconds), 1, int.MaxValue);
}

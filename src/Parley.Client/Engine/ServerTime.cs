namespace Parley.Client.Engine;

/// <summary>A server's clock is shown to users and used for nothing else; one that is far ahead is taken for the device's own time.</summary>
internal static class ServerTime
{
    private static readonly TimeSpan AheadMax = TimeSpan.FromDays(1);

    /// <summary>A time that the server has stamped.</summary>
    public static DateTimeOffset Read(ulong unixMilliseconds, DateTimeOffset now)
    {
        ulong latest = (ulong)(now + AheadMax).ToUnixTimeMilliseconds();
        return unixMilliseconds <= latest ? DateTimeOffset.FromUnixTimeMilliseconds((long)unixMilliseconds) : now;
    }
}

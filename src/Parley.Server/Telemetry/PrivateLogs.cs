using Parley.Server.Sessions;

namespace Parley.Server.Telemetry;

/// <summary>
/// What is logged, whatever a configuration says. The framework's own logs name the paths of requests, in which handles, group ids and
/// invites stand, so nothing below a warning is taken from it. Ours name nobody at any level.
/// </summary>
internal static class PrivateLogs
{
    private static readonly string[] OrleansWithoutGrains = ["Orleans.Runtime.MembershipService", "Orleans.Runtime.Silo"];

    public static void AddPrivateLogs(this IServiceCollection services, LogLevel level) => services.PostConfigure<LoggerFilterOptions>(filters =>
    {
        filters.MinLevel = LogLevel.Warning;
        filters.Rules.Clear();
        filters.Rules.Add(new LoggerFilterRule(null, "Npgsql", LogLevel.None, null));

        // Orleans names a grain by its key, in which a group's id stands. Which nodes there are, and how they do, it tells without.
        filters.Rules.Add(new LoggerFilterRule(null, "Orleans", LogLevel.None, null));
        foreach (string category in OrleansWithoutGrains)
            filters.Rules.Add(new LoggerFilterRule(null, category, LogLevel.Error, null));
        filters.Rules.Add(new LoggerFilterRule(null, "Parley", level, null));

        // It has only failures to tell that we tell ourselves, and keeps for each request under way, as long as a connection is one, what
        // it would tell of it.
        filters.Rules.Add(new LoggerFilterRule(null, "Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None, null));

        // The framework logs in this category, too.
        filters.Rules.Add(new LoggerFilterRule(null, typeof(TokenAuthentication).FullName, LogLevel.Warning, null));
    });
}

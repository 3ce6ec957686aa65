namespace Parley.Server.Limiting;

/// <summary>All limits on how often something may be done, by the numbers of <see cref="ServerLimits"/>.</summary>
internal sealed class RateLimits(ServerLimits limits, TimeProvider clock)
{
    private const int RequestBurstSeconds = 4;
    private const int AppendBurstSeconds = 20;

    // A Commit with its Welcome must fit.
    private const int ByteBurstSeconds = 32;
    private const int GroupBurstSeconds = 16;
    private const int FrameBurstSeconds = 10;

    // A pong is owed for each ping; nobody needs to ask more often.
    private const int ControlFramesPerSecond = 10;

    public RateLimit Requests { get; } = new("requests", PerSecond(limits.RequestsPerSecond, RequestBurstSeconds), clock);

    public RateLimit SignUps { get; } = new("sign_ups", PerHour(limits.SignUpsPerHour), clock);

    public RateLimit SignIns { get; } = new("sign_ins", PerMinute(limits.SignInsPerMinute), clock);

    public RateLimit Sessions { get; } = new("sessions", PerMinute(limits.SessionsPerMinute), clock);

    public RateLimit Invites { get; } = new("invites", PerHour(limits.InvitesPerHour), clock);

    public RateLimit KeyPackages { get; } = new("key_packages", PerHour(limits.KeyPackagesPerHour), clock);

    public RateLimit Claims { get; } = new("claims", PerHour(limits.ClaimsPerHour), clock);

    public RateLimit ClaimsOfPerson { get; } = new("claims_of_person", PerHour(limits.ClaimsPerPersonPerHour), clock);

    public RateLimit Links { get; } = new("links", PerHour(limits.LinksPerHour), clock);

    public RateLimit LinkReads { get; } = new("link_reads", PerMinute(limits.LinkReadsPerMinute), clock);

    public RateLimit LinkAnswers { get; } = new("link_answers", PerHour(limits.LinkAnswersPerHour), clock);

    public RateLimit Groups { get; } = new("groups", PerHour(limits.GroupsPerHour), clock);

    public RateLimit Appends { get; } = new("appends", PerSecond(limits.AppendsPerSecond, AppendBurstSeconds), clock);

    public RateLimit AppendBytes { get; } = new("append_bytes", PerSecond(limits.AppendKilobytesPerSecond * 1024.0, ByteBurstSeconds), clock);

    public RateLimit GroupAppends { get; } = new("group_appends", PerSecond(limits.GroupAppendsPerSecond, GroupBurstSeconds), clock);

    public RateLimit GroupBytes { get; } = new("group_bytes", PerSecond(limits.GroupKilobytesPerSecond * 1024.0, GroupBurstSeconds), clock);

    /// <summary>For each connection.</summary>
    public Rate Frames { get; } = PerSecond(limits.FramesPerSecond, FrameBurstSeconds);

    /// <summary>For each connection: how fast it is answered by frames of WebSocket's own.</summary>
    public Rate ControlFrames { get; } = PerSecond(ControlFramesPerSecond, FrameBurstSeconds);

    private static Rate PerSecond(double count, int burstSeconds) => new(count, count * burstSeconds);

    private static Rate PerMinute(double count) => new(count / 60, count);

    private static Rate PerHour(double count) => new(count / 3600, count);
}

using System.Runtime.CompilerServices;
using System.Text.Json;
using Parley.Server.Hosting;

namespace Parley.Server.Limiting;

/// <summary>
/// What one address, account, connection or group may take from a server, and what all of them may together. What a message may be at
/// most is part of the protocol and stands in <see cref="Contracts.Limits"/>. Each of these can be set in the environment, and each has
/// a row in docs/operating.md. A node counts for itself, so that several allow several times as much.
/// </summary>
internal sealed record ServerLimits
{
    private const string EnvironmentPrefix = "PARLEY_";
    private const int SettingMax = 1_000_000_000;

    /// <summary>HTTP requests, for each address.</summary>
    public int RequestsPerSecond { get; init; } = 50;

    /// <summary>Attempts to make an account, for each address.</summary>
    public int SignUpsPerHour { get; init; } = 120;

    /// <summary>Attempts to sign in, for each address.</summary>
    public int SignInsPerMinute { get; init; } = 300;

    /// <summary>Connections of each address.</summary>
    public int ConnectionsPerAddress { get; init; } = 1_000;

    /// <summary>Sign-ins of each device. Only a right answer to a challenge counts, so that nobody can use up another's.</summary>
    public int SessionsPerMinute { get; init; } = 120;

    /// <summary>WebSockets of each account.</summary>
    public int ConnectionsPerAccount { get; init; } = 64;

    /// <summary>Invites made, for each account.</summary>
    public int InvitesPerHour { get; init; } = 60;

    /// <summary>KeyPackages uploaded, for each account.</summary>
    public int KeyPackagesPerHour { get; init; } = 2_000;

    /// <summary>How often an account may take KeyPackages of others.</summary>
    public int ClaimsPerHour { get; init; } = 2_000;

    /// <summary>How often an account may take KeyPackages of the same person: nobody can use up another's alone.</summary>
    public int ClaimsPerPersonPerHour { get; init; } = 60;

    /// <summary>New devices that ask to be linked, for each address.</summary>
    public int LinksPerHour { get; init; } = 60;

    /// <summary>Requests about a link by its code without signing in, for each address: a device that waits asks twice a second.</summary>
    public int LinkReadsPerMinute { get; init; } = 600;

    /// <summary>Linking codes tried, for each account.</summary>
    public int LinkAnswersPerHour { get; init; } = 60;

    /// <summary>Group logs made, for each account.</summary>
    public int GroupsPerHour { get; init; } = 500;

    /// <summary>Messages appended, for each account.</summary>
    public int AppendsPerSecond { get; init; } = 50;

    /// <summary>Their bytes.</summary>
    public int AppendKilobytesPerSecond { get; init; } = 1_024;

    /// <summary>Messages appended to each group by all its members.</summary>
    public int GroupAppendsPerSecond { get; init; } = 500;

    /// <summary>Their bytes.</summary>
    public int GroupKilobytesPerSecond { get; init; } = 4_096;

    /// <summary>Frames read from each WebSocket. It is read no faster, and nothing is refused.</summary>
    public int FramesPerSecond { get; init; } = 2_000;

    /// <summary>Connections of all addresses.</summary>
    public int Connections { get; init; } = 20_000;

    /// <summary>Connections that have not signed in, of all addresses: a flood of them leaves room for people.</summary>
    public int AnonymousConnections { get; init; } = 4_000;

    /// <summary>Seconds after which a WebSocket must have signed in.</summary>
    public int HelloSeconds { get; init; } = 10;

    /// <summary>Seconds that a large frame may take, and one more for each 4 KiB of it that have come.</summary>
    public int FrameSeconds { get; init; } = 30;

    /// <summary>Seconds between pings, and again until a peer that does not answer is disconnected.</summary>
    public int PingSeconds { get; init; } = 30;

    /// <summary>What waits to be sent on all connections.</summary>
    public int QueueMegabytes { get; init; } = 256;

    /// <summary>Large frames that have come in part, on all connections.</summary>
    public int FrameMegabytes { get; init; } = 128;

    /// <summary>The limits, as far as the environment does not set others.</summary>
    /// <exception cref="StartupException">A setting is wrong; the message says which and why.</exception>
    public static ServerLimits Parse(Func<string, string?> environment)
    {
        var standard = new ServerLimits();
        return new ServerLimits
        {
            RequestsPerSecond = Read(standard.RequestsPerSecond),
            SignUpsPerHour = Read(standard.SignUpsPerHour),
            SignInsPerMinute = Read(standard.SignInsPerMinute),
            ConnectionsPerAddress = Read(standard.ConnectionsPerAddress),
            SessionsPerMinute = Read(standard.SessionsPerMinute),
            ConnectionsPerAccount = Read(standard.ConnectionsPerAccount),
            InvitesPerHour = Read(standard.InvitesPerHour),
            KeyPackagesPerHour = Read(standard.KeyPackagesPerHour),
            ClaimsPerHour = Read(standard.ClaimsPerHour),
            ClaimsPerPersonPerHour = Read(standard.ClaimsPerPersonPerHour),
            LinksPerHour = Read(standard.LinksPerHour),
            LinkReadsPerMinute = Read(standard.LinkReadsPerMinute),
            LinkAnswersPerHour = Read(standard.LinkAnswersPerHour),
            GroupsPerHour = Read(standard.GroupsPerHour),
            AppendsPerSecond = Read(standard.AppendsPerSecond),
            AppendKilobytesPerSecond = Read(standard.AppendKilobytesPerSecond),
            GroupAppendsPerSecond = Read(standard.GroupAppendsPerSecond),
            GroupKilobytesPerSecond = Read(standard.GroupKilobytesPerSecond),
            FramesPerSecond = Read(standard.FramesPerSecond),
            Connections = Read(standard.Connections),
            AnonymousConnections = Read(standard.AnonymousConnections),
            HelloSeconds = Read(standard.HelloSeconds),
            FrameSeconds = Read(standard.FrameSeconds),
            PingSeconds = Read(standard.PingSeconds),
            QueueMegabytes = Read(standard.QueueMegabytes),
            FrameMegabytes = Read(standard.FrameMegabytes),
        };

        int Read(int standardValue, [CallerArgumentExpression(nameof(standardValue))] string property = "")
        {
            string name = EnvironmentPrefix + JsonNamingPolicy.SnakeCaseUpper.ConvertName(property[(property.IndexOf('.') + 1)..]);
            if (environment(name) is not { } text)
                return standardValue;
            return int.TryParse(text, out int value) && value is > 0 and <= SettingMax
                ? value
                : throw new StartupException(ExitCode.WrongSetting, $"{name} '{text}' cannot be used: it must be a number from 1 to {SettingMax}.");
        }
    }
}

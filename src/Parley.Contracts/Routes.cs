using System.Globalization;
using Parley.Contracts.Resources;

namespace Parley.Contracts;

/// <summary>
/// The HTTP resources, relative to the server's address. All speak JSON; a refusal is a <see cref="Refusal"/>. Signed in is a request that shows the
/// token which a device was given when it signed in on the WebSocket.
/// </summary>
public static class Routes
{
    /// <summary>GET: <see cref="ServerInfo"/>. No sign-in.</summary>
    public const string Server = "/api/v1/server";

    /// <summary>GET: is the process up. No sign-in.</summary>
    public const string HealthLive = "/health/live";

    /// <summary>GET: can it take and store messages. No sign-in.</summary>
    public const string HealthReady = "/health/ready";

    /// <summary>POST <see cref="NewInvite"/>: <see cref="Invite"/>. Signed in.</summary>
    public const string Invites = "/api/v1/invites";

    /// <summary>GET: <see cref="InviteState"/>. No sign-in.</summary>
    public const string InviteByCode = "/api/v1/invites/{code}";

    /// <summary>POST <see cref="NewAccount"/>: <see cref="Account"/>. No sign-in: the invite is the permission. Retrying with the same bytes succeeds.</summary>
    public const string Accounts = "/api/v1/accounts";

    /// <summary>GET: <see cref="Account"/>. Signed in.</summary>
    public const string AccountByHandle = "/api/v1/accounts/{handle}";

    /// <summary>POST <see cref="NewDevice"/>: no body, adds a device to the calling device's account. Retrying with the same bytes succeeds. Signed in.</summary>
    public const string Devices = "/api/v1/devices";

    /// <summary>DELETE: no body, takes a device out of the calling device's account for ever. Retrying succeeds. Signed in.</summary>
    public const string DeviceById = "/api/v1/devices/{device}";

    /// <summary>POST <see cref="NewLink"/>: <see cref="Link"/>. No sign-in: the device has no account yet.</summary>
    public const string Links = "/api/v1/links";

    /// <summary>GET: <see cref="LinkState"/>. No sign-in: whoever has the code may read, and learns no secret from it.</summary>
    public const string LinkByCode = "/api/v1/links/{code}";

    /// <summary>PUT <see cref="LinkMessage"/>: no body. The existing device answers; the first account to do so has the link. Signed in.</summary>
    public const string LinkAnswer = "/api/v1/links/{code}/answer";

    /// <summary>PUT <see cref="LinkReveal"/>: no body. The new device shows what it had committed to. No sign-in: the link's secret is the permission.</summary>
    public const string LinkReveal = "/api/v1/links/{code}/reveal";

    /// <summary>PUT <see cref="LinkMessage"/>: no body. The existing device hands over, or says with an empty message that it will not. Signed in.</summary>
    public const string LinkHandover = "/api/v1/links/{code}/handover";

    /// <summary>
    /// POST, <see cref="OfSuite"/>: <see cref="ClaimedKeyPackages"/>, one KeyPackage of the suite for each device of the account, each handed out
    /// once. Signed in.
    /// </summary>
    public const string AccountKeyPackages = "/api/v1/accounts/{handle}/key-packages";

    /// <summary>POST <see cref="NewKeyPackages"/>: no body; GET, <see cref="OfSuite"/>: <see cref="KeyPackageStock"/>. Signed in, for the calling device.</summary>
    public const string KeyPackages = "/api/v1/key-packages";

    /// <summary>PUT (no body): makes an empty log for this hexadecimal group id, with the calling device as its only member. Retrying succeeds. Signed in.</summary>
    public const string GroupById = "/api/v1/groups/{group}";

    /// <summary>The WebSocket of <c>parley.proto</c>, on which a device signs in.</summary>
    public const string Socket = "/api/v1/socket";

    /// <summary>What an invite link points to: <c>http(s)://server/i/CODE</c>, a page for people who open it in a browser.</summary>
    public const string InvitePage = "/i/{code}";

    /// <summary>A resource that there is for each MLS cipher suite, for one of them.</summary>
    public static string OfSuite(string route, ushort suite) => string.Create(CultureInfo.InvariantCulture, $"{route}?suite={suite}");
}

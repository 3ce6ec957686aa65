using System.Globalization;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Parley.Contracts.Identity;
using Parley.Server.Accounts;

namespace Parley.Server.Sessions;

/// <summary>Knows the calling device by its access token.</summary>
internal sealed class TokenAuthentication(
    AccessTokens tokens, IAccountStore accounts, IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    public const string SchemeName = "Bearer";

    private const string Prefix = "Bearer ";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        string? header = Request.Headers.Authorization;
        if (header is null || !header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            return AuthenticateResult.NoResult();
        if (tokens.Read(header[Prefix.Length..].Trim()) is not { } device || await accounts.FindDeviceAsync(device) is not { } registered)
            return AuthenticateResult.Fail("No such device, or no longer.");
        Claim[] claims = [new(ClaimTypes.NameIdentifier, device.ToString()), new(CallingDevice.AccountClaim, registered.Account.ToString(CultureInfo.InvariantCulture))];
        var identity = new ClaimsIdentity(claims, SchemeName);
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), SchemeName));
    }
}

/// <summary>Adding the scheme, and reading the calling device back.</summary>
internal static class CallingDevice
{
    public const string AccountClaim = "account";

    /// <summary>Only the core of ASP.NET's authentication: the rest keeps key files, for cookies that we do not have.</summary>
    public static void AddTokenAuthentication(this IServiceCollection services)
    {
        services.AddWebEncoders();
        services.AddTransient<TokenAuthentication>();
        services.AddAuthenticationCore(authentication =>
        {
            authentication.AddScheme<TokenAuthentication>(TokenAuthentication.SchemeName, null);
            authentication.DefaultScheme = TokenAuthentication.SchemeName;
        });
        services.AddAuthorization();
    }

    /// <summary>The device that has signed in. Only for endpoints that require it.</summary>
    public static DeviceId Device(this ClaimsPrincipal user)
    {
        string? name = user.FindFirstValue(ClaimTypes.NameIdentifier);
        return name is not null && DeviceId.TryParse(name, out DeviceId device)
            ? device
            : throw new InvalidOperationException("The endpoint does not require a token.");
    }

    /// <summary>The number of the account that has signed in. Only for endpoints that require it.</summary>
    public static long Account(this ClaimsPrincipal user) =>
        long.TryParse(user.FindFirstValue(AccountClaim), CultureInfo.InvariantCulture, out long account)
            ? account
            : throw new InvalidOperationException("The endpoint does not require a token.");
}

using Parley.Contracts;
using Parley.Server.Invites;
using Parley.Server.Storage;

namespace Parley.Server.Hosting;

/// <summary>Who the server is to its clients.</summary>
/// <param name="Name">Stands in every device certificate, so it is settled at the first start and never changes.</param>
/// <param name="PublicUrl">The address that links begin with, without a slash at the end.</param>
internal sealed record ServerIdentity(string Name, string PublicUrl)
{
    private const string NameSetting = "server_name";
    private const string PublicUrlSetting = "public_url";

    /// <summary>The link of an invite.</summary>
    public string InviteLink(InviteCode code) => PublicUrl + Routes.InvitePage.Replace("{code}", code.Text);

    /// <summary>Whether the text can stand in certificates: printable ASCII without spaces.</summary>
    public static bool IsValidName(string name) => name.Length is > 0 and <= Limits.ServerNameCharsMax && name.All(c => c is > ' ' and <= '~');

    /// <summary>Settles the name at the first start; later only repeats it.</summary>
    /// <exception cref="StartupException">Another name is asked for than the one that stands in the certificates.</exception>
    public static async Task<ServerIdentity> SettleAsync(IDatabase database, ServerOptions options)
    {
        string settled = await Settings.SettleAsync(database, NameSetting, options.Name ?? new Uri(options.PublicUrl).Authority);
        if (options.Name is not null && options.Name != settled)
        {
            throw new StartupException(
                ExitCode.WrongSetting,
                $"This data folder belongs to the server named '{settled}', and the name stands in its members' certificates. Start it without --name, or with --name {settled}.");
        }

        await database.WriteAsync(session => session.Execute(
            "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE settings.value <> excluded.value",
            PublicUrlSetting, options.PublicUrl));
        return new ServerIdentity(settled, options.PublicUrl);
    }

    /// <summary>The identity settled before. Null if the server has never been started.</summary>
    public static async Task<ServerIdentity?> FindAsync(IDatabase database) =>
        await Settings.FindAsync(database, NameSetting) is { } name && await Settings.FindAsync(database, PublicUrlSetting) is { } publicUrl ? new ServerIdentity(name, publicUrl) : null;
}

using System.Web;
using Npgsql;

namespace Parley.Server.Hosting;

/// <summary>
/// <c>postgresql://user:password@host:port/database?sslmode=require</c>, the form that every PostgreSQL tool knows. With
/// <c>?host=/var/run/postgresql</c> in place of a host it is reached by the machine's own socket.
/// </summary>
internal static class PostgresAddress
{
    private const string Expected = "it must look like postgresql://user:password@host:5432/database";

    /// <exception cref="StartupException">The address is wrong. The message does not repeat it: there is a password in it.</exception>
    public static NpgsqlConnectionStringBuilder Parse(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("postgres" or "postgresql"))
            throw Wrong(Expected);
        string[] user = uri.UserInfo.Split(':', 2);
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = uri.Host,
            Port = uri.Port > 0 ? uri.Port : NpgsqlConnection.DefaultPort,
            Database = Uri.UnescapeDataString(uri.AbsolutePath.TrimStart('/')),
            Username = user[0].Length > 0 ? Uri.UnescapeDataString(user[0]) : null,
            Password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : null,
        };
        System.Collections.Specialized.NameValueCollection query = HttpUtility.ParseQueryString(uri.Query);
        foreach (string? name in query.AllKeys)
            Set(settings, name, query[name]);
        return settings is { Host.Length: > 0, Database.Length: > 0 } ? settings : throw Wrong(Expected);
    }

    private static void Set(NpgsqlConnectionStringBuilder settings, string? name, string? value)
    {
        switch (name)
        {
            case "host":
                settings.Host = value;
                break;
            case "sslmode" when Enum.TryParse(value?.Replace("-", "", StringComparison.Ordinal), ignoreCase: true, out SslMode mode):
                settings.SslMode = mode;
                break;
            case "sslrootcert":
                settings.RootCertificate = value;
                break;
            default:
                throw Wrong($"'{name}={value}' is not understood; sslmode, sslrootcert and host are");
        }
    }

    private static StartupException Wrong(string why) => new(ExitCode.WrongSetting, $"--database cannot be used: {why}.");
}

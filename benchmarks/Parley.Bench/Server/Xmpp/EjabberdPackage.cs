using System.Globalization;
using Parley.Bench.Server.Systems;

namespace Parley.Bench.Server.Xmpp;

/// <summary>The Debian package, and how its program is configured.</summary>
internal static class EjabberdPackage
{
    /// <summary>The statements that make its tables in PostgreSQL. In SQLite it makes them itself.</summary>
    public const string PostgresTables = "/usr/share/ejabberd/sql/pg.sql";

    // Debian asks this program whether an installed service may be started.
    private const string ServicePolicy = "/usr/sbin/policy-rc.d";

    private static readonly string[] Packages = ["ejabberd", "erlang-p1-sqlite3", "erlang-p1-pgsql"];

    /// <summary>The program's folder, <c>ejabberd-VERSION</c>. Installs the packages where they are missing, without starting the service they bring.</summary>
    public static async Task<DirectoryInfo> EnsureAsync(CancellationToken cancellationToken)
    {
        if (Find() is { } installed)
            return installed;
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
            throw new InvalidOperationException($"ejabberd is not installed. On Debian: apt-get install {string.Join(' ', Packages)}; then stop the service that it starts.");
        Console.Error.WriteLine("Installing ejabberd ...");
        bool hasPolicy = File.Exists(ServicePolicy);
        if (!hasPolicy)
        {
            await File.WriteAllTextAsync(ServicePolicy, "#!/bin/sh\nexit 101\n", cancellationToken);
            File.SetUnixFileMode(ServicePolicy, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        try
        {
            await Tool.RunAsync("apt-get", ["update", "-qq"], cancellationToken);
            await Tool.RunAsync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", .. Packages], cancellationToken);
        }
        finally
        {
            if (!hasPolicy)
                File.Delete(ServicePolicy);
        }

        return Find() ?? throw new InvalidOperationException("ejabberd was installed, but is not where Debian puts it.");
    }

    /// <summary>
    /// Nothing that slows it down: no TLS, no limits, passwords stored as they are, none of the modules that a client would miss first.
    /// What is archived is what Parley stores: every message, in rooms and between two.
    /// </summary>
    public static string Configuration(int clients, int api, string store) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        loglevel: warning
        hosts: [localhost]
        {store}
        default_db: sql
        auth_method: sql
        auth_password_format: plain
        listen:
          - port: {clients}
            ip: "127.0.0.1"
            module: ejabberd_c2s
            shaper: none
            access: all
            backlog: 4096
          - port: {api}
            ip: "127.0.0.1"
            module: ejabberd_http
            request_handlers:
              /api: mod_http_api
        api_permissions:
          loopback:
            who:
              ip: 127.0.0.1/8
            what: [register]
        shaper_rules:
          max_user_sessions: infinity
        modules:
          mod_admin_extra: []
          mod_disco: []
          mod_http_api: []
          mod_mam:
            default: always
          mod_muc:
            history_size: 0
            max_users: 1000
            default_room_options:
              mam: true
              persistent: true
          mod_roster: []

        """);

    private static DirectoryInfo? Find() => new DirectoryInfo("/usr/lib") is { Exists: true } libraries
        ? libraries.EnumerateDirectories().SelectMany(Below).FirstOrDefault(folder => File.Exists(Path.Combine(folder.FullName, "ebin", "ejabberd.app")))
        : null;

    // /usr/lib/x86_64-linux-gnu/ejabberd-23.01-1
    private static DirectoryInfo[] Below(DirectoryInfo folder) => folder.Name.EndsWith("-linux-gnu", StringComparison.Ordinal) ? folder.GetDirectories("ejabberd-*") : [];
}

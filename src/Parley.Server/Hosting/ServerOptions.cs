using System.Net;
using Parley.Server.Clustering;
using Parley.Server.Limiting;

namespace Parley.Server.Hosting;

/// <summary>How a server is run, checked.</summary>
/// <param name="Listen">Where it listens.</param>
/// <param name="Store">Where everything it keeps is.</param>
/// <param name="PublicUrl">The address that links begin with.</param>
/// <param name="Name">The server's name, if one was asked for.</param>
internal sealed record ServerOptions(IPEndPoint Listen, StoreSettings Store, string PublicUrl, string? Name)
{
    public const string DefaultListen = "http://127.0.0.1:8787";

    private const string EnvironmentPrefix = "PARLEY_";

    /// <summary>What its clients may take from it.</summary>
    public ServerLimits Limits { get; init; } = new();

    /// <summary>How much of its own doings it logs.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>Who may say, in <c>X-Forwarded-For</c>, which address a request comes from. Nobody, unless the operator says so.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>How it is a node of a cluster; null if it is none.</summary>
    public ClusterSettings? Cluster { get; init; }

    /// <summary>Whether its address begins with https.</summary>
    public bool IsHttps { get; init; }

    /// <summary>Its own certificate; null if it speaks plain HTTP.</summary>
    public TlsSettings? Tls { get; init; }

    /// <summary>Where Prometheus reads the metrics; nowhere if null.</summary>
    public IPEndPoint? MetricsListen { get; init; }

    /// <summary>Whether the address is a proxy's.</summary>
    public bool IsTrustedProxy(IPAddress address)
    {
        IPAddress plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return TrustedProxies.Any(network => network.Contains(plain));
    }

    /// <summary>Checks the settings as they were typed. What was not typed is taken from <c>PARLEY_LISTEN</c> and so on.</summary>
    /// <exception cref="StartupException">A setting is wrong; the message says which and why.</exception>
    public static ServerOptions Parse(string? listen, string? data, string? database, string? publicUrl, string? name, string? metricsListen, Func<string, string?> environment)
    {
        (IPEndPoint endpoint, bool isHttps) = ParseListen("--listen", listen ?? environment(EnvironmentPrefix + "LISTEN") ?? DefaultListen);
        metricsListen ??= environment(EnvironmentPrefix + "METRICS_LISTEN");
        name ??= environment(EnvironmentPrefix + "NAME");
        if (name is not null && !ServerIdentity.IsValidName(name))
            throw Wrong("--name", name, "a name is printable ASCII without spaces, such as chat.example.org");
        return new ServerOptions(
            endpoint,
            ParseStore(data, database, environment),
            ParsePublicUrl(publicUrl ?? environment(EnvironmentPrefix + "PUBLIC_URL") ?? OwnUrl(endpoint, isHttps)),
            name)
        {
            Limits = ServerLimits.Parse(environment),
            LogLevel = ParseLogLevel(environment(EnvironmentPrefix + "LOG_LEVEL")),
            TrustedProxies = ParseProxies(environment(EnvironmentPrefix + "TRUSTED_PROXIES")),
            IsHttps = isHttps,
            MetricsListen = metricsListen is null ? null : ParseMetricsListen(metricsListen),
        };
    }

    /// <summary>The store: as typed, else <c>PARLEY_DATABASE</c> and <c>PARLEY_DATA</c>, else a folder of the user's own.</summary>
    /// <exception cref="StartupException">A setting is wrong; the message says which and why.</exception>
    public static StoreSettings ParseStore(string? data, string? database, Func<string, string?> environment)
    {
        // What was typed on the command line says more than the environment.
        database ??= data is null ? environment(EnvironmentPrefix + "DATABASE") : null;
        if (database is not null && data is not null)
            throw new StartupException(ExitCode.WrongSetting, "--data and --database cannot be used together: the server keeps everything in one of them.");
        return new StoreSettings(ParseData(data, environment), database is null ? null : PostgresAddress.Parse(database));
    }

    private static string ParseData(string? data, Func<string, string?> environment)
    {
        data ??= environment(EnvironmentPrefix + "DATA") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "parley-server");
        return data.Length > 0 ? Path.GetFullPath(data) : throw Wrong("--data", data, "it must name a folder");
    }

    private static IPEndPoint ParseMetricsListen(string text)
    {
        const string Setting = "--metrics-listen";
        (IPEndPoint endpoint, bool isHttps) = ParseListen(Setting, text);
        return isHttps ? throw Wrong(Setting, text, "metrics are for this machine or a network of its own, and served by http://") : endpoint;
    }

    private static (IPEndPoint Endpoint, bool IsHttps) ParseListen(string setting, string text)
    {
        const string Expected = "it must look like http://127.0.0.1:8787, with an IP address or localhost";
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) || uri.AbsolutePath != "/" || uri.Query.Length > 0)
            throw Wrong(setting, text, Expected);
        bool isHttps = uri.Scheme == Uri.UriSchemeHttps;
        if (!isHttps && uri.Scheme != Uri.UriSchemeHttp)
            throw Wrong(setting, text, Expected);
        if (uri.Host == "localhost")
            return (new IPEndPoint(IPAddress.Loopback, uri.Port), isHttps);
        return IPAddress.TryParse(uri.Host, out IPAddress? address) ? (new IPEndPoint(address, uri.Port), isHttps) : throw Wrong(setting, text, Expected);
    }

    /// <summary>Where nothing better is known: the address itself, or the machine's name if that is all addresses.</summary>
    private static string OwnUrl(IPEndPoint endpoint, bool isHttps)
    {
        bool isAll = endpoint.Address.Equals(IPAddress.Any) || endpoint.Address.Equals(IPAddress.IPv6Any);
        return $"{(isHttps ? "https" : "http")}://{(isAll ? $"{Environment.MachineName.ToLowerInvariant()}:{endpoint.Port}" : endpoint.ToString())}";
    }

    private static string ParsePublicUrl(string text)
    {
        bool valid = Uri.TryCreate(text, UriKind.Absolute, out Uri? uri)
            && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
            && uri.AbsolutePath == "/" && uri.Query.Length == 0 && uri.Fragment.Length == 0 && uri.UserInfo.Length == 0;
        return valid ? uri!.GetLeftPart(UriPartial.Authority) : throw Wrong("--public-url", text, "it must look like https://chat.example.org"); // Not null: valid.
    }

    private static LogLevel ParseLogLevel(string? text)
    {
        if (text is null)
            return LogLevel.Information;
        return Enum.TryParse(text, ignoreCase: true, out LogLevel level) && Enum.IsDefined(level)
            ? level
            : throw Wrong("PARLEY_LOG_LEVEL", text, "it must be Trace, Debug, Information, Warning, Error or None");
    }

    private static List<IPNetwork> ParseProxies(string? text)
    {
        var proxies = new List<IPNetwork>();
        foreach (string part in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (IPNetwork.TryParse(part, out IPNetwork network))
                proxies.Add(network);
            else if (IPAddress.TryParse(part, out IPAddress? address))
                proxies.Add(new IPNetwork(address, address.GetAddressBytes().Length * 8));
            else
                throw Wrong("PARLEY_TRUSTED_PROXIES", text!, "it must be addresses or networks, such as 127.0.0.1,10.0.0.0/8"); // Not null: it has a part.
        }

        return proxies;
    }

    private static StartupException Wrong(string setting, string value, string why) => new(ExitCode.WrongSetting, $"{setting} '{value}' cannot be used: {why}.");
}

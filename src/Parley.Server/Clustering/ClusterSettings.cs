using System.Net;
using Parley.Server.Hosting;

namespace Parley.Server.Clustering;

/// <summary>That a server is a node of a cluster, and where the other nodes find it.</summary>
/// <param name="Listen">Where it listens for them.</param>
/// <param name="Address">Where they reach it, and its name among them.</param>
internal sealed record ClusterSettings(IPEndPoint Listen, IPEndPoint Address)
{
    private const string ListenOption = "--cluster-listen";
    private const string AddressOption = "--cluster-address";

    /// <summary>Checks the settings as they were typed, or else <c>PARLEY_CLUSTER_LISTEN</c> and <c>PARLEY_CLUSTER_ADDRESS</c>. Null: no cluster.</summary>
    /// <exception cref="StartupException">A setting is wrong; the message says which and why.</exception>
    public static ClusterSettings? Parse(string? listen, string? address, Func<string, string?> environment)
    {
        listen ??= environment("PARLEY_CLUSTER_LISTEN");
        address ??= environment("PARLEY_CLUSTER_ADDRESS");
        if (listen is null)
            return address is null ? null : throw new StartupException(ExitCode.WrongSetting, $"{AddressOption} is for a node of a cluster, which has {ListenOption} too.");
        IPEndPoint endpoint = ParseEndpoint(ListenOption, listen);
        IPEndPoint reached = address is null ? endpoint : ParseEndpoint(AddressOption, address);
        return reached.Address.Equals(IPAddress.Any) || reached.Address.Equals(IPAddress.IPv6Any)
            ? throw new StartupException(ExitCode.WrongSetting, $"{reached} means all of the machine's addresses. Say with {AddressOption} which of them the other nodes reach.")
            : new ClusterSettings(endpoint, reached);
    }

    private static IPEndPoint ParseEndpoint(string option, string text) => IPEndPoint.TryParse(text, out IPEndPoint? endpoint) && endpoint.Port > 0
        ? endpoint
        : throw new StartupException(ExitCode.WrongSetting, $"{option} '{text}' cannot be used: it must be an IP address and a port, such as 10.0.0.1:7946.");
}

using System.Collections.Immutable;

namespace Parley.Tasks;

/// <summary>One part of the tests: a test project, or the namespaces of one. Fast parts stand first.</summary>
internal sealed record TestPart(string Name, string Project, string About)
{
    public static readonly ImmutableArray<TestPart> All =
    [
        new("repository", "Repository.Tests", "the repository's own rules"),
        new("messages", "Parley.Mls.Messages.Tests", "the wire format of MLS"),
        new("mls", "Parley.Mls.Tests", "the MLS protocol") { Excluded = ["Parley.Mls.Tests.Vectors", "Parley.Mls.Tests.Crypto"] },
        new("vectors", "Parley.Mls.Tests", "published test vectors, from PARLEY_VECTORS or ../shared/vectors")
        {
            Included = ["Parley.Mls.Tests.Vectors", "Parley.Mls.Tests.Crypto"],
            ShowsRemarks = true,
        },
        new("interop", "Parley.Interop.Tests", "groups with members of other MLS implementations, and the working group's scenarios") { ShowsRemarks = true },
        new("package", "Parley.Package.Tests", "the NuGet packages of the MLS library, and the sample that uses them"),
        new("server", "Parley.Server.Tests", "the server: storage, sign-in, logs, sockets"),
        new("client", "Parley.Client.Tests", "the client core: engine, outbox, timeline, identity"),
        new("simulation", "Parley.Simulation", "clients, server and network on one thread by seed, and what goes wrong; random seeds for a minute") { ShowsRemarks = true },
        new("terminal", "Parley.Terminal.Tests", "the terminal client's screens and commands"),
        new("e2e", "Parley.EndToEnd.Tests", "real processes: a server, three clients, one of them in a pseudo-terminal"),
        new("nightly", "Parley.Server.Tests", "the server's faults at length, for an hour or so; only where it is named") { Included = ["Parley.Server.Tests.Faults"], IsNightly = true },
        new("nightly-store", "Parley.Client.Tests", "the client's store at length: killed 200 times; only where it is named") { Included = ["Parley.Client.Tests.Store"], IsNightly = true },
        new("seeds", "Parley.Simulation", "random seeds of the simulation for an hour; only where it is named") { Included = ["Parley.Simulation.Tests"], ShowsRemarks = true, IsNightly = true },
    ];

    /// <summary>Namespaces this part is made of, with those below them; empty: the whole project.</summary>
    public ImmutableArray<string> Included { get; init; } = [];

    /// <summary>Namespaces that are another part's.</summary>
    public ImmutableArray<string> Excluded { get; init; } = [];

    /// <summary>Is what its tests have to say shown, too? Each vector file tells how many of its cases were run.</summary>
    public bool ShowsRemarks { get; init; }

    /// <summary>Are its tests told to take their time? Such a part is run only where it is named; in short, its tests are in another part.</summary>
    public bool IsNightly { get; init; }

    /// <summary>Does the part drive a program in a pseudo-terminal?</summary>
    public bool NeedsTmux => Name == "e2e";

    /// <summary>Does the part start a PostgreSQL server of its own?</summary>
    public bool NeedsPostgres => Project == "Parley.Server.Tests";

    /// <summary>Does the part drive ts-mls, an npm package?</summary>
    public bool NeedsTsMls => Name == "interop";

    /// <summary>Does the part compile a program ahead of time?</summary>
    public bool NeedsLinker => Name == "package";

    /// <summary>The filter in the words of the xunit.v3 runner.</summary>
    public IEnumerable<string> Filter =>
        Included.SelectMany(name => new[] { "-namespace", name, "-namespace", name + ".*" })
            .Concat(Excluded.SelectMany(name => new[] { "-namespace-", name, "-namespace-", name + ".*" }));

    /// <summary>
    /// The named parts in the order of <see cref="All"/>; where none is named, all but the nightly ones. False names the first unknown one.
    /// </summary>
    public static bool TrySelect(IReadOnlyCollection<string> names, out IReadOnlyList<TestPart> selected, out string? unknown)
    {
        unknown = names.FirstOrDefault(name => All.All(part => part.Name != name));
        selected = unknown is not null ? [] : [.. All.Where(part => names.Count == 0 ? !part.IsNightly : names.Contains(part.Name))];
        return unknown is null;
    }
}

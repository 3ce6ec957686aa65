namespace Parley.Tasks;

/// <summary>Where things stand in the checkout.</summary>
internal sealed record Repository(string Root)
{
    /// <summary>The configuration of every build here: what is tested is what people run.</summary>
    public const string Configuration = "release";

    public string Results => Path.Combine(Root, "artifacts", "test-results");

    /// <summary>Its date is that of the last build of everything; build/setup.sh makes it, too.</summary>
    public string BuiltStamp => Path.Combine(Root, "artifacts", "built");

    public string TestProject(string name) => Path.Combine(Root, "tests", name);

    public string TestAssembly(string name) => Path.Combine(Root, "artifacts", "bin", name, Configuration, name + ".dll");

    /// <summary>The checkout this program was built in.</summary>
    public static Repository Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Parley.slnx")))
                return new Repository(folder.FullName);
        }

        throw new InvalidOperationException("This program must stay in the repository it was built in: no Parley.slnx above it.");
    }
}

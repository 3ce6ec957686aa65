namespace Repository.Tests;

/// <summary>A file that belongs to the repository. Paths are relative to its root and use slashes.</summary>
public sealed record RepositoryFile(string Path, string Text)
{
    public string Name => Path[(Path.LastIndexOf('/') + 1)..];

    public string Folder => Path.Contains('/') ? Path[..Path.LastIndexOf('/')] : "";

    public IReadOnlyList<string> Lines => field ??= Text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');

    public bool Is(params string[] extensions) => extensions.Any(extension => Path.EndsWith(extension, StringComparison.Ordinal));

    public bool IsIn(string folder) => Path.StartsWith(folder + "/", StringComparison.Ordinal);

    /// <summary>A finding in this file, as a person or an editor can follow it.</summary>
    public string At(int lineIndex, string what) => $"{Path}:{lineIndex + 1} {what}";
}

/// <summary>The files of this checkout: everything but what .gitignore keeps out, which is the same few folders on every machine.</summary>
public static class Checkout
{
    private static readonly string[] IgnoredFolders = [".git", "artifacts", ".dotnet", ".tools", ".vs", ".idea", "node_modules", "bin", "obj"];

    public static string Root { get; } = FindRoot();

    public static IReadOnlyList<RepositoryFile> Files { get; } =
        [.. Paths(Root).Order(StringComparer.Ordinal).Select(path => new RepositoryFile(System.IO.Path.GetRelativePath(Root, path).Replace('\\', '/'), File.ReadAllText(path)))];

    public static IEnumerable<RepositoryFile> Code => Files.Where(file => file.Is(".cs"));

    public static IEnumerable<RepositoryFile> Projects => Files.Where(file => file.Is(".csproj"));

    public static RepositoryFile Single(string path) => Files.Single(file => file.Path == path);

    private static IEnumerable<string> Paths(string folder)
    {
        foreach (string path in Directory.EnumerateFiles(folder))
        {
            if (!path.EndsWith(".user", StringComparison.Ordinal) && System.IO.Path.GetFileName(path) != ".git")
                yield return path;
        }

        foreach (string inner in Directory.EnumerateDirectories(folder))
        {
            string name = System.IO.Path.GetFileName(inner);
            if (IgnoredFolders.Contains(name) || name.StartsWith(".parley", StringComparison.Ordinal))
                continue;
            foreach (string path in Paths(inner))
                yield return path;
        }
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "Parley.slnx")))
                return folder.FullName;
        }

        throw new InvalidOperationException("The repository's own tests run inside a checkout.");
    }
}

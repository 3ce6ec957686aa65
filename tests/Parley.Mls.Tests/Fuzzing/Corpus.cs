namespace Parley.Mls.Tests.Fuzzing;

/// <summary>
/// The inputs that are kept for a target: <c>fuzzing/corpus/TARGET.txt</c>, one a line in base64, shortest first. An input that once broke
/// something stays as a line.
/// </summary>
public static class Corpus
{
    /// <summary>The checkout this program was built in.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The kept inputs of a target.</summary>
    public static IEnumerable<byte[]> Read(string target) => File.ReadLines(FileOf(target)).Select(Convert.FromBase64String);

    /// <summary>Replaces the kept inputs of a target.</summary>
    public static void Write(string target, IEnumerable<byte[]> inputs) => File.WriteAllLines(
        FileOf(target),
        inputs.Select(Convert.ToBase64String).Distinct().OrderBy(static line => line.Length).ThenBy(static line => line, StringComparer.Ordinal));

    private static string FileOf(string target) => Path.Combine(Repository, "fuzzing", "corpus", target + ".txt");

    private static string FindRepository()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Parley.slnx")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The corpora stay in the checkout.");
    }
}

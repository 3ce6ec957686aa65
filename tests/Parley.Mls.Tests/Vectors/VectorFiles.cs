using System.Globalization;
using System.IO.Compression;
using System.Text.Json;

namespace Parley.Mls.Tests.Vectors;

/// <summary>
/// Runs files of public test vectors, which are not part of the repository: every file of a kind, whatever its number, so that more
/// can be dropped in. Each file ends with one line that says how much of it was covered and why the rest was not. Without the folder
/// a test is skipped, and says where to get it.
/// </summary>
public static class VectorFiles
{
    private const string FolderVariable = "PARLEY_VECTORS";
    private const int FailuresShownMax = 5;

    private const string HowToGetThem =
        "No test vectors: set " + FolderVariable + ", or fill ../shared/vectors beside the repository, with the folders mls and "
        + "mls-passive-interop (github.com/mlswg/mls-implementations: test-vectors, interop/passive), hpke "
        + "(github.com/cfrg/draft-irtf-cfrg-hpke: test-vectors.json as vectors_rfc9180.json), xwing (github.com/dconnolly/draft-connolly-cfrg-xwing-kem: spec/test-vectors.json as xwing-kem.json) and wycheproof (github.com/C2SP/wycheproof: testvectors_v1).";

    private static readonly Lazy<string?> Root = new(FindRoot);

    /// <summary>Runs every case of every file whose root is an array of cases.</summary>
    /// <param name="folder">The folder under the root, such as <c>mls</c>.</param>
    /// <param name="kind">What the file's name begins with.</param>
    /// <param name="runCase">Asserts a case; returns null, or why the case does not apply here.</param>
    public static void RunAll(string folder, string kind, Func<JsonElement, string?> runCase) =>
        RunAll(folder, kind, root => root.EnumerateArray(), runCase);

    /// <summary>Runs every case of every file, with the cases found by <paramref name="casesOf"/>.</summary>
    public static void RunAll<T>(string folder, string kind, Func<JsonElement, IEnumerable<T>> casesOf, Func<T, string?> runCase)
    {
        string[] paths = Find(folder, kind);
        Assert.SkipWhen(paths.Length == 0, $"No file {folder}/{kind}*.json among the test vectors.");
        var failures = new List<string>();
        foreach (string path in paths)
        {
            using JsonDocument document = Read(path);
            Run(Path.GetFileName(path), casesOf(document.RootElement), runCase, failures);
        }

        if (failures.Count > 0)
            Assert.Fail($"{failures.Count} cases failed:\n{string.Join('\n', failures.Take(FailuresShownMax))}");
    }

    /// <summary>The files of a folder whose names begin with none of these.</summary>
    public static IReadOnlyList<string> OfOtherKinds(string folder, IReadOnlyCollection<string> kinds) =>
        [.. Find(folder, "").Select(static path => Path.GetFileName(path)).Where(file => !kinds.Any(kind => file.StartsWith(kind, StringComparison.Ordinal)))];

    /// <summary>To the test's record and to the console, where a run of the suite shows it.</summary>
    public static void Report(string line)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(line);
        Console.Out.WriteLine(line);
    }

    private static void Run<T>(string file, IEnumerable<T> cases, Func<T, string?> runCase, List<string> failures)
    {
        int count = 0;
        int failed = 0;
        var skipped = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (T vector in cases)
        {
            try
            {
                if (runCase(vector) is { } reason)
                    skipped[reason] = skipped.GetValueOrDefault(reason) + 1;
            }
            catch (Exception exception)
            {
                // Whatever went wrong in one case, the others still run and are counted.
                failed++;
                failures.Add($"{file}, case {count}: {exception.Message}\n{exception.StackTrace}");
            }

            count++;
        }

        int skips = skipped.Values.Sum();
        string reasons = skips == 0 ? "" : $" ({string.Join("; ", skipped.Select(pair => $"{pair.Key}: {pair.Value}"))})";
        Report(string.Create(
            CultureInfo.InvariantCulture, $"{file}: {count} cases, {count - failed - skips} passed, {failed} failed, {skips} skipped{reasons}"));
        if (count == 0)
            failures.Add($"{file} holds no case.");
    }

    private static string[] Find(string folder, string kind)
    {
        Assert.SkipWhen(Root.Value is null, HowToGetThem);
        string path = Path.Combine(Root.Value!, folder); // Checked by the line above.
        return Directory.Exists(path)
            ? [.. Directory.EnumerateFiles(path, kind + "*").Where(IsJson).Order(StringComparer.Ordinal)]
            : [];
    }

    private static bool IsJson(string path) =>
        path.EndsWith(".json", StringComparison.Ordinal) || path.EndsWith(".json.gz", StringComparison.Ordinal);

    private static JsonDocument Read(string path)
    {
        using FileStream file = File.OpenRead(path);
        if (!path.EndsWith(".gz", StringComparison.Ordinal))
            return JsonDocument.Parse(file);
        using var content = new GZipStream(file, CompressionMode.Decompress);
        return JsonDocument.Parse(content);
    }

    private static string? FindRoot()
    {
        string? named = Environment.GetEnvironmentVariable(FolderVariable);
        if (!string.IsNullOrEmpty(named))
            return Directory.Exists(named) ? named : null;
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Parley.slnx")))
            folder = folder.Parent;
        if (folder?.Parent is null)
            return null;
        string beside = Path.Combine(folder.Parent.FullName, "shared", "vectors");
        return Directory.Exists(beside) ? beside : null;
    }
}

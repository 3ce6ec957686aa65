namespace Parley.Mls.Tests.Vectors;

/// <summary>Which kinds of vector files are run. A file of another kind is named in the report and skipped.</summary>
public sealed class VectorKindTests
{
    private static readonly string[] Kinds =
    [
        "crypto-basics", "deserialization", "key-schedule", "message-protection", "messages", "passive-client", "psk_secret", "secret-tree",
        "transcript-hashes", "tree-math", "tree-operations", "tree-validation", "treekem", "welcome",
    ];

    [Fact]
    public void No_file_of_an_unknown_kind_is_passed_over_in_silence()
    {
        Assert.Contains("treekem.json", VectorFiles.OfOtherKinds("mls", [.. Kinds.Where(static kind => kind != "treekem")]));
        IReadOnlyList<string> unknown = VectorFiles.OfOtherKinds("mls", Kinds);
        foreach (string file in unknown)
            VectorFiles.Report($"{file}: not run, all cases skipped (no test knows this kind)");
        Assert.SkipWhen(unknown.Count > 0, $"No test knows the kind of {string.Join(", ", unknown)}.");
    }
}

using System.Text.RegularExpressions;

namespace Repository.Tests;

/// <summary>A folder is a feature, a file is named after its type, and a namespace is its folder.</summary>
public sealed partial class NameTests
{
    /// <summary>Words that say what kind of thing a file holds and nothing about what it does.</summary>
    private static readonly string[] RefusedWords = ["Helper", "Helpers", "Util", "Utils", "Utility", "Utilities", "Common", "Manager", "Misc", "Interfaces", "Models"];

    private static readonly Rule NamesSayWhat = files => files
        .Where(file => file.Is(".cs", ".csproj", ".js", ".css", ".proto"))
        .SelectMany(file => Word().Matches(file.Path).Select(word => word.Value).Intersect(RefusedWords).Select(word => file.At(0, $"has '{word}' in its path")));

    private static readonly Rule NamespacesAreFolders = files => files
        .Where(file => file.Is(".cs"))
        .SelectMany(file => Namespace().Matches(file.Text)
            .Where(match => match.Groups[1].Value != ExpectedNamespace(file))
            .Select(match => file.At(0, $"has the namespace {match.Groups[1].Value}; its folder says {ExpectedNamespace(file)}")));

    [Fact]
    public void Names_say_what_a_file_is_about() => NamesSayWhat.IsKept();

    [Theory]
    [InlineData("src/Parley.Client/Utils/Outbox.cs")]
    [InlineData("src/Parley.Client/Outbox/OutboxHelper.cs")]
    [InlineData("src/Parley.Common/Outbox.cs")]
    public void A_name_that_says_nothing_is_found(string path) => NamesSayWhat.Finds(path, new RepositoryFile(path, ""));

    [Fact]
    public void A_refused_word_inside_another_word_is_no_finding() => NamesSayWhat.IsKeptBy(new RepositoryFile("src/Parley.Client/Remodels/Uncommon.cs", ""));

    [Fact]
    public void Namespaces_equal_folders() => NamespacesAreFolders.IsKept();

    [Fact]
    public void A_namespace_that_is_not_its_folder_is_found()
    {
        NamespacesAreFolders.IsKeptBy(new RepositoryFile("src/Parley.Client/Outbox/Queue.cs", "namespace Parley.Client.Outbox;\n"));
        NamespacesAreFolders.Finds("src/Parley.Client/Outbox/Queue.cs", new RepositoryFile("src/Parley.Client/Outbox/Queue.cs", "namespace Parley.Client;\n"));
    }

    /// <summary>The path below <c>src</c>, <c>tests</c>, <c>benchmarks</c> or <c>build</c>.</summary>
    private static string ExpectedNamespace(RepositoryFile file) => file.Folder[(file.Folder.IndexOf('/') + 1)..].Replace('/', '.');

    [GeneratedRegex("[A-Z][a-z0-9]*")]
    private static partial Regex Word();

    [GeneratedRegex(@"^namespace ([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex Namespace();
}
